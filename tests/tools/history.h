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
#define OPS	 160 /* in one history */
#define SHOTS	 48
#define STANDING 20 /* waits in one line, and producers of all names */

#define VALUES_UNTOLD 255

enum kind {
	OP_DONE,
	OP_WAIT,
	OP_TEST,
	OP_INIT,
	OP_REINIT,
	OP_RM,
	OP_PROMISE,
	OP_KEEP,
	OP_BREAK,
	OP_DEATH, /* of a producer; no process does it */
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
	GOT_REFUSED,   /* one of these three: the command's 125 */
	GOT_LOCKED,    /* the lock could not be taken */
	GOT_SIGNALLED, /* ended by a signal that a wait lets through only while it has nothing */
	GOT_KILLED,    /* by SIGKILL, or a signal at any time: it is not known how far it got */
	GOT_WRONG,     /* what no operation may say */
	RESULTS,
};

/* The state of a name, as a listing shows it and as the state model has it. */
struct name_state {
	uint32_t done;
	uint16_t value; /* 0: none */
	uint8_t status;
	bool init;
	bool producer_died; /* at "all" because a producer died; no listing says so */
};

struct shot {
	struct {
		struct name_state state;
		bool listed;
		uint8_t waiters;
		struct {
			pid_t pid;
			uint32_t need;
		} line[STANDING];
		uint8_t producers;
		pid_t producer[STANDING];
	} name[NAMES];
};

struct ask {
	uint8_t kind;
	uint8_t count, names[NAMES]; /* in argument order */
	uint32_t tokens;	     /* done: how many; wait: from each */
	uint16_t value;		     /* done: 0 is none */
	uint8_t status;
	bool all, waiting, existing; /* done; existing also wait */
	bool any, fail_fast, at_once;
	bool lenient; /* init --exist-ok, reinit --force, rm -f */
	bool patient; /* a wait without a deadline */
	bool single, stays;
};

struct answer {
	uint8_t result;
	uint8_t status;
	int8_t which;	       /* index in ask.names; -1: not told */
	int8_t failed_fast;    /* -1: not told */
	uint8_t values;	       /* VALUES_UNTOLD: unknown */
	uint16_t value[NAMES]; /* what --print prints, in its order */
	uint8_t shot;
};

struct op {
	struct ask ask;
	struct answer got;
	pid_t pid;
	uint32_t begin, seen, end; /* 0: not yet */
	uint32_t promise; /* keep, break, death: the beginning of the promise that it is about */
	uint8_t requeues; /* how often it may have left the line and joined it again */
	int64_t begin_ns, end_ns; /* CLOCK_MONOTONIC, to be read by people */
};

struct history {
	uint32_t count;
	uint32_t shots;
	uint32_t deaths; /* all of them are the last operations */
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

/* Whether it is known to have changed nothing, whenever it happened. */
bool history_op_is_idle(const struct op *o);

#endif
