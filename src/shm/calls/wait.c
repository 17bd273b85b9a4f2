/* SPDX-License-Identifier: ISC
 *
 * wait.c - ends a wait: takes its tokens, reads its outcome, gives its entries up
 *
 * A waiter may leave without the lock, because the owner of the lock may be stopped.  To the next
 * in line a death, a deadline and a release by "all" look alike: the beacon changes.  Any call that
 * meets the entries of the waiter under the lock unlinks them.
 *
 * Invariant: a waiter changes its state from WAITING by compare-and-swap before it leaves without
 * the lock.  So of a release and a deadline exactly one happens.
 *
 * Crash: before the commit in wait_take() the tokens are still there, and our death wakes the next
 * in line, which finds them.  After the commit they are ours.
 */
#include "shm/calls/wait.h"

#include <string.h>

#include "shm/names/barrier.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/hold.h"
#include "shm/segment/log.h"

/* ---- outcomes ---------------------------------------------------------------- */

/* Stores the payload of name i.  The outcome is about name i if out->which says so already, or if
 * name i has the first status other than 0. */
static void
set_payload(struct wait *w, size_t i, const struct compl_payload *payload)
{
	if (w->req->payloads != NULL)
		w->req->payloads[i] = *payload;
	if (w->req->states != NULL)
		w->req->states[i].payload = *payload;
	if (i == w->out->which || (w->out->status == 0 && payload->status != 0)) {
		w->out->which = i;
		w->out->status = payload->status;
	}
}

void
wait_read_payload(struct wait *w, size_t i)
{
	struct compl_payload payload;

	completion_read_payload(&w->s, w->completions[i], &payload);
	set_payload(w, i, &payload);
}

/* Notes that name i has let the wait go: at "all", ready, or failed. */
static void
note_release(struct wait *w, size_t i, uint32_t packed)
{
	struct compl_state *state = &w->req->states[i];

	state->known = state->exists = state->covered = true;
	state->ready = packed & PAYLOAD_READY;
	state->failed = !(packed & (PAYLOAD_READY | PAYLOAD_ALL));
	if (packed & PAYLOAD_ALL)
		state->done = COMPL_ALL;
}

/* Reads the status and the value that a walk (job.c), which has ended the wait in `state`, has left
 * in entry i of the wait. */
static void
read_entry(struct wait *w, size_t i, uint32_t state)
{
	struct entry *e = entry_at(&w->s, w->entries[i]);
	uint32_t packed = get(&e->payload), length = packed >> 8 & PAYLOAD_LENGTH;
	struct compl_payload payload = { .status = (uint8_t)packed,
					 .has_value = length > 0 && length <= COMPL_VALUE_MAX + 1 };

	if (payload.has_value)
		memcpy(payload.value, entry_value_at(&w->s, w->entries[i]), length - 1);
	set_payload(w, i, &payload);
	if (w->req->states != NULL && state == STATE_DONE)
		note_release(w, i, packed);
}

void
wait_note_statistics(struct wait *w)
{
	for (size_t i = 0; w->has_slept && i < w->req->count; i++)
		if (w->completions[i] != 0)
			completion_note_wait(&w->s, w->completions[i], w->since_ns,
					     wait_has_flag(w, COMPL_WAIT_IO));
}

/* ---- taking and leaving ------------------------------------------------------- */

/* Borrows from name i, in the transaction under way.  The entries of a loan are a wait of their
 * own, without those of names at "all", which lend nothing.  They are ours, so their links need no
 * log. */
static void
log_lend(struct wait *w, size_t i)
{
	struct entry *e = entry_at(&w->s, w->entries[i]);

	if (completion_is_open(&w->s, w->completions[i]))
		return;
	if (w->lent == 0)
		w->lent_first = w->entries[i];
	else
		put(&entry_at(&w->s, w->lent_last)->wait_next, w->entries[i]);
	put(&e->wait_first, w->lent_first);
	put(&e->wait_next, 0);
	w->lent_last = w->entries[i];
	w->lent |= UINT64_C(1) << i;
	borrower_log_lend(&w->s, w->entries[i]);
}

