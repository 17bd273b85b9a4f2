/* SPDX-License-Identifier: ISC
 *
 * crew.h - the processes of a round: each does its deeds one after the other, until it is killed,
 * and then another one goes on with the next
 */
#ifndef CREW_H
#define CREW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "books.h"
#include "compl.h"
#include "history.h"
#include "plan.h"

/* What stays the same for all rounds. */
struct crew_stage {
	struct compl_where where;
	int books;	  /* their descriptor */
	const char *peer; /* another build of storm: every third worker; or NULL */
	char **programs;  /* builds of compl */
	unsigned program_count;
};

extern struct crew_stage crew_stage;

/* The main() of a worker that is another build: its arguments are those of become_peer(). */
_Noreturn void crew_work_as_peer(int argc, char **argv);

/* ---- the conductor's side ---------------------------------------------------- */

/* What the conductor knows of a worker. */
struct hand {
	pid_t pid;	       /* 0: it has done all */
	uint32_t shot_at;      /* the operation that we have sent a signal to, and 1 more */
	int64_t stopped_until; /* 0: it is not */
};

extern struct hand crew_hands[WORKERS];

/* Counts over all rounds. */
struct tally {
	uint64_t rounds, ops, kills, signals, stops, commands, rests, states, long_ones;
	uint64_t results[KINDS][RESULTS];
};

extern struct tally crew_tally;

/* Starts the i-th worker, which goes on where the one before has ended. */
void crew_hire(unsigned i);

/* The operation that a worker has begun and not ended, or NULL. */
struct op *crew_open_op(unsigned i);

/* The deed that an operation of the books is. */
const struct deed *crew_deed_of(const struct op *o);

/* One turn of the conductor's hand; true if something has happened. */
bool crew_conduct(void);

#endif
