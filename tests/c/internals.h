/* SPDX-License-Identifier: ISC
 *
 * internals.h - for tests that read or write the bytes of a segment
 */
#ifndef INTERNALS_H
#define INTERNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/clock.h"
#include "shm/names/hashtable.h"
#include "shm/names/segment_lock.h"
#include "shm/segment/log.h"
#include "tap.h"

/* Begins a session that holds the lock. */
bool internals_lock(struct session *s);

/* The header of the segment, in the mapping of the test's own handle. */
struct layout_header *internals_header(void);

/* How many records a look-up of this name visits; 0: it is not there. */
unsigned internals_look_up_cost(struct session *s, const char *name);

/* The number of entries on the free queue. */
uint32_t internals_free_entries(struct session *s);

/* The number of completions on the free list. */
uint32_t internals_free_completions(struct session *s);

#endif
