/* SPDX-License-Identifier: ISC
 *
 * queue.c - links and unlinks the entries of one queue
 *
 * Invariant: the entries of a queue are doubly linked in the order in which they came.  No entry is
 * in two queues, or in a queue and on the free queue.  Each change is one transaction, so the next
 * owner of the lock finds this true even after a death.
 */
#include "shm/names/queue.h"

#include "shm/names/entry.h"
#include "shm/segment/log.h"

struct queue *
queue_of(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	struct completion *n = completion_at(s, get(&e->completion));

	if (get(&e->flags) & ENTRY_PRODUCER)
		return &n->producers;
	return get(&e->flags) & ENTRY_BORROWER ? &n->borrowers : &n->waiters;
}

void
queue_log_append(struct session *s, struct queue *q, uint32_t completion, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t tail = get(&q->tail);

	entry_log_use(s, entry);
	log_put(s, &e->completion, completion);
	log_put(s, &e->prev, tail);
	log_put(s, &e->next, 0);
	log_put(s, tail == 0 ? &q->head : &entry_at(s, tail)->next, entry);
	log_put(s, &q->tail, entry);
}

/* Links the neighbours of an entry to each other. */
static void
log_bypass(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	struct queue *q = queue_of(s, entry);
	uint32_t prev = get(&e->prev), next = get(&e->next);

	log_put(s, prev == 0 ? &q->head : &entry_at(s, prev)->next, next);
	log_put(s, next == 0 ? &q->tail : &entry_at(s, next)->prev, prev);
}

void
queue_log_move(struct session *s, struct queue *to, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t tail = get(&to->tail);

	log_bypass(s, entry);
	log_put(s, &e->prev, tail);
	log_put(s, &e->next, 0);
	log_put(s, tail == 0 ? &to->head : &entry_at(s, tail)->next, entry);
	log_put(s, &to->tail, entry);
}

void
queue_log_remove(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	log_bypass(s, entry);
	log_put(s, &e->completion, 0);
	log_put(s, &e->prev, 0);
	entry_log_free(s, entry);
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
	uint32_t entry = walk->next;

	if (entry == 0 || s->damaged)
		return 0;
	if (walk->steps++ > s->entries ||
	    get(&entry_at(s, entry)->completion) != walk->completion) {
		session_note_damage(s); /* a ring, or an entry of another completion */
		return 0;
	}
	walk->next = get(&entry_at(s, entry)->next);
	return entry;
}

size_t
queue_length(struct queue_walk walk)
{
	size_t length = 0;

	while (queue_next(&walk) != 0)
		length++;
	return length;
}
