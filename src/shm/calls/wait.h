/* SPDX-License-Identifier: ISC
 *
 * wait.h - one wait, in the waiter's own memory, and how it ends
 */
#ifndef WAIT_H
#define WAIT_H

#include "shm/os/futex.h"
#include "shm/segment/session.h"

struct wait_graph;

/* Trusted: nobody else can write it. */
struct wait {
	const struct compl_request *req;
	struct compl_outcome *out;
	bool joined;
	uint32_t *state; /* of the first entry of the wait, once joined */
	int64_t since_ns;
	size_t watching;  /* the number of words to sleep on; */
	size_t own;	  /* so many of them belong to its lines, the others to producers */
	bool first;	  /* it is first in a line, or next to the first of one with producers */
	bool brief;	  /* the owner of a word may be stopped: sleep for BRIEF_NS at the most */
	bool by_watchdog; /* only a watchdog ended the latest sleep */
	struct wait_graph *graph; /* to be looked at, or NULL */
	uint64_t suspicion;	  /* what the latest look that found one has left, or 0 */
	int64_t detect_ns;	  /* the time of the next look for a dead-lock; 0: at once */
	/* From here on only what is in use is ever written or read. */
	uint32_t completions[COMPL_NAMES_MAX]; /* 0: no such name, under the lock */
	uint32_t entries[COMPL_NAMES_MAX];     /* in line; all or none */
	struct futex_watch watches[FUTEX_WATCH_MAX];
	struct session s;
};

static inline bool
wait_has_flag(const struct wait *w, enum compl_wait_flags flag)
{
	return w->req->flags & (unsigned)flag;
}

/* How many tokens it takes from each name. */
static inline uint32_t
wait_need(const struct wait *w)
{
	return w->req->need != 0 ? w->req->need : 1;
}

/* Takes the tokens of all names, or, if any name will do, those of the name `one`.  The caller has
 * seen that they are there.  One commit.  Under the lock. */
enum compl_result wait_take(struct wait *w, size_t one);

/* Reads the status and the value of a name into the outcome.  Under the lock. */
void wait_read_payload(struct wait *w, size_t i);

/* Adds the wait to the statistics of all its names, if it stands in line. */
void wait_note_statistics(struct wait *w);

/* The state of the wait's first entry; others may have ended it. */
uint32_t wait_state(const struct wait *w);

/* Three ways to leave.  Each gives the beacons up, and returns how the wait ends.
 *
 *	wait_leave_locked()	with the lock: unlinks the entries and gives the lock back
 *	wait_leave_ended()	a walk has ended the wait and unlinked its entries
 *	wait_leave_unlocked()	without the lock; if a walk ends the wait first, that counts */
enum compl_result wait_leave_locked(struct wait *w, enum compl_result result);
enum compl_result wait_leave_ended(struct wait *w, uint32_t state);
enum compl_result wait_leave_unlocked(struct wait *w, enum compl_result result);

#endif
