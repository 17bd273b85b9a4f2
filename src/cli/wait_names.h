/* SPDX-License-Identifier: ISC
 *
 * wait_names.h - which names each wait of a listing is for
 */
#ifndef CLI_WAIT_NAMES_H
#define CLI_WAIT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compl.h"

struct wait_name {
	uint64_t wait;
	uint32_t place;
	const char *name;
};

/* Finds the names of all waits of a listing, which has to live as long.  False: no memory.  The
 * next call forgets what this one has found. */
bool wait_names_collect(const struct compl_listing *list);

/* Returns the names of a wait, in their order, and sets *count. */
const struct wait_name *wait_names_of(uint64_t wait, size_t *count);

#endif