/* Takes the byte that CMD will hold.  Its number is the ticket of the wait. */
static enum compl_result
take_hold(struct wait *w)
{
	struct compl_loan *loan = w->req->loan;

	loan->ticket = entry_at(&w->s, w->entries[0])->ticket;
	return hold_take(loan->hold, loan->ticket);
}

/* Reads the payloads of the names that have let the wait go. */
static void
read_chosen(struct wait *w, const bool *chosen)
{
	for (w->out->which = 0; !chosen[w->out->which]; w->out->which++)
		;
	for (size_t i = w->out->which; i < w->req->count; i++) {
		if (!chosen[i])
			continue;
		wait_read_payload(w, i);
		if (w->req->granted != NULL)
			w->req->granted[i] = true;
	}
}

/* Takes or borrows the tokens of name i, in the transaction under way. */
static void
log_take(struct wait *w, size_t i)
{
	if (w->req->states != NULL && !completion_is_open(&w->s, w->completions[i]))
		w->req->states[i].taken = wait_need(w);
	if (wait_borrows(w))
		log_lend(w, i);
	else
		completion_log_take(&w->s, w->completions[i], wait_need(w));
}

enum compl_result
wait_take(struct wait *w, const bool *chosen)
{
	enum compl_result result = wait_borrows(w) ? take_hold(w) : COMPL_OK;

	if (result != COMPL_OK)
		return result;
	read_chosen(w, chosen);
	/* With another status than 0 a borrower takes nothing.  It must not take and give back: at
	 * counter 0 a name forgets its status, and the next wait would find a success. */
	for (size_t i = 0; i < w->req->count; i++)
		if (chosen[i] && !(wait_borrows(w) && w->out->status != 0))
			log_take(w, i);
	if (!log_commit(&w->s))
		return COMPL_E_DAMAGED;
	if (w->lent != 0)
		w->req->loan->entry = w->lent_first;
	wait_note_statistics(w);
	return COMPL_OK;
}

/* Whether the wait has an entry in the line of name i, and has not borrowed by it. */
static bool
is_linked_in_line(struct wait *w, size_t i)
{
	struct entry *e;

	if (w->entries[i] == 0)
		return false;
	e = entry_at(&w->s, w->entries[i]);
	return get(&e->completion) != 0 && !(get(&e->flags) & ENTRY_BORROWER);
}

/* Unlinks those of our entries that are still linked.  We own their beacons, so nobody can have
 * used the entries again.  Clears their `watch` first, because we are awake: waitqueue_unlink()
 * need not wake us. */
static void
unlink_entries(struct wait *w)
{
	struct session *s = &w->s;

	for (size_t i = 0; i < w->req->count; i++)
		if (w->entries[i] != 0)
			put(&entry_at(s, w->entries[i])->watch, 0);
	for (size_t i = 0; i < w->req->count; i++) {
		if (is_linked_in_line(w, i))
			waitqueue_unlink(s, w->entries[i]);
		if (w->completions[i] != 0)
			completion_drop_if_idle(s, w->completions[i]);
	}
}

/* Gives up the beacons of those entries that have not borrowed.  The others go on to say that the
 * borrower lives. */
static void
retain_loan(struct wait *w)
{
	for (size_t i = 0; i < w->req->count; i++)
		if (w->entries[i] != 0 && !(w->lent >> i & 1))
			robust_release(&w->s.thread, &entry_at(&w->s, w->entries[i])->beacon);
	robust_retain(&w->s.thread);
}

enum compl_result
wait_leave_locked(struct wait *w, enum compl_result result)
{
	unlink_entries(w);
	segment_unlock(&w->s);
	if (wait_borrows(w) && w->req->loan->entry != 0)
		retain_loan(w);
	else
		robust_release_all(&w->s.thread);
	return w->s.damaged && result != COMPL_OK ? COMPL_E_DAMAGED : result;
}

