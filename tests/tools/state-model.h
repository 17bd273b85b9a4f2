/* SPDX-License-Identifier: ISC
 *
 * state-model.h - the rules of the manual as a state machine: names, waits, barriers and promises
 *
 * An event belongs to an operation and happens wholly or not at all.  state_model_apply() makes it
 * happen, and says whether it can and agrees with what the operation was told.  What an event does
 * to other operations (a wait is released, or ended by a removal) is part of it, and must agree
 * with what they were told.
 */
#ifndef STATE_MODEL_H
#define STATE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "history.h"

enum event {
	EVENT_ACT,   /* The next step.  Of a wait: the first look, and it is over.  Of a participant
			of a barrier: the same, or it completes the round. */
	EVENT_JOIN,  /* The first look, and it is in line.  Of a post of what is needed: the next
			step, and it has counted waits that have left meanwhile.  Of a death: it is
			not found yet. */
	EVENT_GRANT, /* It takes what it waited for. */
	EVENT_LEAVE, /* It leaves with nothing, or never joined. */
};
#define EVENTS 4

/* Phases.  Of what stands in line: twice the number of times that it has joined again, plus 1 while
 * it is in line.  Of other operations: the number of steps done.  The others are even. */
#define PHASE_OVER   255
#define PHASE_LENT   254 /* a wait that borrows for its CMD has its tokens */
#define PHASE_DEAD   252 /* of a death: the process is dead, and nobody has found that yet */
#define PHASE_TAKING 250 /* a wait that borrows has joined, to take what is there at once */

#define LOANS 40

struct state_model {
	struct name_state name[NAMES];
	/* Generations that are known.  Those of a name up to `over` are over, and `newest` is the
	 * largest of all that have been drawn. */
	uint64_t over[NAMES], newest;
	uint8_t phase[OPS];
	uint8_t waiting;
	/* Waits and participants of barriers, in the order of their tickets.  A process that dies
	 * leaves its lines one after the other, that of its last name first. */
	struct {
		uint8_t op;
		uint8_t left; /* how many of its lines it has left */
		uint8_t lost; /* names that were removed, and it goes on without them, as bits */
	} line[STANDING];
	uint8_t promised;
	struct {
		uint8_t op;
		uint8_t ready; /* 0, or more than that of all that were ready before */
		uint16_t value;
	} promise[STANDING]; /* open ones, oldest first */
	uint8_t loans;
	struct {
		uint8_t op;    /* the wait that borrowed */
		uint8_t names; /* those whose tokens are out, as bits */
	} loan[LOANS];	       /* oldest first */
};

/* Whether a wait or a participant has joined and not left. */
bool state_model_is_in_line(const struct state_model *s, unsigned op);

/* Whether what is at a position of s->line stands in the line of a name. */
bool state_model_waits_for(const struct history *h, const struct state_model *s, unsigned position,
			   unsigned name);

/* Whether the loan at a position of s->loan has tokens of a name. */
bool state_model_lends(const struct state_model *s, unsigned position, unsigned name);

/* Whether a name exists: initialised, posted, waited for, used as a barrier, promised, or borrowed
 * from. */
bool state_model_exists(const struct history *h, const struct state_model *s, unsigned name);

/* What a listing and a wait see of a name: of a ready one and of one that has failed other statuses
 * and values than those that were posted. */
struct name_state state_model_view(const struct history *h, const struct state_model *s,
				   unsigned name);

/* Whether the event can be the next one of that operation.  If so, s is the state after it; else
 * s may be anything. */
bool state_model_apply(const struct history *h, struct state_model *s, unsigned op,
		       enum event event);

#endif
