/* SPDX-License-Identifier: ISC
 *
 * states.h - compl_request.states: what a wait has found at its names, when it ended
 *
 * Only for a wait that asks for it.
 */
#ifndef STATES_H
#define STATES_H

#include "shm/calls/readiness.h"
#include "shm/calls/wait.h"

/* Notes all names, before the wait takes anything.  Under the lock. */
void states_note(struct wait *w, const struct readiness *readiness);

/* Notes again what may have changed, after the wait has ended in the same hold of the lock: the
 * counters, and how many stand in a barrier. */
void states_note_end(struct wait *w);

/* Notes all names, for a wait that has ended before it could take or join: a name stands as a
 * barrier, or is of another generation.  Under the lock. */
void states_note_refusal(struct wait *w);

/* If a walk has ended the wait, looks again at the names that have not ended it.  Takes the lock,
 * unless "all" has released the wait from all its names.  Once the wait has left. */
void states_note_walk(struct wait *w);

#endif
