/* SPDX-License-Identifier: ISC
 *
 * place.c - hands places out and takes them back, and knows which may be used again
 *
 * Reuse is the danger.  A sleeper has read "TID 7 owns this beacon".  Before it is asleep, thread 7
 * leaves, comes back, and gets the same place: the sleeper would wait for a waiter that comes after
 * it.  Flags or counts do not help, because the thread that should clear them may die.  So it is
 * derived, never stored, whether a place may be used again: its beacon has no owner, and no living
 * place is recorded to watch it.  Of several watchers only the latest can be alive.
 */
#include "shm/names/place.h"

#include "shm/segment/log.h"
#include "shm/segment/pages.h"

#define ROTATE 16 /* busy places passed over before a new one is used */

bool
place_is_alive(const struct place *p)
{
	return robust_owner(robust_load(&p->beacon)) != 0;
}

bool
place_is_watched(struct session *s, const struct place *p)
{
	uint32_t watcher = get(&p->watcher);
	const struct place *w;

	if (watcher == 0 || watcher > s->places)
		return false;
	w = place_at(s, watcher);
	return place_is_alive(w) && get(&w->watch) == offset_of(s, &p->beacon);
}

static bool
is_reusable(struct session *s, const struct place *p)
{
	return !place_is_alive(p) && !place_is_watched(s, p);
}

void
place_log_free(struct session *s, uint32_t place)
{
	uint32_t tail = get(&s->h->places_free_tail);

	log_put(s, &place_at(s, place)->next, 0);
	log_put(s, tail == 0 ? &s->h->places_free : &place_at(s, tail)->next, place);
	log_put(s, &s->h->places_free_tail, place);
}

/* From the head of the queue to its tail; there are at least two. */
static void
rotate(struct session *s, uint32_t first)
{
	log_put(s, &s->h->places_free, get(&place_at(s, first)->next));
	place_log_free(s, first);
	log_commit(s);
}

/* Moves at most limit places that may not be used from the head of the queue to its tail.  Returns
 * the head if it may be used then, or 0. */
static uint32_t
rotate_to_usable(struct session *s, uint32_t limit)
{
	for (;;) {
		uint32_t first = get(&s->h->places_free);

		if (first == 0 || s->damaged)
			return 0;
		if (is_reusable(s, place_at(s, first)))
			return first;
		if (limit-- == 0 || first == get(&s->h->places_free_tail))
			return 0;
		rotate(s, first);
	}
}

/* A place never used before; its page, and that of its value, must be paid for. */
static enum compl_result
make_new(struct session *s, uint32_t *index)
{
	uint32_t next = s->places + 1;
	enum compl_result result;

	if (next > LAYOUT_PLACES)
		return COMPL_E_FULL_WAITERS;
	result = pages_reserve_record(s->c, PAGES_PLACES, next);
	if (result == COMPL_OK)
		*index = s->places = next;
	return result;
}

enum compl_result
place_obtain(struct session *s, uint32_t *index)
{
	*index = rotate_to_usable(s, ROTATE);
	if (*index != 0 || s->damaged)
		return COMPL_OK;
	return make_new(s, index);
}

uint32_t
place_obtain_any(struct session *s)
{
	return rotate_to_usable(s, LAYOUT_PLACES);
}

void
place_log_use(struct session *s, uint32_t place)
{
	uint32_t next = get(&place_at(s, place)->next);

	if (place != get(&s->h->places_free)) {
		log_put(s, &s->h->places_made, place);
		return;
	}
	log_put(s, &s->h->places_free, next);
	if (next == 0)
		log_put(s, &s->h->places_free_tail, 0);
}
