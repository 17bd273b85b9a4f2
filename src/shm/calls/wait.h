/* SPDX-License-Identifier: ISC
 *
 * wait.h - one wait, in the waiter's own memory, and how it ends
 */
#ifndef WAIT_H
#define WAIT_H

#include "shm/os/futex.h"
#include "shm/segment/session.h"

struct scene;

/* Trusted: nobody else can write it. */
struct wait {
	const struct compl_request *req;
	struct compl_outcome *out;
	bool joined;
	uint32_t *state; /* of the lead, once joined */
	int64_t since_ns;
	size_t watching;     /* words, */
	size_t own;	     /* and so many of them of its lines; behind them producers' */
	bool first;	     /* it sleeps on a bell, or behind who does where there are producers */
	bool brief;	     /* on somebody who may be stopped */
	bool belted;	     /* only a seat belt ended the latest sleep */
	struct scene *scene; /* to be looked at, or NULL */
	uint64_t suspicion;  /* what the latest look that found one has left, or 0 */
	int64_t detect_ns;   /* when to look for a dead-lock next; 0: at once */
	/* From here on only what is in use is ever written or read. */
	uint32_t completions[COMPL_NAMES_MAX]; /* 0: no such name, under the lock */
	uint32_t places[COMPL_NAMES_MAX];      /* in line; all or none */
	struct futex_watch watches[FUTEX_WATCH_MAX];
	struct session s;
};

static inline bool
wait_has_flag(const struct wait *w, enum compl_wait_flags flag)
{
	return w->req->flags & (unsigned)flag;
}

/* The point of commit: takes the tokens of all names, or where any name will do those of one.
 * They are there.  Under the lock. */
enum compl_result wait_take(struct wait *w, size_t one);

/* What a name has to say, into the outcome.  Under the lock. */
void wait_read_word(struct wait *w, size_t i);

/* Adds the wait to the statistics of all its names, if it stands in line. */
void wait_note_statistics(struct wait *w);

/* The state of the wait's lead place; others may have ended it. */
uint32_t wait_state(const struct wait *w);

/* How to leave: with the lock, which is given back; ended by somebody, who has unlinked
 * us; and without the lock, when of leaving and being ended exactly one happens.  All give
 * the beacons up and return how the wait ends. */
enum compl_result wait_leave_locked(struct wait *w, enum compl_result result);
enum compl_result wait_leave_ended(struct wait *w, uint32_t state);
enum compl_result wait_leave_unlocked(struct wait *w, enum compl_result result);

#endif