static enum compl_result
result_of(uint32_t state)
{
	if (state == STATE_DONE || state == STATE_FAILED)
		return COMPL_OK;
	if (state == STATE_PRODUCER_DIED)
		return COMPL_PRODUCER_DIED;
	if (state == STATE_OUTDATED)
		return COMPL_OTHER_GENERATION;
	return state == STATE_REMOVED ? COMPL_REMOVED : COMPL_E_DAMAGED;
}

enum compl_result
wait_read_round(struct wait *w)
{
	uint32_t place = get(&entry_at(&w->s, w->entries[0])->payload);

	if (wait_state(w) == STATE_DONE) {
		w->round->place = place;
		if (place < 1 || place > w->round->parties)
			return COMPL_E_DAMAGED;
	}
	return result_of(wait_state(w));
}

/* Whether name i has let the wait go: it was open when the walk ended the wait. */
static bool
is_granted(struct wait *w, size_t i)
{
	uint32_t packed = get(&entry_at(&w->s, w->entries[i])->payload);

	return packed & (PAYLOAD_ALL | PAYLOAD_READY) &&
	       (w->req->at_least == 0 || !(packed & PAYLOAD_LOST));
}

/* Reads the entries of the names that have let the wait go: as many as it needs, the first in the
 * request. */
static void
read_granted(struct wait *w, uint32_t state)
{
	size_t left = wait_quorum(w);

	for (size_t i = 0; i < w->req->count && left > 0; i++) {
		if (!is_granted(w, i))
			continue;
		if (left-- == wait_quorum(w))
			w->out->which = i;
		if (w->req->granted != NULL)
			w->req->granted[i] = true;
		read_entry(w, i, state);
	}
}

/* Reads the entry that has ended the wait. */
static void
read_culprit(struct wait *w, uint32_t state)
{
	uint32_t ended_by = get(&entry_at(&w->s, w->entries[0])->ended_by);

	for (size_t i = 0; i < w->req->count; i++)
		if (w->entries[i] == ended_by) {
			w->out->which = i;
			read_entry(w, i, state);
			if (w->req->granted != NULL)
				w->req->granted[i] = state == STATE_DONE;
		}
}

/* Reads how a walk has ended the wait. */
static enum compl_result
read_outcome(struct wait *w, uint32_t state)
{
	if (w->round != NULL)
		return wait_read_round(w);
	w->out->failed_fast = state == STATE_FAILED;
	if (state == STATE_DONE && !wait_has_flag(w, COMPL_WAIT_ANY))
		read_granted(w, state);
	else
		read_culprit(w, state);
	w->walked = state;
	return result_of(state);
}

/* Unlinks our entries if it can take the lock without a sleep.  Otherwise others unlink them
 * later. */
static void
tidy(struct wait *w)
{
	if (segment_lock(&w->s, 0) != COMPL_OK)
		return;
	unlink_entries(w);
	segment_unlock(&w->s);
}

enum compl_result
wait_leave_ended(struct wait *w, uint32_t state)
{
	enum compl_result result = read_outcome(w, state);

	robust_release_all(&w->s.thread);
	return w->s.damaged ? COMPL_E_DAMAGED : result;
}

uint32_t
wait_state(const struct wait *w)
{
	return __atomic_load_n(w->state, __ATOMIC_ACQUIRE);
}

/* Ends the wait by itself, unless it has been ended.  Returns whether it did. */
static bool
give_up(struct wait *w)
{
	uint32_t state = STATE_WAITING;

	if (w->round != NULL)
		return barrier_leave(&w->s, w->completions[0], w->entries[0]);
	return __atomic_compare_exchange_n(w->state, &state, STATE_LEFT, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

enum compl_result
wait_leave_unlocked(struct wait *w, enum compl_result result)
{
	if (w->joined && !give_up(w))
		return wait_leave_ended(w, wait_state(w));
	if (result == COMPL_TIMED_OUT)
		wait_note_statistics(w);
	else if (result == COMPL_INTERRUPTED)
		tidy(w);
	robust_release_all(&w->s.thread);
	return result;
}
