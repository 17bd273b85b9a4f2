/* SPDX-License-Identifier: ISC
 *
 * readiness.h - which names a wait could take from now, and what blocks the others
 */
#ifndef READINESS_H
#define READINESS_H

#include "shm/calls/wait.h"

/* Why a wait cannot take its tokens from a name now. */
enum blocker {
	BLOCKER_NONE,  /* it can: our turn, and enough tokens; or the name is open */
	BLOCKER_AHEAD, /* a waiter is ahead of us */
	BLOCKER_SHORT, /* our turn, but too few tokens */
	/* With compl_request.at_least: the name was removed, or its producer went away.  It is not
	   done, and the wait goes on as long as enough others are left.  A name that was not
	   removed may be done again, after a post or a reinitialisation. */
	BLOCKER_LOST,
};

/* The blockers of all names, seen at one time. */
struct readiness {
	enum blocker blocker[COMPL_NAMES_MAX];
	/* The entry of a waiter ahead of us, or 0; also in the line of a name with a ready
	   producer. */
	uint32_t ahead[COMPL_NAMES_MAX];
	size_t clear; /* how many names have BLOCKER_NONE */
	size_t lost;  /* how many have BLOCKER_LOST */
	size_t first; /* the first of them; the number of names if none has */
};

/* Looks at all names of a wait, queued or not.  Unlinks the entries of waiters that have died or
 * left, where it meets any.  Under the lock. */
void readiness_reap_and_look(struct wait *w, struct readiness *readiness);

/* The first name that ends the wait because a producer of it died, or the number of names.  With
 * COMPL_WAIT_ANY a name before it that the wait can take from ends the wait instead.  Under the
 * lock. */
size_t readiness_find_dead_producer(struct wait *w, const struct readiness *readiness);

/* The first name that ends the wait because its last ready producer has failed, or the number of
 * names.  COMPL_WAIT_ANY: as above.  Under the lock. */
size_t readiness_find_failed_producer(struct wait *w, const struct readiness *readiness);

/* The first name that was removed while the wait stood in its line, if compl_request.at_least needs
 * more names than are left; otherwise the number of names.  Under the lock. */
size_t readiness_find_removed(struct wait *w, const struct readiness *readiness);

/* The first name with a status other than 0, or the number of names.  Under the lock. */
size_t readiness_find_failed(struct wait *w);

#endif
