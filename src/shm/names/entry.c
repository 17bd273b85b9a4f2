/* SPDX-License-Identifier: ISC
 *
 * entry.c - hands entries out and takes them back, and knows which may be used again
 *
 * An entry may be used again if its beacon has no owner and is not ROBUST_LEFT, and no living entry
 * is recorded to watch it.  entry.watcher records only those that watch the beacon by
 * waitqueue_watch(), and of these only the latest: the earlier ones are dead then, or watch
 * something else (find_target()).  Those that watch the beacon by watch_beacon() (watch.c) are not
 * recorded, and need not be: they also sleep on a word of their own, and hand on each wake that the
 * beacon gives them.
 *
 * An entry that is used again too early would make a sleeper wait for the wrong waiter.  The
 * sleeper has read "TID 7 owns this beacon".  Before it is asleep, thread 7 leaves, comes back, and
 * gets the same entry.  The sleeper would then wait for a waiter that comes after it.
 *
 * Flags or counts do not help, because the thread that should clear them may die.  So whether an
 * entry may be used again is derived, never stored.
 *
 * The owner of a beacon may be dead, and the kernel has not reported it (participant.h).  The calls
 * that could wait for such an owner ask about it, and report its death (entry_report()).
 */
#include "shm/names/entry.h"

#include "shm/os/participant.h"
#include "shm/segment/log.h"
#include "shm/segment/pages.h"

#define ROTATE 16 /* how many entries to pass over before a new one is used */

bool
entry_is_alive(const struct entry *e)
{
	return robust_owner(robust_load(&e->beacon)) != 0;
}

bool
entry_may_be_unreported(const struct session *s, const struct entry *e)
{
	return !(get(&e->flags) & ENTRY_REPORTED) && robust_mixed(&s->thread) == 0;
}

/* The thread id may be our own.  With a list of our own we know what we own.  With libc's list we
 * know it only of this call, and look whether we have begun after the entry. */
bool
entry_is_unreported(const struct session *s, const struct entry *e)
{
	uint32_t owner = robust_owner(robust_load(&e->beacon));

	if (owner == 0 || robust_mixed(&s->thread) != 0 || robust_holds(&s->thread, &e->beacon))
		return false;
	if (owner == s->thread.tid && s->thread.private != NULL)
		return true;
	return participant_is_gone(owner, s->c->name) ||
	       (s->thorough && participant_is_another(owner, e->since_ns));
}

/* Locking: nobody takes a beacon without the lock.  So if its owner is dead now, the beacon does
 * not get another owner between the question and the answer. */
bool
entry_report(struct session *s, struct entry *e)
{
	uint32_t seen = robust_load(&e->beacon);

	return entry_is_unreported(s, e) && robust_release_dead(&s->thread, &e->beacon, seen);
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
	uint32_t beacon = robust_load(&e->beacon);

	return robust_owner(beacon) == 0 && beacon != ROBUST_LEFT && !entry_is_watched(s, e);
}

void
entry_log_free(struct session *s, uint32_t entry)
{
	uint32_t tail = get(&s->h->entries_free_tail);

	log_put(s, &entry_at(s, entry)->next, 0);
	log_put(s, tail == 0 ? &s->h->entries_free : &entry_at(s, tail)->next, entry);
	log_put(s, &s->h->entries_free_tail, entry);
}

/* Moves the head of the free queue to its tail.  The queue has at least two entries. */
static void
rotate(struct session *s, uint32_t first)
{
	log_put(s, &s->h->entries_free, get(&entry_at(s, first)->next));
	entry_log_free(s, first);
	log_commit(s);
}

/* Moves entries that may not be used yet from the head of the free queue to its tail, at most
 * `limit` of them.  Returns the head if it may be used then, or 0. */
static uint32_t
rotate_to_usable(struct session *s, uint32_t limit)
{
	bool is_last_resort = limit > ROTATE;

	for (;;) {
		uint32_t first = get(&s->h->entries_free);

		if (first == 0 || s->damaged)
			return 0;
		if (is_reusable(s, entry_at(s, first)))
			return first;
		if (is_last_resort && entry_report(s, entry_at(s, first)))
			continue;
		if (limit-- == 0 || first == get(&s->h->entries_free_tail))
			return 0;
		rotate(s, first);
	}
}

/* Obtains an entry that was never used before, and reserves its page and that of its value. */
static enum compl_result
make_new(struct session *s, uint32_t *index)
{
	enum compl_result result = pages_reserve_next(s->c, PAGES_ENTRIES, s->entries);

	if (result == COMPL_OK)
		*index = ++s->entries;
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
