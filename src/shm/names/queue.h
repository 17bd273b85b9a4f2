/* SPDX-License-Identifier: ISC
 *
 * queue.h - a queue of entries: the waiters of a completion, or its producers
 *
 * Locking: all calls are made under the lock.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "shm/segment/session.h"

/* Returns the queue that a linked entry is in, as its own record says. */
struct queue *queue_of(struct session *s, uint32_t entry);

/* Put into the transaction under way: an entry that was obtained (entry.h) is in use, at the end of
 * a queue of a completion; a linked entry is unlinked and free. */
void queue_log_append(struct session *s, struct queue *q, uint32_t completion, uint32_t entry);
void queue_log_remove(struct session *s, uint32_t entry);

/* Puts into the transaction under way: a linked entry moves to the end of another queue of the same
 * completion. */
void queue_log_move(struct session *s, struct queue *to, uint32_t entry);

/* Walks along all linked entries, from the head on:
 *
 *	for (struct queue_walk w = queue_walk(s, q, completion); (entry = queue_next(&w)) != 0;)
 *
 * Between two calls the entry that was returned may be removed, but no other.  The walk ends, and
 * marks the session as damaged, at an entry that names another completion, and in a ring. */
struct queue_walk {
	struct session *s;
	uint32_t completion, next, steps;
};
struct queue_walk queue_walk(struct session *s, const struct queue *q, uint32_t completion);
uint32_t queue_next(struct queue_walk *walk);

/* Returns how many entries a walk has still to return. */
size_t queue_length(struct queue_walk walk);

#endif
