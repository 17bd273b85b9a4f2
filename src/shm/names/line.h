/* SPDX-License-Identifier: ISC
 *
 * line.h - the waiters of a completion, first come, first served
 *
 * Each waiter owns a *beacon*, a robust word, for each line that it stands in, and
 * sleeps on the beacon of the one ahead: whoever leaves, by death too, thereby
 * wakes the one behind.  The first in line sleeps on the completion's *bell*, a plain
 * word: the place that armed it, or 0 once it was rung.
 *
 * A poster rings before it commits.  The lost wake-up that this prevents:
 *
 *	bad					good
 *	P: lock, counter 1			P: lock, ring: W wakes, wants the lock
 *	P: killed				P: counter 1, killed
 *	(the lock wakes nobody: W sleeps	kernel: the lock's owner died, W has it
 *	on the bell)				W: finds 1 and takes it
 *
 * A bell is armed only under the lock, by the first in line, after it found nothing to
 * take; so a sleeper on it that is not woken has nothing to take.
 *
 * The bell holds the place, not a constant, because a waiter that has armed it and does not
 * sleep yet may be released meanwhile, and the next first in line arm it again:
 * the released one would find the value it expects, and sleep.
 *
 * All calls: under the lock.  Invariant when it is free: a waiter that sleeps is recorded to
 * watch the word it sleeps on, and there is nothing for it to take; or that word
 * has changed, and it wakes.
 */
#ifndef LINE_H
#define LINE_H

#include "shm/names/queue.h"
#include "shm/segment/session.h"

/* The lead place of the wait that a place belongs to, if that wait lives and its state is WAITING.
 * 0: the place does not stand in line.  It may still be linked, and its waiter on its way out.
 * (A place and its lead die one after the other; the ticket shows whether the lead was used
 * again since.) */
uint32_t line_lead(struct session *s, uint32_t place);

/* The first place that stands in line, or 0.  Changes nothing. */
uint32_t line_find_first(struct session *s, uint32_t completion);

/* line_find_first(), and unlinks all places before it: their waiters have died or left. */
uint32_t line_reap_to_first(struct session *s, uint32_t completion);

static inline uint32_t
line_reap_first(struct session *s, uint32_t completion)
{
	bool is_empty = get(&completion_at(s, completion)->line.head) == 0;

	return is_empty ? 0 : line_reap_to_first(s, completion);
}

/* The nearest place that stands ahead of a linked one, or 0.  Unlinks all places between them. */
uint32_t line_reap_ahead(struct session *s, uint32_t place);

/* All places that are linked in a line, from the head on, whether or not they stand. */
struct queue_walk line_walk(struct session *s, uint32_t completion);

/* The places of the wait that a place belongs to, from its lead on:
 *
 *	for (struct line_wait w = line_wait(s, place); (place = line_wait_next(&w)) != 0;)
 *
 * Which of them are linked is for the caller to see. */
struct line_wait {
	struct session *s;
	uint64_t ticket;
	uint32_t next, steps;
};
struct line_wait line_wait(struct session *s, uint32_t place);
uint32_t line_wait_next(struct line_wait *walk);

/* Draws a number that no wait and no promise had before, and none will have.  Commits. */
uint64_t line_draw_ticket(struct session *s);

/* Obtains a place (place_obtain()), after a sweep of all lines if there is no
 * room, fills it in, and owns its beacon.  It is not linked yet.  how has need, flags, pid,
 * since_ns, command, state, lead (0: itself) and ticket.  COMPL_E_NO_PLACE,
 * COMPL_E_NO_SPACE, COMPL_E_DAMAGED. */
enum compl_result line_own_place(struct session *s, const struct place *how, uint32_t *place);
/* line_own_place(), and links it at the end of the line. */
enum compl_result line_join(struct session *s, uint32_t completion, const struct place *how,
			    uint32_t *place);

/* Unlinks a linked place, which is on the free queue then.  Its owner may still
 * live: the queue hands it out only when it has let go of the beacon.  Wakes the owner, so
 * that it sees its state, and who sleeps behind it, so that it looks again: the owner may
 * be stopped and not let go for long. */
void line_unlink(struct session *s, uint32_t place);

/* Has the place sleep on a word: the beacon of `ahead`, or if that is 0 the bell
 * of its line. */
enum line_watch {
	LINE_WATCH,	  /* sleep on it */
	LINE_WATCH_BRIEF, /* the same, but not for long: see line.c */
	LINE_GONE,	  /* the place ahead has just let go: look again */
};
enum line_watch line_watch(struct session *s, uint32_t place, uint32_t ahead,
			   struct futex_watch *watch);

/* Wakes the waiter of a place, so that it looks at its state again.  Returns
 * whether it was found asleep. */
bool line_poke(struct session *s, uint32_t place);

/* Before a commit that may let the first in line go. */
void line_ring(struct session *s, uint32_t completion);

/* Before a commit that starts a walk: makes sure that two besides us will come to the lock, of whom
 * one goes on if we die, and the other if that one dies too.  (Its death wakes who is behind it,
 * unless that one is stopped.)  Goes down the line until so many sleepers were really woken as are
 * wanting of two; returns how many are then. */
#define LINE_ROUSED 2
unsigned line_rouse(struct session *s, uint32_t completion, unsigned wanting);

#endif
