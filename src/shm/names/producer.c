/* SPDX-License-Identifier: ISC
 *
 * producer.c - registers producers, and reaps the dead ones
 *
 * Invariant: a wait that is first in line of a name which is not at "all", and sleeps, sleeps
 * on the beacons of all living producers of that name too, or on a word that has changed.
 * Therefore a call that adds to the producers that count (a registration, a reinit of a name at
 * "all") first wakes the first in line, and every wait for several names, because that may become
 * the first here while it sleeps on the word of another line.  A call that takes a producer away
 * need not wake anybody: a waiter that still sleeps on its beacon is woken once too often at the
 * most.
 *
 * Crash: the "all" and the job are committed first, and the dead are unlinked after that.  The
 * next owner of the lock finds them dead again, and the name at "all".
 */
#include "shm/names/producer.h"

#include "shm/names/completion.h"
#include "shm/names/line.h"
#include "shm/segment/log.h"
#include "shm/names/place.h"
#include "shm/names/post.h"

struct queue_walk
producer_walk(struct session *s, uint32_t completion)
{
	return queue_walk(s, &completion_at(s, completion)->producers, completion);
}

/* The first whose beacon has no owner, or 0. */
static uint32_t
find_dead(struct session *s, uint32_t completion)
{
	uint32_t place;

	for (struct queue_walk walk = producer_walk(s, completion);
	     (place = queue_next(&walk)) != 0;)
		if (!place_is_alive(place_at(s, place)))
			return place;
	return 0;
}

static void
unlink_one(struct session *s, uint32_t place)
{
	queue_log_remove(s, place);
	log_commit(s);
}

void
producer_reap_all(struct session *s, uint32_t completion)
{
	uint32_t place = find_dead(s, completion);

	if (place == 0)
		return;
	if (get(&completion_at(s, completion)->done) != COMPL_ALL)
		post_producer_died(s, completion);
	for (; place != 0 && !s->damaged; place = find_dead(s, completion))
		unlink_one(s, place);
}

size_t
producer_count(struct session *s, uint32_t completion)
{
	size_t count = 0;
	uint32_t place;

	for (struct queue_walk walk = producer_walk(s, completion);
	     (place = queue_next(&walk)) != 0;)
		count += place_is_alive(place_at(s, place));
	return count;
}

/* How many waiters in line are woken to watch a producer, besides those that have to; see
 * watch.c. */
#define WITNESSES 4

static bool
is_of_several(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);

	return get(&p->lead) != place || get(&p->sibling) != 0;
}

/* Ordering: they are woken before the commit, and get the lock after it. */
void
producer_announce(struct session *s, uint32_t completion)
{
	unsigned roused = 0;
	uint32_t place;

	for (struct queue_walk walk = line_walk(s, completion); (place = queue_next(&walk)) != 0;)
		if (line_lead(s, place) != 0 && (is_of_several(s, place) || roused < WITNESSES)) {
			line_poke(s, place);
			roused++;
		}
}

enum compl_result
producer_join(struct session *s, uint32_t completion, const struct place *how, uint32_t *place)
{
	size_t others = producer_count(s, completion);
	enum compl_result result;

	if (others >= COMPL_PRODUCERS_MAX)
		return COMPL_E_FULL_PRODUCERS;
	producer_reap(s, completion); /* one may have died since; the new start forgets the death */
	if ((result = line_own_place(s, how, place)) != COMPL_OK)
		return result;
	producer_announce(s, completion);
	if (others == 0)
		completion_log_anew(s, completion);
	queue_log_append(s, &completion_at(s, completion)->producers, completion, *place);
	if (log_commit(s))
		return COMPL_OK;
	robust_release(&s->thread, &place_at(s, *place)->beacon);
	return COMPL_E_DAMAGED;
}

uint32_t
producer_of(struct session *s, uint32_t place, uint64_t ticket)
{
	struct place *p = place_at(s, place);

	return p->ticket == ticket && get(&p->flags) & PLACE_PRODUCER ? get(&p->line) : 0;
}

void
producer_leave(struct session *s, uint32_t place)
{
	uint32_t completion = get(&place_at(s, place)->line);

	if (get(&completion_at(s, completion)->done) != COMPL_ALL)
		post_producer_died(s, completion);
	unlink_one(s, place);
}
