/* SPDX-License-Identifier: ISC
 *
 * wait.h - one wait, in the waiter's own memory, and how it ends
 */
#ifndef WAIT_H
#define WAIT_H

#include "shm/calls/wait_graph.h"
#include "shm/os/futex.h"
#include "shm/segment/session.h"

/* Trusted: nobody else can write it. */
struct wait {
	const struct compl_request *req;
	struct compl_outcome *out;
	struct compl_round *round; /* NULL: not in a barrier */
	bool joined;		   /* the waitqueues of all its names */
	bool has_slept;		   /* or was about to: one that borrows may end as it joins */
	/* Of the entries that are to become those of the loan, which is there after the commit: a
	   bit for the name of each, the first one, and the latest one. */
	uint64_t lent;
	uint32_t lent_first, lent_last;
	uint32_t *state; /* of the first entry of the wait, once joined */
	int64_t since_ns;
	/* The words to sleep on are watches[0] to watches[watch_count - 1].  The first own_count of
	 * them are of its waitqueues, the others are watched for the death of producers. */
	size_t watch_count, own_count;
	/* It is first in a waitqueue, or second if the name has producers, or after an entry that
	   entry_may_be_unreported(). */
	bool has_watchdog;
	bool brief; /* the owner of a word may be stopped: sleep for BRIEF_NS at the most */
	int64_t watchdog_ns; /* when a bounded sleep, which goes on later, ends; or 0 */
	bool overslept;	     /* only the bound of the latest sleep has ended it */
	bool unwoken;	     /* and we had the lock so soon after it that no wake was missed */
	int64_t until_ns;    /* when the latest sleep had to end */
	int64_t tick_ns;     /* when compl_request.tick is called next; 0: at once */
	uint32_t walked;     /* the state in which a walk has ended it, or STATE_NONE */
	/* Of detection.c: */
	int64_t detect_ns; /* when it looks for a dead-lock next; 0: at once; or CLOCK_NEVER */
	bool has_looked;   /* and then: it waits for what has a producer, or may be in a cycle */
	bool is_suspect;
	uint64_t looked_ticket; /* the latest that was drawn when it looked */
	int64_t looked_ns;	/* when it looked, or another wait for it */
	uint64_t suspicion;	/* the fingerprint of the dead-lock of the latest look, or 0 */
	struct wait_graph_room graph_room; /* what it asks for; zeros: nothing */
	struct wait_graph *graph;	   /* to be filled or searched, or NULL */
	/* From here on only what is in use is ever written or read. */
	uint32_t completions[COMPL_NAMES_MAX]; /* 0: no such name when looked up */
	uint32_t entries[COMPL_NAMES_MAX];     /* 0: none yet */
	struct futex_watch watches[FUTEX_WATCH_MAX];
	struct session s;
};

static inline bool
wait_has_flag(const struct wait *w, enum compl_wait_flags flag)
{
	return w->req->flags & (unsigned)flag;
}

/* How many of its names it needs; and whether those may be any of more. */
static inline size_t
wait_quorum(const struct wait *w)
{
	if (wait_has_flag(w, COMPL_WAIT_ANY))
		return 1;
	return w->req->at_least != 0 ? w->req->at_least : w->req->count;
}

static inline bool
wait_has_choice(const struct wait *w)
{
	return wait_has_flag(w, COMPL_WAIT_ANY) || w->req->at_least != 0;
}

/* Whether the tokens come back. */
static inline bool
wait_borrows(const struct wait *w)
{
	return w->req->loan != NULL;
}

/* How many tokens it takes from each name. */
static inline uint32_t
wait_need(const struct wait *w)
{
	return w->req->need != 0 ? w->req->need : 1;
}

/* Takes the tokens of the names for which `chosen` is set, in one commit.  The caller has seen that
 * they are there.  Under the lock. */
enum compl_result wait_take(struct wait *w, const bool *chosen);

/* Reads the status and the value of name i into the outcome.  Under the lock. */
void wait_read_payload(struct wait *w, size_t i);

/* Reads the place in a round that is complete.  Returns how the wait in the barrier ends. */
enum compl_result wait_read_round(struct wait *w);

/* Adds the wait to the statistics of all its names, if it has joined their waitqueues. */
void wait_note_statistics(struct wait *w);

/* The state of the wait, which is in its first entry: STATE_WAITING until it is ended, by itself or
 * by a walk (job.c).  Once joined. */
uint32_t wait_state(const struct wait *w);

/* Three ways to leave.  Each gives the beacons up, and returns how the wait ends.
 *
 *	wait_leave_locked()	with the lock: unlinks the entries, and gives the lock back
 *	wait_leave_ended()	a walk has ended the wait, and unlinks its entries
 *	wait_leave_unlocked()	without the lock; if a walk has ended the wait first, that counts */
enum compl_result wait_leave_locked(struct wait *w, enum compl_result result);
enum compl_result wait_leave_ended(struct wait *w, uint32_t state);
enum compl_result wait_leave_unlocked(struct wait *w, enum compl_result result);

#endif
