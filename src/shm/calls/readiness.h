/* SPDX-License-Identifier: ISC
 *
 * readiness.h - which names a wait could take from now, and what blocks the others
 */
#ifndef READINESS_H
#define READINESS_H

#include "shm/calls/wait.h"

/* Why a wait cannot take its tokens from a name now. */
enum blocker {
	BLOCKER_NONE,  /* it can: our turn, and enough tokens; or the name is at "all" */
	BLOCKER_AHEAD, /* a waiter is ahead of us */
	BLOCKER_SHORT, /* our turn, but too few tokens */
};

/* The blockers of all names, seen at one time. */
struct readiness {
	enum blocker blocker[COMPL_NAMES_MAX];
	uint32_t ahead[COMPL_NAMES_MAX]; /* the entry of a waiter ahead of us, or 0 */
	size_t clear;			 /* how many names have BLOCKER_NONE */
	size_t first;			 /* the first of them; the number of names if none has */
};

/* Looks at all names of a wait, queued or not.  Unlinks the entries of waiters that have died or
 * left, where it meets any.  Under the lock. */
void readiness_reap_and_look(struct wait *w, struct readiness *readiness);

/* The first name that ends the wait because a producer of it died, or the number of names.  With
 * COMPL_WAIT_ANY a name before it that the wait can take from ends the wait instead.  Under the
 * lock. */
size_t readiness_find_dead_producer(struct wait *w, const struct readiness *readiness);

/* The first name with a status other than 0, or the number of names.  Under the lock. */
size_t readiness_find_failed(struct wait *w);

#endif
