/* SPDX-License-Identifier: ISC
 *
 * replay.h - records the moments of a run, and runs another victim to one of them at full speed
 *
 * There are two ways to a moment.  In haste, the victim runs there as fast as it can, and the
 * processes that it has woken on the way have hardly begun to run.  With patience it waits wherever
 * others had run in the recording, until they have come as far as they can: to the lock, for
 * example, if the victim holds it.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>

#include "fixture.h"
#include "scenario.h"
#include "victim.h"
#include "watch.h"

#define MOMENTS_MAX 400000

/* The moments of a run. */
struct recording {
	unsigned count;
	struct moment at[MOMENTS_MAX];
};

/* A run under way.  scenario: says what is done when the victim has fallen asleep; NULL: the run
 * ends there. */
struct replay {
	struct fixture *fixture;
	struct victim *victim;
	const struct scenario *scenario;
	const struct recording *recording;
	const char *const *actions; /* left */
	unsigned at;		    /* moment */
};

/* Without a scenario, only victim and recording are used. */
struct replay replay_begin(struct fixture *f, struct victim *v, const struct scenario *scenario,
			   const struct recording *recording);

/* Goes step by step to the end, and notes all moments. */
void replay_record(struct replay p, struct recording *recording, struct watch *w);

/* Goes from the start to a moment; with patience or in haste. */
void replay_to(struct replay p, unsigned to, bool patient);

/* Whether another process ran on the way to this moment. */
bool replay_others_ran(const struct recording *recording, unsigned to);

#endif
