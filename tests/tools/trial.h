/* SPDX-License-Identifier: ISC
 *
 * trial.h - one trial: a scenario with one kill or two, and the verdict
 */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>

#include "elf-range.h"
#include "fixture.h"
#include "scenario.h"
#include "victim.h"

/* The scenario of this trial, and the programs that run it. */
struct trial {
	const char *program, *waiter, *holder;	    /* holder: hold-lock, beside us */
	struct range lock_range, waiter_lock_range; /* segment_lock() in program and waiter */
	const char *keep;			    /* a file, or NULL */
	bool apart;				    /* see struct fixture */
	const struct scenario *scenario;
	struct fixture *fixture;
	unsigned moment, second, count;
	const char *second_victim; /* or NULL */
	const char *how;	   /* the first was ended */
	volatile unsigned ticks;
	unsigned long long where;
};

extern struct trial trial;

/* From now on a timer interrupts every call that waits, so that a trial which hangs is given up. */
void trial_set_signals(void);

/* Sets up the fixture as the scenario says, with its victim before its first moment.  slow: see
 * fixture_victim(). */
struct victim *trial_begin(struct fixture *f, bool slow);

/* The victims have been killed: judges what became of all, and ends the trial. */
bool trial_judge(struct fixture *f, unsigned *outcome);

#endif
