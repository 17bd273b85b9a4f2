/* SPDX-License-Identifier: ISC
 *
 * scenario.h - the scenarios that the kill-stepper runs
 *
 * A scenario is a list of actions, a victim, and actions that are taken one by one, each when the
 * victim has fallen asleep.  Names are single letters, a to d.
 *
 *	wait ...	a waiter, started with these arguments, that sleeps then
 *	run ...		a producer, with a CMD that does not end
 *	barrier ...	a participant of a barrier, which sleeps or completes the round
 *	done ...	a poster, where the victim may have its deadline and the lock
 *	post a 2	tokens
 *	fail a		a token with a status
 *	all a		the kernel's complete_all()
 *	init a, reinit a, rm a
 *	ask a		reinit with a new generation, which "G" stands for from then on
 *	kill 0		SIGKILL for the first bystander that was started, and so on
 *	stop 0		SIGSTOP, until the verdict is given
 *	hold		another process takes the lock, and keeps it until the victim is dead
 *	term, tstp	SIGTERM or SIGTSTP for the victim, which goes on as soon as it has stopped
 *
 * SOON is a deadline that the victim reaches asleep, LATE one that leaves time to start others.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stddef.h>

#define SCENARIO_ACTIONS 8

struct scenario {
	const char *name;
	const char *before[SCENARIO_ACTIONS];
	const char *victim;
	const char *asleep[SCENARIO_ACTIONS];
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
