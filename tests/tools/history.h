/* SPDX-License-Identifier: ISC
 *
 * history.h - what a few processes asked of a few names, and what they were told
 *
 * An operation has a beginning and an end: two stamps of one counter that all processes share.  If
 * the end of one operation is less than the beginning of another, it came before, whatever clocks
 * say.  The operation took effect between its two stamps: once, or (a command with several names)
 * name by name.
 *
 * A death is known since `seen`: an operation that begins after that and looks at the name finds
 * it.
 *
 * A wait has two moments: it joins the line, and it leaves it.  `seen` is a stamp at which another
 * process saw the wait in line, without asking compl; so it had joined by then.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "compl.h"

#define NAMES	 4   /* "a" to "d" */
#define OPS	 200 /* in one history */
#define SHOTS	 64
#define STANDING 20 /* waits in one line, and producers of all names */

#define VALUES_UNTOLD 255

enum kind {
	OP_DONE,
	OP_WAIT,
	OP_TEST,
	OP_INIT,
	OP_REINIT,
	OP_RM,
	OP_BARRIER,
	OP_PROMISE,
	OP_KEEP,
	OP_END, /* a ready producer ends in order */
	OP_BREAK,
	OP_GIVE,   /* back what was borrowed */
	OP_RUN,	   /* a command that produces a name, is ready, and ends with a status */
	OP_DEATH,  /* of a producer; no process does it */
	OP_RETURN, /* of tokens of a name, because the borrower has gone; no process does it */
	OP_LIST,
	OP_REST, /* a listing, while all workers rest */
	KINDS,
};

enum result {
	GOT_NOTHING, /* it has not ended */
	GOT_OK,
	GOT_NOT_DONE,
	GOT_TIMED_OUT,
	GOT_REMOVED,
	GOT_PRODUCER_DIED,
	GOT_INTERRUPTED, /* it came back, having done nothing */
	GOT_MISSING,
	GOT_EXISTS,
	GOT_BUSY,
	GOT_BARRIER,	   /* a barrier stands on the name */
	GOT_IN_USE,	   /* the name is no barrier */
	GOT_OTHER_PARTIES, /* those in the barrier have named another number */
	GOT_REFUSED,	   /* one of these six: the command's 125 */
	GOT_OTHER_GENERATION,
	GOT_LOCKED,    /* the lock could not be taken */
	GOT_SIGNALLED, /* ended by a signal that a wait lets through only while it has nothing */
	GOT_KILLED,    /* by SIGKILL, or a signal at any time: it is not known how far it got */
	GOT_WRONG,     /* what no operation may say */
	RESULTS,
};

/* The state of a name, as a listing shows it and as the state model has it. */
struct name_state {
	uint32_t done;
	uint64_t generation; /* 0: not known */
	uint16_t value;	     /* 0: none */
	uint8_t status;
	bool init;
	uint8_t failed;	    /* the status with which the last ready producer has failed */
	bool producer_died; /* at "all" because a producer died; no listing says so */
};

struct shot {
	struct {
		struct name_state state;
		bool listed;
		bool barrier; /* those in line stand in a barrier */
		uint8_t waiters;
		struct {
			pid_t pid;
			uint32_t need;
		} line[STANDING];
		uint8_t producers;
		struct {
			pid_t pid;
			bool ready;
		} producer[STANDING];
		uint8_t borrowers;
		struct {
			pid_t pid; /* 0: a stray has the tokens */
			uint32_t count;
		} borrower[STANDING];
	} name[NAMES];
};

struct ask {
	uint8_t kind;
	uint8_t count, names[NAMES]; /* in argument order */
	uint32_t tokens;	     /* done: how many; wait: from each; barrier: the parties */
	uint16_t value;		     /* done: 0 is none */
	uint8_t status;
	bool all, waiting, existing; /* done; existing also wait */
	bool any, fail_fast, at_once;
	uint8_t at_least; /* wait: how many of the names are enough; 0: all */
	bool lenient;	  /* init --exist-ok, reinit --force, rm -f */
	bool patient;	  /* a wait without a deadline */
	bool single, stays;
	bool anew;	     /* promise: the name begins anew, whatever its counter is */
	bool ready;	     /* keep: the producer is ready, and posts nothing */
	bool borrow;	     /* wait: the tokens come back */
	bool cmd;	     /* and do so before the operation ends, when its CMD has ended */
	bool print;	     /* reinit --print */
	uint64_t generation; /* done, wait, test: 0, or the one that the name must have */
};

struct answer {
	uint8_t result;
	uint8_t status;
	int8_t which;	       /* index in ask.names; -1: not told */
	int8_t failed_fast;    /* -1: not told */
	uint8_t granted;       /* of a wait with at_least: bits of indices in ask.names */
	bool lends;	       /* a wait of a process that goes on has borrowed */
	uint8_t place;	       /* in the round; of GOT_OTHER_PARTIES their number; 0: not told */
	uint8_t values;	       /* VALUES_UNTOLD: unknown */
	uint16_t value[NAMES]; /* what --print prints, in its order */
	uint8_t shot;
	uint64_t generation; /* of reinit --print */
};

struct op {
	struct ask ask;
	struct answer got;
	pid_t pid;
	uint32_t begin, seen, end; /* 0: not yet */
	/* keep, break, death: the beginning of the promise, or of the run, that it is about; give,
	   return: that of the wait that borrowed */
	uint32_t promise;
	uint8_t requeues;	  /* how often it may have left the line and joined it again */
	int64_t begin_ns, end_ns; /* CLOCK_MONOTONIC, to be read by people */
};

struct history {
	uint32_t count;
	uint32_t shots;
	uint32_t deaths; /* and returns: all of them are the last operations */
	struct op op[OPS];
	struct shot shot[SHOTS];
};

static inline char
name_letter(unsigned name)
{
	return (char)('a' + name);
}

static inline const char *
name_text(unsigned name)
{
	static const char *const texts[NAMES] = { "a", "b", "c", "d" };

	return texts[name];
}

/* Whether it stands in line: a wait, or a participant of a barrier. */
static inline bool
history_op_stands(const struct op *o)
{
	return o->ask.kind == OP_WAIT || o->ask.kind == OP_BARRIER;
}

/* Whether no process does it. */
static inline bool
history_op_is_of_nobody(const struct op *o)
{
	return o->ask.kind == OP_DEATH || o->ask.kind == OP_RETURN;
}

/* Whether it is known to have changed nothing, whenever it happened. */
bool history_op_is_idle(const struct op *o);

#endif
