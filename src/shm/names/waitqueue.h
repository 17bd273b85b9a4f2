/* SPDX-License-Identifier: ISC
 *
 * waitqueue.h - the waiters of a completion, first come, first served
 *
 * A waiter owns a *beacon*, a robust word, for each line that it stands in.  It sleeps on the
 * beacon of the entry ahead.  When the waiter there leaves or dies its beacon changes, and that
 * wakes the next.  The first in line sleeps on the completion's *bell*, a plain word.  Its value is
 * the entry that armed it, or 0 after it was rung.
 *
 * A poster rings before it commits.  The lost wake-up that this prevents:
 *
 *	bad					good
 *	P: lock, counter 1			P: lock, ring: W wakes, wants the lock
 *	P: killed				P: counter 1, killed
 *	(the lock wakes nobody: W sleeps	kernel: the lock's owner died, W has it
 *	on the bell)				W: finds 1 and takes it
 *
 * Only the first in line arms the bell, under the lock, when it has found nothing to take.  So as
 * long as nobody rings, the sleeper on the bell has nothing to take.
 *
 * The bell holds the entry and not a constant for this reason: a waiter that has armed it, and does
 * not sleep yet, may be released, and the next first in line arms the bell again.  With a constant
 * the released waiter would find the value that it expects, and sleep.
 *
 * Locking: all calls are made under the lock.
 *
 * Invariant: a waiter that sleeps is recorded to watch the word that it sleeps on, and there is
 * nothing for it to take; or that word has changed, and the waiter wakes.
 */
#ifndef WAITQUEUE_H
#define WAITQUEUE_H

#include "shm/names/queue.h"
#include "shm/segment/session.h"

/* The first entry of the wait that an entry belongs to, if that wait lives and its state is
 * WAITING. 0: the entry does not stand in line.  It may still be linked, and its waiter on its way
 * out. (An entry and its first entry die one after the other; the ticket shows whether the first
 * entry of the wait was used again since.) */
uint32_t waitqueue_wait_of(struct session *s, uint32_t entry);

/* The first entry that stands in line, or 0.  Changes nothing. */
uint32_t waitqueue_find_first(struct session *s, uint32_t completion);

/* waitqueue_find_first(), and unlinks all entries before it: their waiters have died or left. */
uint32_t waitqueue_reap_to_first(struct session *s, uint32_t completion);

static inline uint32_t
waitqueue_reap_first(struct session *s, uint32_t completion)
{
	bool is_empty = get(&completion_at(s, completion)->waiters.head) == 0;

	return is_empty ? 0 : waitqueue_reap_to_first(s, completion);
}

/* The nearest entry that stands ahead of a linked one, or 0.  Unlinks all entries between them. */
uint32_t waitqueue_reap_ahead(struct session *s, uint32_t entry);

/* All entries that are linked in a line, from the head on, also those that do not stand there. */
struct queue_walk waitqueue_walk(struct session *s, uint32_t completion);

/* The entries of the wait that an entry belongs to, from its first entry on:
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

/* Draws a number that no wait and no promise had before, and none will have.  Commits. */
uint64_t waitqueue_draw_ticket(struct session *s);

/* Obtains an entry (entry_obtain()), after a sweep of all lines if there is no
 * room, fills it in, and owns its beacon.  It is not linked yet.  how has need, flags, pid,
 * since_ns, command, state, lead (0: itself) and ticket.  COMPL_E_FULL_WAITERS,
 * COMPL_E_FULL_DISK, COMPL_E_DAMAGED. */
enum compl_result waitqueue_own_entry(struct session *s, const struct entry *how, uint32_t *entry);
/* waitqueue_own_entry(), and links it at the end of the line. */
enum compl_result waitqueue_join(struct session *s, uint32_t completion, const struct entry *how,
				 uint32_t *entry);

/* Unlinks a linked entry and puts it on the free queue.  Wakes the owner, to see its state, and the
 * waiter that sleeps on the owner's beacon, to look again: the owner may be stopped, and not let go
 * of the beacon for long.  (While the owner holds the beacon, the entry is not used again.) */
void waitqueue_unlink(struct session *s, uint32_t entry);

/* Chooses the word that the waiter of an entry is to sleep on, and records that it watches it: the
 * beacon of the entry `ahead`, or the bell of the line if `ahead` is 0. */
enum waitqueue_watch {
	WAITQUEUE_WATCH,       /* sleep on it */
	WAITQUEUE_WATCH_BRIEF, /* sleep on it, but not for long: see find_target() */
	WAITQUEUE_GONE,	       /* the entry ahead has just let go of its beacon: look again */
};
enum waitqueue_watch waitqueue_watch(struct session *s, uint32_t entry, uint32_t ahead,
				     struct futex_watch *watch);

/* Wakes the waiter of an entry, to look at its state again.  Returns whether it slept. */
bool waitqueue_wake_entry(struct session *s, uint32_t entry);

/* Rings the bell.  To be called before a commit that may let the first in line go. */
void waitqueue_ring(struct session *s, uint32_t completion);

/* Wakes waiters from the head of the line on, until `wanting` of them were really asleep.  Returns
 * how many are still wanting.  To be called before a commit that starts a walk: if we die in the
 * walk, one of WAITQUEUE_WAKES waiters goes on with it, and another one if the first dies too.
 * (The death of the first wakes the next in line, but that one may be stopped.) */
#define WAITQUEUE_WAKES 2
unsigned waitqueue_wake_at_least(struct session *s, uint32_t completion, unsigned wanting);

#endif
