/* SPDX-License-Identifier: ISC
 *
 * bystander.h - processes that wait beside the victim
 */
#ifndef BYSTANDER_H
#define BYSTANDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Prints where we are, and ends everything.  Each program has its own: trial.c, storm.c. */
_Noreturn void give_up(const char *why);

struct bystander {
	pid_t pid;
	bool ended;
	bool stopped; /* by us: at rest */
	int status;
	unsigned long switches;
};

/* Starts the command argv, on any processor, without output. */
void bystander_start(struct bystander *o, char *const argv[]);

/* Notes how it ended, if it has; flags are those of waitpid(2). */
void bystander_reap(struct bystander *o, int flags);

/* By SIGKILL; returns when it is gone. */
void bystander_kill(struct bystander *o);

/* Stops it for good, or lets it go on. */
void bystander_stop(struct bystander *o, bool stop);

/* Waits until all have ended or sleep, with an instant at which that was so of all
 * together: two looks between which nobody ran.  False after ten seconds.  (They need the
 * processor more than we do.) */
bool bystanders_await_rest(struct bystander *o, size_t count);

#endif
