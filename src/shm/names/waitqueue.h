/* SPDX-License-Identifier: ISC
 *
 * waitqueue.h - the waiters of a completion, first come, first served
 *
 * Each completion has a waitqueue: a list of entries, in the order in which the waiters came.  A
 * wait over several names has an entry in the waitqueue of each name, and the first of these
 * entries holds the state of the wait.
 *
 * Each entry has a *beacon*: a robust word (robust.h) that its waiter owns while it waits.  A
 * waiter sleeps on the beacon of the entry ahead.  When the waiter there leaves or dies, the beacon
 * changes, and that wakes the next.
 *
 * An entry is *linked* as long as it is in the list.  It is *queued* as long as its wait goes on:
 * its beacon and that of the first entry of the wait have an owner, and the state of the wait is
 * WAITING.  The entry of a waiter that has died or left may stay linked, until a call that meets it
 * unlinks it.
 *
 * Each completion has a *bell*: a plain word on which the first in line sleeps.  Its value is the
 * entry that armed it, or 0 after it was rung.  (watch.c chooses among the beacons and bells that a
 * wait over several names could sleep on.)
 *
 * A poster rings the bell before it commits.  In the other order a wake-up can be lost.  P is the
 * poster, and W the first in line:
 *
 *	bad					good
 *	P: locks, commits counter 1		P: locks, rings; W wakes, wants the lock
 *	P: is killed				P: commits counter 1, is killed
 *	kernel: frees the lock, and wakes	kernel: frees the lock, and W gets it
 *	nobody: W sleeps on the bell		W: finds counter 1, and takes it
 *
 * Only the first in line arms the bell, under the lock, when it has found nothing to take.  So as
 * long as nobody rings, the sleeper on the bell has nothing to take.
 *
 * Why the bell holds the entry and not a constant: suppose a waiter has armed the bell and does not
 * sleep yet.  It is released, and the waiter that is then first in line arms the bell again.  With
 * a constant, the released waiter would find the value that it expects, and sleep.
 *
 * Locking: all calls are made under the lock.
 *
 * Invariant: a waiter that sleeps has recorded its word in entry.watch.  Either there is nothing
 * for it to take, or that word has changed, and then the waiter wakes.
 */
#ifndef WAITQUEUE_H
#define WAITQUEUE_H

#include "shm/names/queue.h"
#include "shm/segment/session.h"

/* Returns the first entry of the wait that an entry belongs to, or 0 if the entry is not queued.
 * An entry may be linked and not queued: its waiter is dead or on its way out.  (An entry and the
 * first entry of its wait die one after the other.  If the first entry was used again since, the
 * tickets of the two differ.) */
uint32_t waitqueue_wait_of(struct session *s, uint32_t entry);

/* Whether an entry is queued: waitqueue_wait_of() finds its wait. */
static inline bool
waitqueue_is_queued(struct session *s, uint32_t entry)
{
	return waitqueue_wait_of(s, entry) != 0;
}

/* Returns how many entries are queued. */
uint32_t waitqueue_count(struct session *s, uint32_t completion);

/* Returns the first queued entry, or 0.  Changes nothing. */
uint32_t waitqueue_find_first(struct session *s, uint32_t completion);

/* Returns the first queued entry, or 0.  Unlinks all entries before it: their waiters have died or
 * left.  (Saves the call of the slow part if no entry is linked.) */
uint32_t waitqueue_reap_to_first_slow(struct session *s, uint32_t completion);

static inline uint32_t
waitqueue_reap_to_first(struct session *s, uint32_t completion)
{
	bool is_empty = get(&completion_at(s, completion)->waiters.head) == 0;

	return is_empty ? 0 : waitqueue_reap_to_first_slow(s, completion);
}

/* Returns the nearest queued entry ahead of a linked one, or 0.  Unlinks all entries between the
 * two, or all entries ahead if it returns 0. */
uint32_t waitqueue_reap_ahead(struct session *s, uint32_t entry);

/* Does what entry_report() does, for all entries of a wait.  Returns whether the entry itself is
 * dead now. */
bool waitqueue_report(struct session *s, uint32_t entry);

