/* SPDX-License-Identifier: ISC
 *
 * state-model.h - the rules of the manual as a state machine: names, waits and promises
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
	EVENT_ACT,   /* the next step; of a wait: the first look, and it is over */
	EVENT_JOIN,  /* the first look, and it is in line; of a post of what is needed: the next
			step, and it has counted waits that have left meanwhile */
	EVENT_GRANT, /* it takes what it waited for */
	EVENT_LEAVE, /* it leaves with nothing, or never joined */
};
#define EVENTS 4

/* Phases.  Of a wait: twice the number of times that it has joined again, plus 1 while it is in
 * line.  Of other operations: the number of steps done. */
#define PHASE_OVER 255

struct state_model {
	struct name_state name[NAMES];
	uint8_t phase[OPS];
	uint8_t waiting;
	/* Waits, in the order of their tickets.  A process that dies leaves its lines one after the
	 * other, that of its last name first. */
	struct {
		uint8_t op;
		uint8_t left; /* how many of its lines it has left */
	} line[STANDING];
	uint8_t promised;
	uint8_t promise[STANDING]; /* open promises, oldest first */
};

/* Whether a wait has joined and not left. */
bool state_model_is_in_line(const struct state_model *s, unsigned op);

/* Whether the wait at a position of s->line waits for a name. */
bool state_model_waits_for(const struct history *h, const struct state_model *s, unsigned position,
			   unsigned name);

/* Whether a name exists: initialised, posted, waited for or promised. */
bool state_model_exists(const struct history *h, const struct state_model *s, unsigned name);

/* Whether the event can be the next one of that operation.  If so, s is the state after it; else
 * s may be anything. */
bool state_model_apply(const struct history *h, struct state_model *s, unsigned op,
		       enum event event);

#endif
