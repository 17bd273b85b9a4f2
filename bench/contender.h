/* SPDX-License-Identifier: ISC
 *
 * contender.h - a contender: one of several ways to hand over, whose times are compared
 *
 * The command line describes each contender in these words:
 *
 *	@ SERIES [prepare: COMMAND] [crowd: N] [asleep: HOW] [wait: COMMAND]
 *	  [posts: N] [each: N] post: COMMAND
 *
 * `crowd:` waiters are started (1 by default).  When they sleep, the post is started `posts:`
 * times (1), one after the other.  Without `wait:` there is only the post.  The time is divided
 * by `each:` (1).  HOW says how to see that a waiter sleeps: `futex` (the default) when it is in a
 * futex call; a number MS when it has slept for so many milliseconds.  MS,SPREAD adds up to
 * SPREAD milliseconds at random, for a waiter that polls.
 *
 * Commands are run directly, without a shell and without PATH.
 */
#ifndef CONTENDER_H
#define CONTENDER_H

#include <stddef.h>

struct contender {
	const char *series;
	char **prepare, **wait, **post; /* or NULL */
	size_t crowd, posts, each;
	double quiet_ms, spread_ms; /* MS and SPREAD; quiet_ms is 0 for futex */
};

/* Reads the contenders from argv, which begins with the first @.  Returns their number. */
size_t contender_read_all(char **argv, struct contender *contenders, size_t room);

#endif
