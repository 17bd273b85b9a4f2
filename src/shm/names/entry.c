/* SPDX-License-Identifier: ISC
 *
 * entry.c - hands entries out and takes them back, and knows which may be used again
 *
 * Reuse is the danger.  A sleeper has read "TID 7 owns this beacon".  Before it is asleep, thread 7
 * leaves, comes back, and gets the same entry: the sleeper would wait for a waiter that comes after
 * it.  Flags or counts do not help, because the thread that should clear them may die.  So it is
 * derived, never stored, whether an entry may be used again: its beacon has no owner, and no living
 * entry is recorded to watch it.  Of several watchers only the latest can be alive.
 */
#include "shm/names/entry.h"

#include "shm/segment/log.h"
#include "shm/segment/pages.h"

#define ROTATE 16 /* busy entries passed over before a new one is used */

bool
entry_is_alive(const struct entry *e)
{
	return robust_owner(robust_load(&e->beacon)) != 0;
}

bool
entry_is_watched(struct session *s, const struct entry *e)
{
	uint32_t watcher = get(&e->watcher);
	const struct entry *w;

	if (watcher == 0 || watcher > s->entries)
		return false;
	w = entry_at(s, watcher);
	return entry_is_alive(w) && get(&w->watch) == offset_of(s, &e->beacon);
}

static bool
is_reusable(struct session *s, const struct entry *e)
{
	return !entry_is_alive(e) && !entry_is_watched(s, e);
}

void
entry_log_free(struct session *s, uint32_t entry)
{
	uint32_t tail = get(&s->h->entries_free_tail);

	log_put(s, &entry_at(s, entry)->next, 0);
	log_put(s, tail == 0 ? &s->h->entries_free : &entry_at(s, tail)->next, entry);
	log_put(s, &s->h->entries_free_tail, entry);
}

/* From the head of the queue to its tail; there are at least two. */
static void
rotate(struct session *s, uint32_t first)
{
	log_put(s, &s->h->entries_free, get(&entry_at(s, first)->next));
	entry_log_free(s, first);
	log_commit(s);
}

/* Moves at most limit entries that may not be used from the head of the queue to its tail.  Returns
 * the head if it may be used then, or 0. */
static uint32_t
rotate_to_usable(struct session *s, uint32_t limit)
{
	for (;;) {
		uint32_t first = get(&s->h->entries_free);

		if (first == 0 || s->damaged)
			return 0;
		if (is_reusable(s, entry_at(s, first)))
			return first;
		if (limit-- == 0 || first == get(&s->h->entries_free_tail))
			return 0;
		rotate(s, first);
	}
}

/* An entry never used before; its page, and that of its value, must be paid for. */
static enum compl_result
make_new(struct session *s, uint32_t *index)
{
	uint32_t next = s->entries + 1;
	enum compl_result result;

	if (next > LAYOUT_ENTRIES)
		return COMPL_E_FULL_WAITERS;
	result = pages_reserve_record(s->c, PAGES_ENTRIES, next);
	if (result == COMPL_OK)
		*index = s->entries = next;
	return result;
}

enum compl_result
entry_obtain(struct session *s, uint32_t *index)
{
	*index = rotate_to_usable(s, ROTATE);
	if (*index != 0 || s->damaged)
		return COMPL_OK;
	return make_new(s, index);
}

uint32_t
entry_obtain_any(struct session *s)
{
	return rotate_to_usable(s, LAYOUT_ENTRIES);
}

void
entry_log_use(struct session *s, uint32_t entry)
{
	uint32_t next = get(&entry_at(s, entry)->next);

	if (entry != get(&s->h->entries_free)) {
		log_put(s, &s->h->entries_made, entry);
		return;
	}
	log_put(s, &s->h->entries_free, next);
	if (next == 0)
		log_put(s, &s->h->entries_free_tail, 0);
}
