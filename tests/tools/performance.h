/* SPDX-License-Identifier: ISC
 *
 * performance.h - one kill, or two, from the rise of the curtain to the verdict
 */
#ifndef PERFORMANCE_H
#define PERFORMANCE_H

#include <stdbool.h>

#include "elf-range.h"
#include "scenes.h"
#include "stage.h"
#include "victim.h"

/* The scene that is played now, and the programs that play it. */
struct performance {
	const char *program, *waiter, *holder; /* holder: hold-lock, beside us */
	struct range repair, waiter_repair;    /* segment_lock() in program and waiter */
	const char *keep;		       /* a file, or NULL */
	const struct scene *scene;
	struct stage *stage;
	unsigned moment, second, performances;
	const char *repairer; /* the second victim, or NULL */
	const char *how;      /* the first was ended */
	volatile unsigned ticks;
	unsigned long long where;
};

extern struct performance performance;

/* From now on a timer interrupts every call that waits, so that a performance which hangs is given
 * up. */
void performance_set_signals(void);

/* The stage as the scene wants it, its victim before its first moment.  slow: see
 * stage_victim(). */
struct victim *performance_enter(struct stage *s, bool slow);

/* The victims have been killed: what became of it all.  Ends the performance. */
bool performance_judge(struct stage *s, unsigned *outcome);

#endif
