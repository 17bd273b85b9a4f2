/* SPDX-License-Identifier: ISC
 *
 * workers.h - the processes of a round
 *
 * Each does its tasks one after the other.  If it is killed, another process goes on with its next
 * task.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "compl.h"
#include "history.h"
#include "ledger.h"
#include "plan.h"

/* What stays the same for all rounds. */
struct workers_setup {
	struct compl_where where;
	int ledger;		 /* the descriptor of its memory */
	const char *other_build; /* another build of storm, for every third worker; or NULL */
	char **programs;	 /* builds of compl */
	unsigned program_count;
	unsigned released; /* percent of those killed whose memory is taken away (mrelease.h) */
};

extern struct workers_setup workers_setup;

/* The main() of a worker that is another build: its arguments are those of become_other_build(). */
_Noreturn void workers_work_as_other_build(int argc, char **argv);

/* The task, with the generation that it is bound to. */
struct task workers_bind(const struct task *task);

/* ---- the coordinator's side ---------------------------------------------------- */

/* What the coordinator knows of a worker. */
struct worker_process {
	pid_t pid;	       /* 0: it has done all its tasks */
	uint32_t signalled_at; /* the beginning of the operation that was sent its signal */
	int64_t stopped_until; /* 0: it is not */
};

extern struct worker_process workers_process[WORKERS];

/* Counts over all rounds. */
struct totals {
	uint64_t rounds, ops, kills, released, signals, stops, commands, rests, states, long_ones;
	uint64_t results[KINDS][RESULTS];
};

extern struct totals workers_totals;

/* Starts the i-th worker, which continues where the process before it has ended. */
void workers_start(unsigned i);

/* The operation that a worker has begun and not ended, or NULL. */
struct op *workers_open_op(unsigned i);

/* The task that an operation of the ledger belongs to. */
const struct task *workers_deed_of(const struct op *o);

/* Kills a worker, which has a process.  `any` number decides whether its memory is taken away. */
void workers_kill(unsigned i, unsigned any);

/* Reaps workers, continues stopped ones, sends signals that are due; true if something has
 * happened. */
bool workers_poll(void);

#endif
