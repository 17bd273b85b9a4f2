/* SPDX-License-Identifier: ISC
 *
 * ledger.h - the memory that all processes of a storm share: the plan, and the history of each
 * operation
 *
 * A worker that is killed in the middle of an operation leaves it open here.  The coordinator
 * closes it.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "history.h"
#include "plan.h"

#define DEATHS 96

struct worker {
	uint32_t open;	  /* the operation under way, or OPS */
	uint32_t next;	  /* the task to begin next */
	uint32_t last;	  /* the end of the task before */
	uint32_t promise; /* the beginning of the operation that promised, or 0 */
	uint32_t loan;	  /* the beginning of the one whose tokens it has borrowed, or 0 */
	uint32_t hit;	  /* the signal of the task under way has come */
	int out, err;	  /* descriptors: what a command says */
};

/* The latest generations of a name that workers have been told. */
struct told {
	uint64_t generation[TOLD];
	uint32_t count;
};

struct ledger {
	uint32_t stamp, go;
	struct told told[NAMES];
	struct worker worker[WORKERS];
	struct plan plan;
	struct history history;
	uint32_t death_count;
	struct op deaths[DEATHS];
};

/* Mapped by ledger_open() and ledger_make(). */
extern struct ledger *ledger;

/* Maps the ledger of a descriptor that a worker of another build inherits. */
bool ledger_open(int fd);

/* Makes a ledger; returns its descriptor, or -1. */
int ledger_make(void);

/* The next number of the one counter that all processes share. */
uint32_t ledger_stamp(void);

/* Load and store a word that other processes write and read. */
static inline uint32_t
ledger_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void
ledger_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Stamp the beginning and the end of an operation; it is open between them. */
void ledger_begin_op(struct op *o, const struct ask *ask, pid_t pid);
void ledger_end_op(struct op *o);

/* Notes the generations that an operation which has ended was told. */
void ledger_tell(const struct op *o);

/* A generation of a name that was told before the latest `age` others; 0: there is none. */
uint64_t ledger_told(unsigned name, unsigned age);

/* The index of a free listing in the history; 0: they are used up. */
uint8_t ledger_new_shot(void);

#endif
