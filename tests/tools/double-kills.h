/* SPDX-License-Identifier: ISC
 *
 * double-kills.h - two kills: of the scenario's victim, and then of the process that recovers
 *
 * The first kill is at each moment at which something changed that outlives the victim, except for
 * entries of the redo log that have not been committed and that no process reads; another
 * instruction in between leaves the same behind.  The process that comes to the lock next is
 *
 *	a waiter	that the first victim, or its death, has woken
 *	a newcomer	if there is none: the lock is still as the dead one left it
 *
 * and each in turn is the second victim, from its wake, or from its open of the segment, to
 * its next sleep or its end.  It is killed at each moment at which something changed, and, if
 * the lock was left by a dead owner, before every instruction of the recovery: from taking the
 * lock to the return of segment_lock() (of a program without symbols, to releasing it).
 */
#ifndef DOUBLE_KILLS_H
#define DOUBLE_KILLS_H

#include <stdbool.h>

#include "replay.h"

/* All double kills of one first kill; returns how many. */
unsigned double_kills_try_of(const struct recording *recording, unsigned first, bool *sound);

/* One of them, at random; false: the process drawn cannot be the second victim. */
bool double_kills_try_one(const struct recording *recording, unsigned first, bool *sound);

/* One given moment, of each possible second victim; returns how many there were. */
unsigned double_kills_try_at(const struct recording *recording, unsigned first, unsigned moment,
			     bool *sound);

#endif
