/* SPDX-License-Identifier: ISC
 *
 * repair.h - in and out of the lock, and the one path that follows a dead owner
 */
#ifndef REPAIR_H
#define REPAIR_H

#include "shm/segment/session.h"

/* Closes the session's gate, takes the segment's lock, and repairs what its last
 * owner may have left undone.  COMPL_OK; or, with the lock not held:
 * COMPL_TIMED_OUT, COMPL_INTERRUPTED (the gate says so), COMPL_E_NO_SEGMENT (it is dead),
 * COMPL_E_DAMAGED.  The gate
 * stays closed in any case. */
enum compl_result repair_enter(struct session *s, int64_t deadline_ns);

/* The same for who repairs damage: a lock, a log and a job that nobody can have left are thrown away.
 * COMPL_E_DAMAGED: the sizes of the tables cannot be. */
enum compl_result repair_enter_damaged(struct session *s);

/* Gives the lock back. */
void repair_leave(struct session *s);

/* The same at the end of a call: its result, or COMPL_E_DAMAGED if it met damage. */
enum compl_result repair_leave_with(struct session *s, enum compl_result result);

#endif
