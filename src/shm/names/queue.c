/* SPDX-License-Identifier: ISC
 *
 * queue.c - links and unlinks the places of one queue
 *
 * Invariant: the places of a queue are doubly linked in the order of their coming, and no
 * place is in two queues, or in a queue and on the free queue.  Every change of that is one
 * transaction, so it holds for whoever comes after a death.
 */
#include "shm/names/queue.h"

#include "shm/segment/log.h"
#include "shm/names/place.h"

struct queue *
queue_of(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);
	struct completion *n = completion_at(s, get(&p->line));

	return get(&p->flags) & PLACE_PRODUCER ? &n->producers : &n->line;
}

void
queue_log_append(struct session *s, struct queue *q, uint32_t completion, uint32_t place)
{
	struct place *p = place_at(s, place);
	uint32_t tail = get(&q->tail);

	place_log_use(s, place);
	log_put(s, &p->line, completion);
	log_put(s, &p->prev, tail);
	log_put(s, &p->next, 0);
	log_put(s, tail == 0 ? &q->head : &place_at(s, tail)->next, place);
	log_put(s, &q->tail, place);
}

void
queue_log_remove(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);
	struct queue *q = queue_of(s, place);
	uint32_t prev = get(&p->prev), next = get(&p->next);

	log_put(s, prev == 0 ? &q->head : &place_at(s, prev)->next, next);
	log_put(s, next == 0 ? &q->tail : &place_at(s, next)->prev, prev);
	log_put(s, &p->line, 0);
	log_put(s, &p->prev, 0);
	place_log_free(s, place);
}

struct queue_walk
queue_walk(struct session *s, const struct queue *q, uint32_t completion)
{
	return (struct queue_walk){ .s = s, .completion = completion, .next = get(&q->head) };
}

uint32_t
queue_next(struct queue_walk *walk)
{
	struct session *s = walk->s;
	uint32_t place = walk->next;

	if (place == 0 || s->damaged)
		return 0;
	if (walk->steps++ > s->places || get(&place_at(s, place)->line) != walk->completion) {
		session_note_damage(s); /* a ring, or another's */
		return 0;
	}
	walk->next = get(&place_at(s, place)->next);
	return place;
}

size_t
queue_length(struct queue_walk walk)
{
	size_t length = 0;

	while (queue_next(&walk) != 0)
		length++;
	return length;
}
