/* SPDX-License-Identifier: ISC
 *
 * sender.h - whether a process may speak for CMD
 */
#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include <stdbool.h>
#include <sys/types.h>

#define SENDER_UNKNOWN ((uid_t)-1)

/* The sender of a message, as it was when it sent it. */
struct sender {
	pid_t pid; /* 0 if it is of another pid namespace */
	uid_t user;
	int pidfd;	/* -1 if there is none */
	bool is_reaped; /* there is no pidfd because it has ended and was reaped */
};

/* True for CMD itself, whatever user it has become; and for root and the user of this process, who
 * could post by themselves.  Looks at nothing but pid and user. */
bool sender_is_known(const struct sender *sender, pid_t cmd);

/* True also for the user that CMD runs as, and for any process below this one, of whatever user, if
 * it is not reaped yet.  Everybody else is a stranger.  Remembers CMD's user, for a message that is
 * read after CMD was reaped. */
bool sender_judge(const struct sender *sender, pid_t cmd);

#endif
