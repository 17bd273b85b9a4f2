/* SPDX-License-Identifier: ISC
 *
 * detection.h - when a wait looks for a dead-lock that it has closed, and when it ends for one
 *
 * The loop in waiter.c calls detection_note() in each round, and detection_look() after it.
 */
#ifndef DETECTION_H
#define DETECTION_H

#include "shm/calls/wait.h"

/* Sets when the wait looks first, or that it never does. */
void detection_begin(struct wait *w);

/* Whether the wait ends with COMPL_DEAD_LOCK now.  If a look is due, notes what it needs of the
 * segment.  Once the wait has joined, and can take nothing.  Under the lock. */
bool detection_note(struct wait *w);

/* Looks, if detection_note() has noted something.  May ask for another round at once: then there is
 * nothing to sleep on.  Not under the lock. */
void detection_look(struct wait *w);

/* Frees what is left. */
void detection_end(struct wait *w);

#endif
