/* SPDX-License-Identifier: ISC
 *
 * internals.c - takes the lock, and counts records
 */
#include "internals.h"

bool
internals_lock(struct session *s)
{
	return session_begin(s, space(), NULL) == COMPL_OK &&
	       segment_lock(s, CLOCK_NEVER) == COMPL_OK;
}

struct layout_header *
internals_header(void)
{
	return space()->header;
}

unsigned
internals_look_up_cost(struct session *s, const char *name)
{
	uint32_t wanted = hashtable_find(s, name), index;
	unsigned steps = 1;

	if (!wanted)
		return 0;
	index = get(bucket_at(s, completion_at(s, wanted)->hash));
	for (; index != wanted; steps++)
		index = get(&completion_at(s, index)->chain);
	return steps;
}

uint32_t
internals_free_entries(struct session *s)
{
	uint32_t count = 0, index;

	for (index = get(&s->h->entries_free); index && count <= s->entries; count++)
		index = get(&entry_at(s, index)->next);
	return count;
}

uint32_t
internals_free_completions(struct session *s)
{
	uint32_t count = 0, index;

	for (index = get(&s->h->completions_free); index && count <= s->completions; count++)
		index = get(&completion_at(s, index)->chain);
	return count;
}
