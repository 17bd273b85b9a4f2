/* SPDX-License-Identifier: ISC
 *
 * contender.h - who is compared with whom, as the command line says it
 *
 *	@ SERIES [prepare: COMMAND] [crowd: N] [asleep: HOW] [wait: COMMAND]
 *	  [posts: N] [each: N] post: COMMAND
 *
 * N waiters (1) are started, and then the post, N times (1) one after the other.  Without `wait:`
 * there is only the post.  The time is divided by `each:`.  HOW tells when a waiter is at its
 * place: `futex` (the default): when it sleeps in a futex; else milliseconds: when it has slept for
 * so long.  Behind a comma, up to so many milliseconds more, at random: for who looks at something
 * from time to time.
 *
 * Commands are run as they are, without a shell and without PATH.
 */
#ifndef CONTENDER_H
#define CONTENDER_H

#include <stddef.h>

struct contender {
	const char *series;
	char **prepare, **wait, **post; /* or NULL */
	size_t crowd, posts, each;
	double quiet_ms, spread_ms; /* quiet_ms is 0: futex */
};

/* Returns how many there are; argv begins with the first @. */
size_t contender_read_all(char **argv, struct contender *contenders, size_t room);

#endif
