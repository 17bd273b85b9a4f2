/* SPDX-License-Identifier: ISC
 *
 * readiness.h - the obstacles between a wait and its names
 */
#ifndef READINESS_H
#define READINESS_H

#include "shm/calls/wait.h"

/* The obstacle between a wait and one of its names. */
enum blocker {
	BLOCKER_NONE,  /* our turn, and enough tokens; or the name is at "all" */
	BLOCKER_AHEAD, /* somebody is before us */
	BLOCKER_SHORT, /* our turn, not enough tokens */
};

/* The obstacles of all names, seen at one time. */
struct readiness {
	enum blocker blocker[COMPL_NAMES_MAX];
	uint32_t ahead[COMPL_NAMES_MAX];
	size_t clear; /* names without an obstacle */
	size_t first; /* the first of them, or count */
};

/* Looks at all names of a wait, whether it stands in line yet or not.  Reaps the lines up to the
 * nearest waiter ahead.  Under the lock. */
void readiness_look(struct wait *w, struct readiness *readiness);

/* The first name that ends the wait because a producer of it died, or the number of names.  (If any
 * name will do and one before it can end the wait, that one does.)  Under the lock. */
size_t readiness_find_dead_producer(struct wait *w, const struct readiness *readiness);

/* The first name with a status other than 0, or the number of names.  Under the lock. */
size_t readiness_find_failed(struct wait *w);

#endif
