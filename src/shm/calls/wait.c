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

#include "shm/names/completion.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/log.h"

/* ---- outcomes ---------------------------------------------------------------- */

/* Stores the payload of name i.  The outcome is about name i if out->which says so already, or if
 * name i has the first status other than 0. */
static void
set_payload(struct wait *w, size_t i, const struct compl_payload *payload)
{
	if (w->req->payloads != NULL)
		w->req->payloads[i] = *payload;
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

/* Reads the status and the value that a walk (job.c) has left in entry i of the wait. */
static void
read_entry(struct wait *w, size_t i)
{
	struct entry *e = entry_at(&w->s, w->entries[i]);
	uint32_t length = get(&e->value);
	struct compl_payload payload = { .status = (uint8_t)get(&e->status),
					 .has_value = length > 0 && length <= COMPL_VALUE_MAX + 1 };

	if (payload.has_value)
		memcpy(payload.value, entry_value_at(&w->s, w->entries[i]), length - 1);
	set_payload(w, i, &payload);
}

void
wait_note_statistics(struct wait *w)
{
	for (size_t i = 0; w->joined && i < w->req->count; i++)
		completion_note_wait(&w->s, w->completions[i], w->since_ns,
				     wait_has_flag(w, COMPL_WAIT_IO));
}

/* ---- taking and leaving ------------------------------------------------------- */

enum compl_result
wait_take(struct wait *w, size_t one)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY);
	size_t from = any ? one : 0, to = any ? from + 1 : w->req->count;

	w->out->which = from;
	for (size_t i = from; i < to; i++) {
		wait_read_payload(w, i);
		completion_log_take(&w->s, w->completions[i], wait_need(w));
	}
	if (!log_commit(&w->s))
		return COMPL_E_DAMAGED;
	wait_note_statistics(w);
	return COMPL_OK;
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
		if (w->entries[i] != 0 && get(&entry_at(s, w->entries[i])->completion) != 0)
			waitqueue_unlink(s, w->entries[i]);
		if (w->completions[i] != 0)
			completion_drop_if_idle(s, w->completions[i]);
	}
}

enum compl_result
wait_leave_locked(struct wait *w, enum compl_result result)
{
	unlink_entries(w);
	segment_unlock(&w->s);
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
	return state == STATE_REMOVED ? COMPL_REMOVED : COMPL_E_DAMAGED;
}

/* Reads how a walk has ended the wait: from all entries if all names were at "all", otherwise from
 * the entry that has ended it. */
static enum compl_result
read_outcome(struct wait *w, uint32_t state)
{
	bool all = state == STATE_DONE && !wait_has_flag(w, COMPL_WAIT_ANY);
	uint32_t ended_by = get(&entry_at(&w->s, w->entries[0])->ended_by);

	w->out->failed_fast = state == STATE_FAILED;
	for (size_t i = 0; i < w->req->count && !all; i++)
		if (w->entries[i] == ended_by) {
			w->out->which = i;
			read_entry(w, i);
		}
	for (size_t i = 0; i < w->req->count && all; i++)
		read_entry(w, i);
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

enum compl_result
wait_leave_unlocked(struct wait *w, enum compl_result result)
{
	uint32_t state = STATE_WAITING;

	if (w->joined && !__atomic_compare_exchange_n(w->state, &state, STATE_LEFT, false,
						      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return wait_leave_ended(w, state);
	if (result == COMPL_TIMED_OUT)
		wait_note_statistics(w);
	else if (result == COMPL_INTERRUPTED)
		tidy(w);
	robust_release_all(&w->s.thread);
	return result;
}
