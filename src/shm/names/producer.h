/* SPDX-License-Identifier: ISC
 *
 * producer.h - the threads that have promised to complete a completion
 *
 * A producer owns a beacon, as a waiter does, but its entry is in the completion's queue of
 * producers.  Waiters sleep on these beacons too, and the kernel wakes one of them when a producer
 * dies.  Each call reaps the producers of a name (producer_reap()) before it looks at the name.  So
 * the death of a producer ends all waits, and later calls see it too.
 *
 * Locking: all calls are made under the lock.
 */
#ifndef PRODUCER_H
#define PRODUCER_H

#include "shm/names/queue.h"
#include "shm/segment/session.h"

/* Unlinks all dead producers.  If one of them was ready, its readiness ends (post_ready_end()).  If
 * one was not, and the completion is not open, first brings it to "all" and ends its waits with
 * COMPL_PRODUCER_DIED. */
void producer_reap_all(struct session *s, uint32_t completion);

/* Does what producer_reap_all() does, but saves the call if there is no producer. */
static inline void
producer_reap(struct session *s, uint32_t completion)
{
	if (get(&completion_at(s, completion)->producers.head) != 0)
		producer_reap_all(s, completion);
}

/* Returns how many producers are alive. */
size_t producer_count(struct session *s, uint32_t completion);

/* Begins a walk along all linked producers, also the dead ones. */
struct queue_walk producer_walk(struct session *s, uint32_t completion);

/* Wakes waiters, which look again after the next commit and watch the producers then.  Call this
 * before a commit after which the death of a producer ends waits. */
void producer_announce(struct session *s, uint32_t completion);

/* Registers the calling thread as a producer.  Unless another producer of it lives, a completion
 * starts anew (completion_log_anew()); anew: even if it is neither at "all" nor failed.  how: as
 * for waitqueue_own_entry().  Fails with COMPL_E_FULL_PRODUCERS, as waitqueue_own_entry() does, or,
 * if another program has unlinked the segment, with COMPL_E_NO_NAMESPACE. */
enum compl_result producer_join(struct session *s, uint32_t completion, const struct entry *how,
				bool anew, uint32_t *entry);

/* Returns the completion that an entry with this ticket produces, or 0 if it has been removed. */
uint32_t producer_completion(struct session *s, uint32_t entry, uint64_t ticket);

/* Unlinks a producer that leaves without a post, as if it had died. */
void producer_leave(struct session *s, uint32_t entry);

#endif
