/* SPDX-License-Identifier: ISC
 *
 * barrier.h - the round of a barrier: who stands in it, when it is complete, and how one leaves it
 *
 * A participant is a wait with ENTRY_BARRIER for one name; entry.need is how many make a round.
 * While one of them is queued, the barrier *stands*, and the name has no other use.
 *
 * Locking: all calls are made under the lock, except barrier_leave().
 */
#ifndef BARRIER_H
#define BARRIER_H

#include "shm/segment/session.h"

/* Returns how many make a round of the barrier that stands on the name, or 0 if none does. */
uint32_t barrier_parties(struct session *s, uint32_t completion);

/* Whether a barrier stands on a name.  completion may be 0. */
static inline bool
barrier_stands(struct session *s, uint32_t completion)
{
	return completion != 0 && get(&completion_at(s, completion)->waiters.head) != 0 &&
	       barrier_parties(s, completion) != 0;
}

/* The place that the next to join gets: at least the number of those who stand. */
uint32_t barrier_next_place(struct session *s, uint32_t completion);

/* Whether enough stand in it.  Unlinks those that have died or left, and gives the others their
 * places. */
bool barrier_reap_to_full(struct session *s, uint32_t completion);

/* Completes the round, if enough stand in it and none of them leaves at this moment.  Returns
 * whether the round is complete, now or already: JOB_ROUND then walks along the waitqueue. */
bool barrier_complete(struct session *s, uint32_t completion);

/* Lets the participant of an entry pass, and unlinks the entry.  The round is complete. */
void barrier_pass(struct session *s, uint32_t completion, uint32_t entry);

/* Ends a round, after all have passed. */
void barrier_end_round(struct session *s, uint32_t completion);

/* Whether no round is under way: not between barrier_complete() and barrier_end_round(). */
bool barrier_is_at_rest(struct session *s, uint32_t completion);

/* Leaves without the lock: the caller owns the entry.  Returns false if the wait has ended
 * otherwise; the state says how. */
bool barrier_leave(struct session *s, uint32_t completion, uint32_t entry);

#endif
