/* SPDX-License-Identifier: ISC
 *
 * inside - for tests that look at, or write into, the bytes of a segment
 */
#ifndef INSIDE_H
#define INSIDE_H

#include "tap.h"

#include "api/clock.h"
#include "shm/names/directory.h"
#include "shm/segment/log.h"
#include "shm/names/repair.h"

/* A session that holds the lock. */
static inline bool
enter(struct session *s)
{
	return session_begin(s, space(), NULL) == COMPL_OK &&
	       repair_enter(s, CLOCK_NEVER) == COMPL_OK;
}

static inline struct layout_header *
header(void)
{
	return space()->header;
}

/* How many records a look-up of this name visits; 0: it is not there. */
static inline unsigned
look_up_cost(struct session *s, const char *name)
{
	uint32_t wanted = directory_find(s, name), index;
	unsigned steps = 1;

	if (!wanted)
		return 0;
	index = get(bucket_at(s, completion_at(s, wanted)->hash));
	for (; index != wanted; steps++)
		index = get(&completion_at(s, index)->chain);
	return steps;
}

/* Places on the free queue. */
static inline uint32_t
free_places(struct session *s)
{
	uint32_t count = 0, index;

	for (index = get(&s->h->places_free); index && count <= s->places; count++)
		index = get(&place_at(s, index)->next);
	return count;
}

/* Completions on the free list. */
static inline uint32_t
free_completions(struct session *s)
{
	uint32_t count = 0, index;

	for (index = get(&s->h->completions_free); index && count <= s->completions; count++)
		index = get(&completion_at(s, index)->chain);
	return count;
}

#endif
