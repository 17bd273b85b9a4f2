/* SPDX-License-Identifier: ISC
 *
 * segment_lock.h - segment_lock(), segment_unlock(), and the only path that recovers after a dead
 * owner
 */
#ifndef SEGMENT_LOCK_H
#define SEGMENT_LOCK_H

#include "shm/segment/session.h"

/* Blocks signals (sigmask_block()), takes the segment's lock, and recovers if its last owner died.
 * COMPL_OK: the caller holds the lock.  Any other result: it does not.
 *
 *	COMPL_TIMED_OUT		the deadline has passed
 *	COMPL_INTERRUPTED	sigmask_is_interrupted()
 *	COMPL_E_NO_NAMESPACE	the segment is dead
 *	COMPL_E_DAMAGED		it is damaged, or the pages of its tables cannot be reserved
 *
 * The signals stay blocked in any case. */
enum compl_result segment_lock(struct session *s, int64_t deadline_ns);

/* Locks as segment_lock() does, but without a deadline, for compl_repair(): also throws away a
 * lock, a log and a job that compl cannot have left.  COMPL_E_DAMAGED: the sizes of the tables are
 * impossible, or their pages cannot be reserved. */
enum compl_result segment_lock_for_repair(struct session *s);

/* Gives the lock back. */
void segment_unlock(struct session *s);

/* Gives the lock back at the end of a call, and returns the result of the call, or
 * COMPL_E_DAMAGED if the call met damage. */
enum compl_result segment_unlock_with(struct session *s, enum compl_result result);

/* Does the same, but returns COMPL_E_NO_NAMESPACE instead of the result if another program has
 * unlinked the segment.  For calls whose changes give nobody anything to take: what they have
 * changed in an unlinked segment need not be taken back. */
enum compl_result segment_look_and_unlock(struct session *s, enum compl_result result);

#endif
