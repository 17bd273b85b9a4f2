/* SPDX-License-Identifier: ISC
 *
 * verdict.h - whether all adds up after a kill
 *
 *   conservation		posted = taken + left, where each post or wait of a victim
 *			happened wholly or not at all
 *   no lost wake-up	no process sleeps whose wait can be granted
 *   order			no waiter was passed over
 *   no watchdog		and no watchdog had to find a lost wake-up
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "fixture.h"

/* What is left, seen from outside. */
struct remains {
	struct compl_listing *list;
	const struct compl_entry *entry[NAMES]; /* or NULL */
	int64_t left[NAMES];
	uint32_t lost_wakeups;
	unsigned moved; /* victims whose work is seen to have been done, as bits */
	char trouble[200];
};

/* Notes what is wrong; returns false. */
bool verdict_fail(struct remains *r, const char *format, ...);

/* Whether a name is at "all". */
bool verdict_is_all(const struct remains *r, unsigned n);

/* Whether n is at "all", or ready. */
bool verdict_is_open(const struct remains *r, unsigned n);

/* The verdict on what is there, after all processes have come to rest; false: r->trouble says why.
 * The caller frees the list of r. */
bool verdict(struct remains *r, struct fixture *f);

#endif
