/* SPDX-License-Identifier: ISC
 *
 * rebuild.c - makes the links of a damaged segment anew from its records
 *
 * Takes for true what a record says of itself: its name, its counter, its line and its ticket.
 * Makes anew all that links records: buckets and chains, lines in the order of the tickets, free
 * lists.
 *
 * Crash: the next owner of the lock begins again, with the same result.  Nothing is read here that
 * is also written here, except what a second run writes again.
 */
#include "shm/names/rebuild.h"

#include <stdlib.h>

#include "shm/names/directory.h"
#include "shm/names/line.h"
#include "shm/names/place.h"

/* A place that stands in line, to be sorted. */
struct member {
	uint64_t ticket;
	uint32_t place;
};

static int
by_ticket(const void *a, const void *b)
{
	uint64_t x = ((const struct member *)a)->ticket, y = ((const struct member *)b)->ticket;

	return (x > y) - (x < y);
}

/* It stands in the line of a completion that exists, or is a producer of it.  A dead producer
 * counts, because producer_reap() is to find it. */
static bool
is_member(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);
	uint32_t line = get(&p->line), lead = get(&p->lead);

	return line >= 1 && line <= s->completions && lead >= 1 && lead <= s->places &&
	       get(&completion_at(s, line)->flags) != 0 &&
	       (get(&p->flags) & PLACE_PRODUCER || line_lead(s, place) != 0);
}

/* Ends a living wait of which not all places can be linked. */
static void
tell(struct session *s, uint32_t place)
{
	uint32_t lead = get(&place_at(s, place)->lead), waiting = STATE_WAITING;

	if (lead == 0 || lead > s->places || line_lead(s, place) == 0)
		return;
	__atomic_compare_exchange_n(&place_at(s, lead)->state, &waiting, STATE_LOST, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void
free_place(struct session *s, uint32_t place)
{
	uint32_t tail = get(&s->h->places_free_tail);
	struct place *p = place_at(s, place);

	put(&p->line, 0);
	put(&p->prev, 0);
	put(&p->next, 0);
	put(tail == 0 ? &s->h->places_free : &place_at(s, tail)->next, place);
	put(&s->h->places_free_tail, place);
}

static void
append(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);
	struct queue *q = queue_of(s, place);
	uint32_t tail = get(&q->tail);
	put(&p->prev, tail);
	put(&p->next, 0);
	put(tail == 0 ? &q->head : &place_at(s, tail)->next, place);
	put(&q->tail, place);
}

/* Puts all members into the array, and frees all other places.  Returns how many members there
 * are. */
static size_t
collect(struct session *s, struct member *members)
{
	size_t count = 0;

	put(&s->h->places_free, 0);
	put(&s->h->places_free_tail, 0);
	for (uint32_t i = 1; i <= s->places; i++) {
		if (is_member(s, i)) {
			members[count++] = (struct member){ place_at(s, i)->ticket, i };
			continue;
		}
		if (place_is_alive(place_at(s, i)))
			tell(s, i);
		free_place(s, i);
	}
	return count;
}

/* Wakes every waiter, to look again. */
static void
wake_all(struct session *s)
{
	for (uint32_t i = 1; i <= s->places; i++)
		if (place_is_alive(place_at(s, i)))
			line_poke(s, i);
}

void
rebuild(struct session *s)
{
	struct member *members = malloc(((size_t)s->places + 1) * sizeof(*members));
	size_t count;

	if (members == NULL) {
		session_note_damage(s);
		return;
	}
	directory_rebuild(s);
	count = collect(s, members);
	qsort(members, count, sizeof(*members), by_ticket);
	for (size_t i = 0; i < count; i++)
		append(s, members[i].place);
	free(members);
	wake_all(s);
}
