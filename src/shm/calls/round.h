/* SPDX-License-Identifier: ISC
 *
 * round.h - what a wait in a barrier does instead of taking tokens
 */
#ifndef ROUND_H
#define ROUND_H

#include "shm/calls/wait.h"

/* Ends the wait if its round is complete, or can be completed now; or, before it has joined, if the
 * name does not allow a barrier of so many parties.  Returns whether it did; *end says how.  Under
 * the lock. */
bool round_try_end(struct wait *w, enum compl_result *end);

#endif
