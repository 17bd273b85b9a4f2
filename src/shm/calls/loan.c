/* SPDX-License-Identifier: ISC
 *
 * loan.c - compl_give_back(): ends a loan that compl_wait() or compl_try() has made
 *
 * Invariant: between calls the beacons of the entries of each loan are on the thread's private
 * robust list, as that of a promise is (promise.c).
 *
 * Crash: if we die before the commit, nobody owns the beacon any more, and whoever looks at a name
 * of the loan gives its tokens back as soon as the byte is free.
 */
#include "api/clock.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/hold.h"
#include "shm/segment/log.h"

/* Whether the loan is not over: what it says may be a copy of one that is. */
static bool
is_open(struct session *s, const struct compl_loan *loan)
{
	const struct entry *e = entry_at(s, loan->entry);

	return robust_holds(&s->thread, &e->beacon) && e->ticket == loan->ticket;
}

/* Whether an entry of the loan's wait still has tokens. */
static bool
has_tokens(struct session *s, uint32_t entry)
{
	return get(&entry_at(s, entry)->completion) != 0 &&
	       get(&entry_at(s, entry)->flags) & ENTRY_BORROWER;
}

/* As with a post, the tokens come after the death of a producer that has died before. */
static void
give_back(struct session *s, uint32_t first)
{
	uint32_t entry;

	for (struct wait_walk walk = wait_walk(s, first); (entry = wait_walk_next(&walk)) != 0;) {
		if (!has_tokens(s, entry))
			continue;
		producer_reap(s, get(&entry_at(s, entry)->completion));
		borrower_return(s, entry);
	}
}

/* Gives up the beacons of the loan.  All retained words are beacons of entries.  While we own one,
 * nobody uses its entry again, so the ticket tells whose it is. */
static void
release_beacons(struct session *s, const struct compl_loan *loan)
{
	for (size_t i = s->thread.count; i-- > 0;) {
		char *beacon = (char *)robust_word(&s->thread, i);
		struct entry *e = (struct entry *)(beacon - offsetof(struct entry, beacon));

		if (e->ticket == loan->ticket)
			robust_release(&s->thread, &e->beacon);
	}
}

enum compl_result
compl_give_back(struct compl_space *c, struct compl_loan *loan)
{
	struct session s;
	enum compl_result result;

	if (loan->entry == 0 || !c->one_thread)
		return COMPL_E_ARGUMENT;
	if ((result = session_begin(&s, c, NULL)) != COMPL_OK ||
	    (result = segment_lock(&s, CLOCK_NEVER)) != COMPL_OK)
		return result;
	if (!is_open(&s, loan))
		return segment_unlock_with(&s, COMPL_E_ARGUMENT);
	if (hold_is_held(c, loan->ticket))
		result = COMPL_NOT_DONE;
	else
		give_back(&s, loan->entry);
	if ((result = segment_unlock_with(&s, result)) == COMPL_E_DAMAGED)
		return result;
	release_beacons(&s, loan);
	*loan = (struct compl_loan){ .hold = loan->hold };
	return result;
}
