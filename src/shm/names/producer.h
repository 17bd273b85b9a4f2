/* SPDX-License-Identifier: ISC
 *
 * producer.h - who has promised to complete a completion
 *
 * A producer owns a beacon, as a waiter does, in an entry among the producers of the name.  Waiters
 * of the name sleep on these beacons too, and the kernel wakes one of them when a producer dies.
 * The calls reap a name (producer_reap()) before they look at it: the death of a producer ends all
 * waits, and stays visible to those that come later.
 *
 * All calls: under the lock.
 */
#ifndef PRODUCER_H
#define PRODUCER_H

#include "shm/names/queue.h"
#include "shm/segment/session.h"

/* Unlinks all dead producers.  If there was one, and the name is not at "all": brings it there, and
 * ends its waits with COMPL_PRODUCER_DIED. */
void producer_reap_all(struct session *s, uint32_t completion);

static inline void
producer_reap(struct session *s, uint32_t completion)
{
	if (get(&completion_at(s, completion)->producers.head) != 0)
		producer_reap_all(s, completion);
}

/* How many producers are alive. */
size_t producer_count(struct session *s, uint32_t completion);

struct queue_walk producer_walk(struct session *s, uint32_t completion);

/* Before a commit that makes the producers count: some who sleep look again after it, and so
 * watch them. */
void producer_announce(struct session *s, uint32_t completion);

/* Registers the calling thread; a completion at "all" starts anew unless another producer of it
 * lives.  how as for waitqueue_own_entry().  COMPL_E_FULL_PRODUCERS and what that may return. */
enum compl_result producer_join(struct session *s, uint32_t completion, const struct entry *how,
				uint32_t *entry);

/* The completion that an entry produces, or 0 if it has been removed. */
uint32_t producer_of(struct session *s, uint32_t entry, uint64_t ticket);

/* Not any more, without having posted: as if it had died. */
void producer_leave(struct session *s, uint32_t entry);

#endif
