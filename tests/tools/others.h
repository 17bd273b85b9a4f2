/* SPDX-License-Identifier: ISC
 *
 * others.h - processes that wait beside the victim
 */
#ifndef OTHERS_H
#define OTHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Prints where we are, and ends everything.  Each program has its own: performance.c, storm.c. */
_Noreturn void give_up(const char *why);

struct other {
	pid_t pid;
	bool ended;
	bool stopped; /* by us: at rest */
	int status;
	unsigned long switches;
};

/* Starts the command argv, on any processor, without output. */
void other_start(struct other *o, char *const argv[]);

/* Notes how it ended, if it has; flags are those of waitpid(2). */
void other_reap(struct other *o, int flags);

/* By SIGKILL; returns when it is gone. */
void other_kill(struct other *o);

/* Stops it for good, or lets it go on. */
void other_stop(struct other *o, bool stop);

/* Waits until all have ended or sleep, with an instant at which that was so of all
 * together: two looks between which nobody ran.  False after ten seconds.  (They need the
 * processor more than we do.) */
bool others_settle(struct other *o, size_t count);

#endif
