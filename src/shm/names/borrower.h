/* SPDX-License-Identifier: ISC
 *
 * borrower.h - tokens of a completion that come back
 *
 * A wait that borrows tokens keeps its entry: it moves to the completion's queue of borrowers, in
 * the commit that takes the tokens.  Two things tell whether the tokens are still in use:
 *
 *	the beacon	of the entry, which the borrower owns as long as it lives
 *	the byte	with the number of the loan's ticket (hold.h), which is held by the
 *			descriptor that the borrower's children inherit
 *
 * The tokens are given back when neither has an owner any more.  What holds the byte without a
 * borrower is a *stray*.
 *
 * Locking: all calls are made under the lock.
 */
#ifndef BORROWER_H
#define BORROWER_H

#include "shm/names/queue.h"
#include "shm/segment/session.h"

/* Begins a walk along all entries of borrowers. */
struct queue_walk borrower_walk(struct session *s, uint32_t completion);

/* Whether the borrower of an entry lives. */
bool borrower_is_alive(struct session *s, uint32_t entry);

/* Whether a borrower is dead, and nothing that it has started holds its tokens.  Makes a system
 * call if it is dead. */
bool borrower_has_ended(struct session *s, uint32_t entry);

/* Returns an entry whose borrower lives, or 0. */
uint32_t borrower_find_living(struct session *s, uint32_t completion);

/* Gives back what borrowers have that have ended. */
void borrower_reap_all(struct session *s, uint32_t completion);

/* Does what borrower_reap_all() does, but saves the call if there is no borrower. */
static inline void
borrower_reap(struct session *s, uint32_t completion)
{
	if (get(&completion_at(s, completion)->borrowers.head) != 0)
		borrower_reap_all(s, completion);
}

/* Puts into the transaction under way: what a linked entry of a wait needs is lent to it, out of
 * the counter. */
void borrower_log_lend(struct session *s, uint32_t entry);

/* Gives back what is lent to an entry, and unlinks it.  Rings for the first in line.  Commits. */
void borrower_return(struct session *s, uint32_t entry);

#endif
