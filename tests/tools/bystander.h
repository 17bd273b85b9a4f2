/* SPDX-License-Identifier: ISC
 *
 * bystander.h - processes that run beside the victim
 */
#ifndef BYSTANDER_H
#define BYSTANDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Prints where the test is, and ends all its processes.  Each program has its own: trial.c,
 * storm.c. */
_Noreturn void give_up(const char *why);

struct bystander {
	pid_t pid;
	bool ended;
	bool stopped; /* by us; this counts as rest */
	int status;
	unsigned long switches;
};

/* Starts the command argv, on any processor, without output.  apart: see process_fork(). */
void bystander_start(struct bystander *o, char *const argv[], bool apart);

/* Notes how it ended, if it has; flags are those of waitpid(2). */
void bystander_reap(struct bystander *o, int flags);

/* Kills it; returns when it is gone. */
void bystander_kill(struct bystander *o);

/* Stops it, or continues it; returns when that has happened, or when it has ended. */
void bystander_stop(struct bystander *o, bool stop);

/* Waits until all have ended or sleep at the same instant: two looks find them so, and none ran
 * between the looks.  False after ten seconds.  (It pauses, because they need the processor.) */
bool bystanders_await_rest(struct bystander *o, size_t count);

/* Waits until none of them sleeps on the lock.  False after ten seconds. */
bool bystanders_await_lock(struct bystander *o, size_t count);

#endif
