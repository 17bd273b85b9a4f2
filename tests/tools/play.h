/* SPDX-License-Identifier: ISC
 *
 * play.h - the moments of a run: noted one by one in a rehearsal, and gone to at speed
 *
 * There are two ways to a moment.  In haste, the victim runs there as fast as it can, and those
 * whom it has woken on the way have hardly begun to run.  With patience it waits wherever in
 * the rehearsal others had run, until they have come as far as they can: to the lock, for
 * example, if it holds it.
 */
#ifndef PLAY_H
#define PLAY_H

#include <stdbool.h>

#include "scenes.h"
#include "stage.h"
#include "victim.h"
#include "watch.h"

#define MOMENTS_MAX 200000

/* The moments of a rehearsal. */
struct score {
	unsigned count;
	struct moment at[MOMENTS_MAX];
};

/* A run under way.  scene: what is done when the victim has fallen asleep; NULL: that is the
 * end. */
struct play {
	struct stage *stage;
	struct victim *victim;
	const struct scene *scene;
	const struct score *score;
	const char *const *actions; /* left */
	unsigned at;		    /* moment */
};

/* Without a scene, victim and score are all there is. */
struct play play_begin(struct stage *s, struct victim *v, const struct scene *scene,
		       const struct score *score);

/* Step by step to the end; notes all moments. */
void play_slowly(struct play p, struct score *score, struct watch *w);

/* From the start to a moment; with patience or in haste. */
void play_to(struct play p, unsigned to, bool patient);

/* Somebody else ran on the way to this moment. */
bool play_somebody_ran(const struct score *score, unsigned to);

#endif