/* Begins a walk along all linked entries, from the head on; some of them may not be queued. */
struct queue_walk waitqueue_walk(struct session *s, uint32_t completion);

/* Walks along the entries of the wait that an entry belongs to, from its first entry on:
 *
 *	for (struct wait_walk w = wait_walk(s, entry); (entry = wait_walk_next(&w)) != 0;)
 *
 * Some of them may not be linked any more. */
struct wait_walk {
	struct session *s;
	uint64_t ticket;
	uint32_t next, steps;
};
struct wait_walk wait_walk(struct session *s, uint32_t entry);
uint32_t wait_walk_next(struct wait_walk *walk);

/* How many of its names the wait of an entry needs if it is enough that some of them are done:
 * COMPL_WAIT_ANY, or compl_request.at_least.  0: it needs all. */
uint32_t waitqueue_quorum(struct session *s, uint32_t entry);

/* Draws a ticket: a number that no wait and no promise has had before, and that none will have
 * again.  Commits. */
uint64_t waitqueue_draw_ticket(struct session *s);

/* Obtains an entry (entry_obtain()), fills it in, and owns its beacon.  Does not link it.  If there
 * is no room, unlinks all entries that are not queued, in all waitqueues, and tries again.
 *
 * The caller sets these fields of `how`: need, flags, pid, parent, since_ns, command, state,
 * ticket, payload (of a barrier; otherwise 0), and wait_first (0: the entry itself).
 *
 * Fails with COMPL_E_FULL_WAITERS, COMPL_E_FULL_DISK, COMPL_E_SYSTEM or COMPL_E_DAMAGED. */
enum compl_result waitqueue_own_entry(struct session *s, const struct entry *how, uint32_t *entry);

/* Does what waitqueue_own_entry() does, and links the entry at the end of the waitqueue. */
enum compl_result waitqueue_join(struct session *s, uint32_t completion, const struct entry *how,
				 uint32_t *entry);

/* Wakes the waiter that sleeps on the beacon of an entry, if one is recorded to, to look again. */
void waitqueue_wake_watcher(struct session *s, uint32_t entry);

/* Unlinks a linked entry and puts it on the free queue.  Wakes its waiter, which looks at the state
 * of its wait.  Also wakes the waiter that sleeps on the beacon of the entry, which looks again.
 * (Otherwise it might sleep for long: the owner of the beacon may be stopped, and not let go of it.
 * While the beacon has an owner, the entry is not used again.) */
void waitqueue_unlink(struct session *s, uint32_t entry);

/* Chooses the word that the waiter of an entry is to sleep on: the beacon of the entry `ahead`, or
 * the bell if `ahead` is 0.  Records the choice in entry.watch, and returns the word and its
 * expected value in *watch. */
enum waitqueue_watch {
	WAITQUEUE_WATCH,       /* sleep on it */
	WAITQUEUE_WATCH_BRIEF, /* sleep on it, but not for long: see find_target() */
	WAITQUEUE_GONE,	       /* the beacon has just lost its owner: look again */
};
enum waitqueue_watch waitqueue_watch(struct session *s, uint32_t entry, uint32_t ahead,
				     struct futex_watch *watch);

/* Wakes the waiter of an entry, which looks at the state of its wait again.  Returns whether it
 * slept. */
bool waitqueue_wake_entry(struct session *s, uint32_t entry);

/* Reaps up to the first queued entry, and rings the bell if there is one.  If nobody slept on the
 * bell, and the first in line may have died without a report, asks about it; if it is dead, goes on
 * with the next.  Call this before a commit that may give the first in line what it waits for. */
void waitqueue_ring(struct session *s, uint32_t completion);

/* Wakes waiters, from the head of the waitqueue on, until `missing` of them were really asleep.
 * Returns how many are still missing.
 *
 * Call this before a commit that starts a walk (job.h), with WAITQUEUE_WAKES.  If we die in the
 * walk, one of the woken waiters goes on with it, and another one does if that one dies too.  (The
 * death of the first in line would wake the next, but the next may be stopped.) */
#define WAITQUEUE_WAKES 2
unsigned waitqueue_wake_at_least(struct session *s, uint32_t completion, unsigned missing);

#endif
