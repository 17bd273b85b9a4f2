/* SPDX-License-Identifier: ISC
 *
 * borrower.c - lends tokens, and takes them back when nobody can use them any more
 *
 * Invariant: completion.lent is the sum of entry.need over the completion's queue of borrowers.
 * Tokens posted = taken + left + lent.
 *
 * Crash: one commit takes the tokens out of the counter and moves the entry to the queue of
 * borrowers.  Before it the byte of the loan is taken, which nobody looks at yet.  One commit
 * unlinks the entry and adds the tokens to the counter again.
 *
 * What failed before: an entry for the whole loan, with a list of names.  A name that was removed
 * and made anew had to be told from the old one.  As each name has an entry of its own, removing
 * the name removes it.  And one beacon for all entries of a loan: the kernel wakes one sleeper of a
 * beacon, and that one may be killed before it wakes the first in line of another name.
 */
#include "shm/names/borrower.h"

#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/hold.h"
#include "shm/segment/log.h"

struct queue_walk
borrower_walk(struct session *s, uint32_t completion)
{
	return queue_walk(s, &completion_at(s, completion)->borrowers, completion);
}

bool
borrower_is_alive(struct session *s, uint32_t entry)
{
	return entry_is_alive(entry_at(s, entry));
}

bool
borrower_has_ended(struct session *s, uint32_t entry)
{
	return !borrower_is_alive(s, entry) && !hold_is_held(s->c, entry_at(s, entry)->ticket);
}

uint32_t
borrower_find_living(struct session *s, uint32_t completion)
{
	struct queue_walk walk = borrower_walk(s, completion);
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0 && !borrower_is_alive(s, entry))
		;
	return entry;
}

void
borrower_log_lend(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t completion = get(&e->completion), need = get(&e->need);
	struct completion *n = completion_at(s, completion);

	/* The next in line sleeps on this beacon, which the borrower goes on to own. */
	waitqueue_wake_watcher(s, entry);
	completion_log_take(s, completion, need);
	log_put(s, &n->lent, get(&n->lent) + need);
	queue_log_move(s, &n->borrowers, entry);
	log_put(s, &e->flags, get(&e->flags) | ENTRY_BORROWER);
	log_put(s, &e->state, STATE_BORROWING);
}

/* At "all" the counter stays.  (post_check() has seen to it that the sum is below that.)  Tokens
 * that come back end a failure, as those of a post do. */
void
borrower_return(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t completion = get(&e->completion), need = get(&e->need);
	struct completion *n = completion_at(s, completion);
	uint32_t done = get(&n->done);

	if (need > get(&n->lent) || (done != COMPL_ALL && need >= COMPL_ALL - done)) {
		session_note_damage(s);
		return;
	}
	waitqueue_ring(s, completion);
	log_put(s, &n->lent, get(&n->lent) - need);
	if (done != COMPL_ALL && need != 0) {
		log_put(s, &n->done, done + need);
		completion_log_not_failed(s, completion);
	}
	queue_log_remove(s, entry);
	log_commit(s);
}

/* Reports the death of a borrower, for all names of the loan, if the kernel has not done so. */
static void
report(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	if (entry_is_alive(e) && entry_may_be_unreported(s, e))
		waitqueue_report(s, entry);
}

void
borrower_reap_all(struct session *s, uint32_t completion)
{
	struct queue_walk walk = borrower_walk(s, completion);
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0) {
		report(s, entry);
		if (borrower_has_ended(s, entry))
			borrower_return(s, entry);
	}
}
