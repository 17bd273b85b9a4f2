/* SPDX-License-Identifier: ISC
 *
 * plan.h - what everybody does in one round, and what is done to them, by the seed alone
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "history.h"

#define WORKERS_MIN 10
#define WORKERS	    14
#define TASKS	    5  /* of a worker, at most */
#define CLOSINGS    10 /* of the coordinator, when all others rest */

enum how { BY_LIBRARY, BY_COMMAND };

struct task {
	struct ask ask;
	uint8_t how;
	uint8_t command;     /* which of those there are, modulo their number */
	bool interruptible;  /* COMPL_WAIT_INTERRUPTIBLE */
	bool escapes;	     /* struct compl_escape */
	uint8_t signal;	     /* 0: nothing happens to it */
	uint32_t delay_us;   /* from the beginning to the signal */
	uint32_t stop_us;    /* after SIGSTOP or SIGTSTP */
	uint32_t nap_us;     /* before it */
	uint32_t timeout_us; /* of a wait that is neither patient nor at once */
};

struct plan {
	unsigned workers;
	unsigned tasks[WORKERS];
	struct task task[WORKERS][TASKS];
	unsigned closings;
	struct task closing[CLOSINGS];
	uint64_t endings; /* a bit for each worker: SIGTERM, not SIGKILL, ends its last wait */
};

/* Whose thread has its robust list to itself. */
static inline bool
plan_may_promise(unsigned worker)
{
	return worker % 2;
}

/* commands: how many builds of compl there are; with 0 all is done by calls. */
void plan_make(struct plan *p, uint64_t seed, uint64_t round, unsigned commands);

#endif
