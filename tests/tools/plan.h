/* SPDX-License-Identifier: ISC
 *
 * plan.h - what each worker does in one round, and which signals it gets; the seed decides
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "history.h"

#define WORKERS_MIN 10
#define WORKERS	    14
#define TASKS	    5  /* of a worker, at most */
#define CLOSINGS    10 /* of the coordinator, while all workers rest */
#define TOLD	    4  /* generations of a name that are kept for those who ask */

enum how { BY_LIBRARY, BY_COMMAND };

struct task {
	struct ask ask;
	uint8_t how;
	uint8_t command;     /* which COMMAND, modulo their number */
	bool interruptible;  /* COMPL_WAIT_INTERRUPTIBLE */
	bool escapes;	     /* struct compl_escape */
	uint8_t bound;	     /* 0, or 1 and how many later generations of the name were told */
	uint8_t signal;	     /* 0: it gets none */
	uint32_t delay_us;   /* from the beginning to the signal */
	uint32_t stop_us;    /* after SIGSTOP or SIGTSTP */
	uint32_t nap_us;     /* a pause before it */
	uint32_t timeout_us; /* of a wait that is neither patient nor at once */
	/* Of a run, from the beginning of its CMD: when it is ready, when it ends, and when it
	   kills the command that has started it; 0: never. */
	uint32_t ready_us, end_us, kill_us;
};

struct plan {
	unsigned workers;
	unsigned tasks[WORKERS];
	struct task task[WORKERS][TASKS];
	unsigned closings;
	struct task closing[CLOSINGS];
	uint64_t endings; /* a bit for each worker: SIGTERM, not SIGKILL, ends its last wait */
};

/* A worker that opens with COMPL_ONE_THREAD. */
static inline bool
plan_may_promise(unsigned worker)
{
	return worker % 2;
}

/* commands: the number of builds of compl; with 0 all operations are calls. */
void plan_make(struct plan *p, uint64_t seed, uint64_t round, unsigned commands);

#endif
