/* SPDX-License-Identifier: ISC
 *
 * replay.h - the moments of a run: noted one by one in a rehearsal, and gone to at speed
 *
 * There are two ways to a moment.  In haste, the victim runs there as fast as it can, and those
 * whom it has woken on the way have hardly begun to run.  With patience it waits wherever in
 * the rehearsal others had run, until they have come as far as they can: to the lock, for
 * example, if it holds it.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>

#include "fixture.h"
#include "scenario.h"
#include "victim.h"
#include "watch.h"

#define MOMENTS_MAX 200000

/* The moments of a rehearsal. */
struct recording {
	unsigned count;
	struct moment at[MOMENTS_MAX];
};

/* A run under way.  scenario: what is done when the victim has fallen asleep; NULL: that is the
 * end. */
struct replay {
	struct fixture *fixture;
	struct victim *victim;
	const struct scenario *scenario;
	const struct recording *recording;
	const char *const *actions; /* left */
	unsigned at;		    /* moment */
};

/* Without a scenario, victim and recording are all there is. */
struct replay replay_begin(struct fixture *f, struct victim *v, const struct scenario *scenario,
			   const struct recording *recording);

/* Step by step to the end; notes all moments. */
void replay_record(struct replay p, struct recording *recording, struct watch *w);

/* From the start to a moment; with patience or in haste. */
void replay_to(struct replay p, unsigned to, bool patient);

/* Somebody else ran on the way to this moment. */
bool replay_others_ran(const struct recording *recording, unsigned to);

#endif
