/* SPDX-License-Identifier: ISC
 *
 * waiter.c - the one loop of all waits: queues the wait, looks, sleeps, and leaves
 *
 * loop() repeats four steps until the wait has ended:
 *
 *	wait_round()		takes the lock and looks at the names.  If the wait can end, takes
 *				the tokens and leaves.  Otherwise joins the waitqueues, if it has
 *				not joined them yet, and arms the words that change when a blocker
 *				is gone (watch.h).  Gives the lock back.  (The first wait of a
 *				handle with COMPL_ONE_THREAD makes the links of its robust list
 *				before it joins, without the lock: a wait that need not join saves
 *				them.)
 *	detection_look()	looks for a dead-lock that this wait has closed, if that is due,
 *				without the lock (detection.h).  The next round ends the wait if
 *				there is one.
 *	tick_call()		calls compl_request.tick, if that is due, without the lock.
 *	sleep_once()		sleeps on these words, without the lock.
 *
 * How a wait ends decides which function of wait.h it leaves by:
 *
 *	wait_leave_locked()	wait_step() has ended it under the lock: it has taken the tokens, or
 *				found a reason to end without; or there is a dead-lock
 *	wait_leave_ended()	a walk (job.c) has ended it: after "all", a removal, a producer's
 *				death, a failure or a new generation
 *	wait_leave_unlocked()	it ends without the lock: a signal came, the segment's file is not
 *				linked any more, the futex call failed; or it did not get the lock:
 *				the deadline came first, or the namespace is removed or damaged
 *
 * A wait that fails because a name does not exist (COMPL_WAIT_EXISTING) has no entries yet, and
 * needs none of them.
 *
 * Invariant: all entries of a wait have one ticket, and are linked under one hold of the lock.  So
 * two waits have the same order in all waitqueues that they share.  The later one waits for the
 * earlier one, and never the reverse.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "shm/calls/detection.h"
#include "shm/calls/readiness.h"
#include "shm/calls/round.h"
#include "shm/calls/states.h"
#include "shm/calls/wait.h"
#include "shm/calls/watch.h"
#include "shm/names/barrier.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/name.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/file.h"

#define LINKED_NS (10 * CLOCK_SECOND_NS) /* the longest sleep of the first in line */
#define EARLY_NS  (2 * CLOCK_SECOND_NS)	 /* how early the end of that counts as its end */
#define BRIEF_NS  CLOCK_SECOND_NS /* the longest sleep on a word whose owner may be stopped */
#define LOCK_NS	  CLOCK_SECOND_NS /* how long a call that is never queued waits for the lock */

/* As good as never, for a sleep on one word that a signal handler is to end.  If the sleep had no
 * end at all, the kernel would go on with it after a handler with SA_RESTART. */
#define FAR_NS (COMPL_NEVER - 1)

/* Whether the deadline has passed. */
static bool
is_over(const struct wait *w)
{
	int64_t deadline_ns = w->req->deadline_ns;

	return deadline_ns != COMPL_NEVER && (deadline_ns <= 0 || clock_now_ns() >= deadline_ns);
}

/* ---- joining the waitqueues ------------------------------------------------------ */

/* Describes the wait, for waitqueue_join() to fill in each of its entries. */
static void
fill_how(struct wait *w, struct entry *how)
{
	*how = (struct entry){ .need = wait_need(w),
			       .ticket = waitqueue_draw_ticket(&w->s),
			       .state = STATE_WAITING,
			       .pid = (uint32_t)getpid(),
			       .parent = (uint32_t)getppid(),
			       .since_ns = w->since_ns = clock_now_ns() };
	how->flags = w->req->at_least << ENTRY_AT_LEAST_SHIFT |
		     (wait_has_flag(w, COMPL_WAIT_ANY) ? ENTRY_ANY : 0) |
		     (w->req->deadline_ns == COMPL_NEVER ? ENTRY_ENDLESS : 0) |
		     (wait_has_flag(w, COMPL_WAIT_FAIL_FAST) ? ENTRY_FAIL_FAST : 0) |
		     (wait_has_flag(w, COMPL_WAIT_IO) ? ENTRY_IO : 0) |
		     (w->req->generation != 0 ? ENTRY_GENERATION : 0) |
		     (w->round != NULL ? ENTRY_BARRIER : 0);
	if (w->req->command != NULL)
		memcpy(how->command, w->req->command,
		       strnlen(w->req->command, sizeof(how->command)));
}

/* Whether an earlier name has led to the same completion as name i.  The segment is damaged then:
 * the wait would be queued after itself. */
static bool
has_joined(const struct wait *w, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (w->completions[j] == w->completions[i])
			return true;
	return false;
}

/* Makes the names that do not exist, and joins the waitqueue of each name.  Looks a name up right
 * before it joins its waitqueue, because name_make() for another name may drop it while it is idle.
 *
 * Crash: if we die before all entries are linked, the linked ones are dead, and any call that meets
 * them unlinks them.  Once all are linked, robust_raise() makes the beacon of the first entry the
 * first that the kernel lets go of.  waitqueue_wait_of() looks at it for every entry of the wait,
 * so all of them are dead at once. */
static enum compl_result
join(struct wait *w)
{
	struct session *s = &w->s;
	enum compl_result result = COMPL_OK;
	struct entry how;

	fill_how(w, &how);
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = name_reap_and_look_up(s, w->req->names[i]);
		if (!completion_is_of(s, w->completions[i], w->req->generation))
			result = COMPL_OTHER_GENERATION;
		else if (w->completions[i] == 0)
			result = name_make(s, w->req->names[i], &w->completions[i]);
		if (has_joined(w, i))
			session_note_damage(s);
		if (w->round != NULL && result == COMPL_OK)
			how.payload = barrier_next_place(s, w->completions[i]);
		if (result == COMPL_OK)
			result = waitqueue_join(s, w->completions[i], &how, &w->entries[i]);
		if (result != COMPL_OK)
			return result;
		if (i == 0)
			how.wait_first = w->entries[0];
		else
			put(&entry_at(s, w->entries[i - 1])->wait_next, w->entries[i]);
	}
	if (w->req->count > 1)
		robust_raise(&s->thread, &entry_at(s, w->entries[0])->beacon);
	w->state = &entry_at(s, w->entries[0])->state;
	w->joined = true;
	return COMPL_OK;
}

/* ---- sleeping ------------------------------------------------------------------ */

static void
set_escape(struct wait *w, enum compl_escape_state state)
{
	if (w->req->escape != NULL)
		w->req->escape->state = state;
}

static bool
is_tick(const struct wait *w, int64_t until_ns)
{
	return w->req->tick != NULL && until_ns == w->tick_ns;
}

/* Notes whether the bound of the sleep has ended it.  If only a signal, a look for a dead-lock, or
 * a tick has ended it before, the bound stays, for the next sleep.
 *
 * These looks come every ten seconds, too.  One that comes just before the bound counts as the
 * bound, so that the two cost one wake-up. */
static void
note_bound(struct wait *w, enum futex_result result, int64_t until_ns)
{
	int64_t early_ns = w->brief ? 0 : EARLY_NS;

	w->until_ns = until_ns;
	w->overslept = result == FUTEX_TIMED_OUT && until_ns != w->req->deadline_ns &&
		       w->watchdog_ns != 0 && until_ns >= w->watchdog_ns - early_ns;
	if (w->overslept ||
	    !(result == FUTEX_SIGNALLED ||
	      (result == FUTEX_TIMED_OUT && (until_ns == w->detect_ns || is_tick(w, until_ns)))))
		w->watchdog_ns = 0;
}

/* Sleeps until until_ns, or until a watched word changes, with the caller's own signal mask.  Only
 * in here may a signal handler of the caller leave by siglongjmp(). */
static enum compl_result
sleep_unblocked(struct wait *w, int64_t until_ns)
{
	enum futex_result result;

	if (w->req->escape != NULL && sigsetjmp(*(sigjmp_buf *)w->req->escape->env, 0) != 0) {
		sigmask_block_after_handler(&w->s.sigmask);
		watch_pass_on(w);
		set_escape(w, COMPL_ESCAPE_NOTE);
		return COMPL_INTERRUPTED;
	}
	set_escape(w, COMPL_ESCAPE_JUMP);
	sigmask_restore(&w->s.sigmask);
	result = watch_sleep(w, until_ns);
	sigmask_block(&w->s.sigmask);
	watch_pass_on(w);
	set_escape(w, COMPL_ESCAPE_NOTE);
	note_bound(w, result, until_ns);
	if (result == FUTEX_BROKEN)
		return COMPL_E_SYSTEM;
	if (result == FUTEX_SIGNALLED && wait_has_flag(w, COMPL_WAIT_INTERRUPTIBLE))
		return COMPL_INTERRUPTED;
	return COMPL_OK;
}

/* Returns when a bounded sleep ends at the latest. */
static int64_t
bound_sleep(struct wait *w, int64_t until_ns)
{
	int64_t bound_ns = clock_sooner(until_ns, w->brief ? BRIEF_NS : LINKED_NS);

	if (w->watchdog_ns == 0 || bound_ns < w->watchdog_ns)
		w->watchdog_ns = bound_ns;
	return w->watchdog_ns;
}

/* Sleeps once, without the lock.  COMPL_OK: look at the names again.  Any other result ends the
 * wait.  COMPL_OK also at the deadline: the next round looks once more, and then times out
 * (try_end()).
 *
 * Before each of its sleeps the first in line checks that the segment's file is still linked.
 * These sleeps last LINKED_NS at most.  This bound is the watchdog as well: if a wake-up is lost,
 * the first goes on after LINKED_NS, and note_lost_wakeup() counts the loss.  Neither a signal
 * handler nor a look for a dead-lock puts it off. */
static enum compl_result
sleep_once(struct wait *w)
{
	int64_t until = w->req->deadline_ns;

	w->s.now_ns = 0;
	if (sigmask_is_interrupted(&w->s.sigmask))
		return COMPL_INTERRUPTED;
	if (w->watch_count == 0)
		return COMPL_OK;
	if (w->has_watchdog && !file_is_linked(w->s.c))
		return COMPL_REMOVED;
	if (w->has_watchdog || w->brief)
		until = bound_sleep(w, until);
	else
		w->watchdog_ns = 0;
	if (w->detect_ns < until)
		until = w->detect_ns;
	if (w->req->tick != NULL && w->tick_ns < until)
		until = w->tick_ns;
	if (until == COMPL_NEVER && wait_has_flag(w, COMPL_WAIT_INTERRUPTIBLE))
		until = FAR_NS;
	return sleep_unblocked(w, until);
}

/* ---- looking at the names, under the lock ------------------------------------------ */

enum progress {
	WAIT_ARMED,	  /* the wait goes on: the words to sleep on are armed */
	WAIT_NEEDS_LINKS, /* it has to join, and needs room for the links of its beacons first */
	WAIT_ENDED,
};

/* Looks up all names.  With several names it does so twice.  name_reap_and_look_up() reaps dead
 * producers, which may end another wait, and that wait may have been the last that needed a name
 * which was looked up before. */
static enum compl_result
reap_and_look_up_names(struct wait *w)
{
	for (size_t i = 0; w->req->count > 1 && i < w->req->count; i++)
		name_reap_and_look_up(&w->s, w->req->names[i]);
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = name_reap_and_look_up(&w->s, w->req->names[i]);
		w->out->which = i;
		if (!completion_is_of(&w->s, w->completions[i], w->req->generation))
			return COMPL_OTHER_GENERATION;
		if (w->completions[i] == 0 && wait_has_flag(w, COMPL_WAIT_EXISTING))
			return COMPL_E_NO_NAME;
		if (w->round == NULL && barrier_stands(&w->s, w->completions[i])) {
			if (!is_over(w))
				return COMPL_E_BARRIER;
			w->out->which = 0;
			return COMPL_TIMED_OUT;
		}
	}
	w->out->which = 0;
	return COMPL_OK;
}

/* Makes the name `which` the one that ends the wait, and reads its status and value.  Takes no
 * token.  Returns true. */
static bool
end_by(struct wait *w, size_t which)
{
	w->out->which = which;
	wait_read_payload(w, which);
	return true;
}

/* Ends the wait, without a token, if a producer of one of its names has died, or was ready and has
 * failed, or, with COMPL_WAIT_FAIL_FAST, if one of its names has a status other than 0.  Returns
 * whether it did. */
static bool
try_end_early(struct wait *w, const struct readiness *readiness, enum compl_result *end)
{
	size_t which = readiness_find_dead_producer(w, readiness);

	*end = COMPL_PRODUCER_DIED;
	if (which < w->req->count)
		return end_by(w, which);
	*end = COMPL_REMOVED;
	if ((which = readiness_find_removed(w, readiness)) < w->req->count) {
		w->out->which = which;
		return true;
	}
	*end = COMPL_OK;
	if (wait_has_flag(w, COMPL_WAIT_FAIL_FAST) &&
	    (which = readiness_find_failed(w)) < w->req->count)
		w->out->failed_fast = true;
	else if ((which = readiness_find_failed_producer(w, readiness)) < w->req->count)
		w->out->failed_fast = !wait_has_flag(w, COMPL_WAIT_ANY);
	else
		return false;
	return end_by(w, which);
}

/* Whether the names let the wait go on. */
static bool
is_clear(const struct wait *w, const struct readiness *readiness)
{
	return readiness->clear >= wait_quorum(w);
}

/* Whether a wait that has not joined can end as soon as it has: in a barrier, where it may complete
 * the round, or if what it is to borrow is there. */
static bool
may_end_by_joining(const struct wait *w, const struct readiness *readiness)
{
	return w->round != NULL || (wait_borrows(w) && is_clear(w, readiness));
}

/* Takes from as many names as the wait needs: the first in the request that let it. */
static enum compl_result
take_first(struct wait *w, const struct readiness *readiness)
{
	size_t left = wait_quorum(w), lenders = 0;
	bool chosen[COMPL_NAMES_MAX];

	for (size_t i = 0; i < w->req->count; i++) {
		chosen[i] = left > 0 && readiness->blocker[i] == BLOCKER_NONE;
		left -= chosen[i];
		lenders += chosen[i] && !completion_is_open(&w->s, w->completions[i]);
	}
	if (wait_borrows(w) && !robust_may_retain(&w->s.thread, lenders))
		return COMPL_E_FULL_PRODUCERS;
	return wait_take(w, chosen);
}

/* Takes the tokens if they are there, or ends the wait early.  A wait that borrows them has to join
 * first: its entries become those of the loan.  Returns whether it has ended. */
static bool
try_take(struct wait *w, const struct readiness *readiness, enum compl_result *end)
{
	if (try_end_early(w, readiness, end))
		return true;
	if (!is_clear(w, readiness) || (wait_borrows(w) && !w->joined))
		return false;
	*end = take_first(w, readiness);
	return true;
}

/* Ends the wait if it can end now, and returns whether it did.  *end is COMPL_OK if it has taken
 * the tokens or failed fast, otherwise why it ends without tokens.  The deadline comes last: tokens
 * that are there are taken even if it has passed, for which a wait may have to join first. */
static bool
try_end(struct wait *w, const struct readiness *readiness, enum compl_result *end)
{
	if (w->s.damaged)
		*end = COMPL_E_DAMAGED;
	else if (w->round != NULL ? round_try_end(w, end) : try_take(w, readiness, end))
		return true;
	else if ((w->joined || !may_end_by_joining(w, readiness)) && is_over(w))
		*end = COMPL_TIMED_OUT;
	else
		return false;
	return true;
}

/* Ends the wait if it can end now (*end says how).  Otherwise joins the waitqueues, if it has not
 * joined them yet and has room for the links, and arms the words to sleep on. */
static enum progress
wait_step(struct wait *w, enum compl_result *end)
{
	struct readiness readiness;

	for (;;) {
		readiness_reap_and_look(w, &readiness);
		if (w->req->states != NULL)
			states_note(w, &readiness);
		if (try_end(w, &readiness, end)) {
			if (w->req->states != NULL)
				states_note_end(w);
			return WAIT_ENDED;
		}
		if (w->joined) {
			watch_arm(w, &readiness);
			if (!w->s.damaged)
				return WAIT_ARMED;
		} else if (!session_has_links(&w->s)) {
			return WAIT_NEEDS_LINKS;
		} else if ((*end = join(w)) != COMPL_OK) {
			return WAIT_ENDED;
		}
	}
}

/* ---- one round ------------------------------------------------------------------- */

/* Counts a wake-up as lost if only the watchdog has woken this wait, and it has found its tokens.
 * (If it had the lock only later, somebody may have posted in between, when it did not sleep any
 * more.  The bound of a brief sleep is no watchdog.) */
static void
note_lost_wakeup(struct wait *w)
{
	if (w->unwoken && !w->brief)
		__atomic_add_fetch(&w->s.h->lost_wakeups, 1, __ATOMIC_RELAXED);
}

/* Under the lock: notes what it means for this round that only the bound has ended the sleep before
 * it. */
static void
note_oversleep(struct wait *w)
{
	w->unwoken = w->overslept && clock_has_just_come(w->until_ns);
	w->s.thorough = !w->joined || w->overslept;
	if (w->overslept)
		watch_report(w);
}

/* Takes the lock, or gives up at the deadline.  A wait whose deadline has passed tries the lock
 * once.  If it was never queued (`try`, or a timeout of 0), it then waits LOCK_NS for the lock, and
 * fails with COMPL_E_LOCKED if it does not get it. */
static enum compl_result
lock_by_deadline(struct wait *w)
{
	enum compl_result result;

	if (w->joined || !is_over(w))
		return segment_lock(&w->s, w->req->deadline_ns);
	result = segment_lock(&w->s, 0);
	if (result == COMPL_TIMED_OUT)
		result = segment_lock(&w->s, clock_now_ns() + LOCK_NS);
	return result == COMPL_TIMED_OUT ? COMPL_E_LOCKED : result;
}

/* Reaps the dead producers of all names.  Stops when one of these deaths has ended this wait: its
 * entries are unlinked then, and its other completions may have been dropped. */
static void
reap_producers(struct wait *w)
{
	for (size_t i = 0; i < w->req->count && wait_state(w) == STATE_WAITING; i++) {
		if (w->completions[i] == 0)
			continue;
		producer_reap(&w->s, w->completions[i]);
		borrower_reap(&w->s, w->completions[i]);
	}
}

/* One round, from taking the lock to giving it back.  WAIT_ENDED: the wait has left, and *end is
 * its result.  WAIT_ARMED: it is queued, and the words to sleep on are armed. */
static enum progress
wait_round(struct wait *w, enum compl_result *end)
{
	enum progress progress;

	*end = lock_by_deadline(w);
	if (*end == COMPL_E_NO_NAMESPACE && w->joined)
		*end = COMPL_REMOVED;
	if (*end != COMPL_OK) {
		*end = wait_leave_unlocked(w, *end);
		return WAIT_ENDED;
	}
	note_oversleep(w);
	if (w->joined && wait_state(w) == STATE_WAITING)
		reap_producers(w);
	if (w->joined && wait_state(w) != STATE_WAITING) {
		segment_unlock(&w->s);
		*end = wait_leave_ended(w, wait_state(w));
		return WAIT_ENDED;
	}
	if (!w->joined && (*end = reap_and_look_up_names(w)) != COMPL_OK) {
		if (w->req->states != NULL && *end != COMPL_E_NO_NAME)
			states_note_refusal(w);
		segment_unlock(&w->s);
		return WAIT_ENDED;
	}
	progress = wait_step(w, end);
	if (progress == WAIT_ENDED) {
		if (*end == COMPL_OK)
			note_lost_wakeup(w);
		if (*end == COMPL_TIMED_OUT)
			wait_note_statistics(w);
		*end = wait_leave_locked(w, *end);
		return WAIT_ENDED;
	}
	if (progress == WAIT_ARMED && detection_note(w)) {
		*end = wait_leave_locked(w, COMPL_DEAD_LOCK);
		return WAIT_ENDED;
	}
	segment_unlock(&w->s);
	return progress;
}

/* ---- the loop ----------------------------------------------------------------------- */

/* Calls compl_request.tick if that is due.  The words are armed already: what changes meanwhile
 * ends the sleep that follows at once. */
static void
tick_call(struct wait *w)
{
	const struct compl_tick *tick = w->req->tick;
	int64_t now_ns = clock_now_ns();

	if (now_ns < w->tick_ns)
		return;
	tick->fn(tick->arg);
	if (__builtin_add_overflow(now_ns, tick->interval_ns, &w->tick_ns))
		w->tick_ns = CLOCK_NEVER;
}

/* Returns how the wait has ended.  A walk may end it while we do not hold the lock.  Therefore
 * wait_state() is looked at after each sleep, before anything else. */
static enum compl_result
loop(struct wait *w)
{
	enum progress progress;
	enum compl_result end;

	while ((progress = wait_round(w, &end)) != WAIT_ENDED) {
		if (progress == WAIT_NEEDS_LINKS) {
			if ((end = session_make_links(&w->s)) != COMPL_OK)
				return end;
			continue;
		}
		w->has_slept = true;
		detection_look(w);
		if (w->req->tick != NULL)
			tick_call(w);
		end = sleep_once(w);
		if (wait_state(w) != STATE_WAITING)
			return wait_leave_ended(w, wait_state(w));
		if (end != COMPL_OK)
			return wait_leave_unlocked(w, end);
	}
	return end;
}

/* Returns the result of a wait that the death of a producer has ended.  In a segment that another
 * program has unlinked nobody can complete the name, so the namespace has gone: the producer may
 * have closed its handle to go on in the namespace that is there now. */
static enum compl_result
judge_death(const struct wait *w)
{
	if (file_is_linked(w->s.c))
		return COMPL_PRODUCER_DIED;
	return w->joined ? COMPL_REMOVED : COMPL_E_NO_NAMESPACE;
}

/* Clears only what is used: the structure is large. */
static void
begin(struct wait *w, const struct compl_request *req, struct compl_outcome *out)
{
	memset(w, 0, offsetof(struct wait, completions));
	for (size_t i = 0; i < req->count; i++)
		w->completions[i] = w->entries[i] = 0;
	w->req = req;
	w->out = out;
	detection_begin(w);
}

/* Does the work of compl_wait() and compl_barrier() for a request that was checked.  With COMPL_OK
 * the signals of req->hold stay blocked, so that none comes before the caller has reported its
 * tokens. */
static enum compl_result
wait_checked(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out,
	     struct compl_round *round)
{
	enum compl_result result;
	struct wait w;

	begin(&w, req, out);
	w.round = round;
	if ((result = session_begin_brief(&w.s, c, req->hold)) != COMPL_OK)
		return result;
	if (req->escape != NULL) {
		req->escape->wanted = 0;
		w.s.sigmask.wanted = &req->escape->wanted;
	}
	set_escape(&w, COMPL_ESCAPE_NOTE);
	result = loop(&w);
	detection_end(&w);
	set_escape(&w, COMPL_ESCAPE_NONE);
	if (req->states != NULL)
		states_note_walk(&w);
	if (result == COMPL_PRODUCER_DIED)
		result = judge_death(&w);
	if (result != COMPL_OK)
		sigmask_restore(&w.s.sigmask);
	return result;
}

/* Does the work of wait_checked() for a wait that borrows.  If nothing was lent, nobody needs the
 * descriptor. */
static enum compl_result
borrow_checked(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	struct compl_loan *loan = req->loan;
	enum compl_result result;

	*loan = (struct compl_loan){ 0 };
	if (!c->one_thread)
		return COMPL_E_ARGUMENT;
	if ((result = file_open_again(c, &loan->hold)) == COMPL_OK)
		result = wait_checked(c, req, out, NULL);
	if (loan->entry != 0)
		return result;
	if (loan->hold > 0)
		close(loan->hold);
	*loan = (struct compl_loan){ 0 };
	return result;
}

enum compl_result
compl_wait(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	enum compl_result result = check_request(req);

	*out = (struct compl_outcome){ 0 };
	if (result != COMPL_OK)
		return result;
	if (req->payloads != NULL)
		memset(req->payloads, 0, req->count * sizeof(req->payloads[0]));
	if (req->granted != NULL)
		memset(req->granted, 0, req->count * sizeof(req->granted[0]));
	if (req->states != NULL)
		memset(req->states, 0, req->count * sizeof(req->states[0]));
	return req->loan != NULL ? borrow_checked(c, req, out) : wait_checked(c, req, out, NULL);
}

enum compl_result
compl_try(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	struct compl_request now = *req;

	now.deadline_ns = 0;
	return compl_wait(c, &now, out);
}

enum compl_result
compl_barrier(struct compl_space *c, const struct compl_request *req, struct compl_round *round)
{
	enum compl_result result = check_barrier(req, round);
	struct compl_request own = *req;
	struct compl_outcome out = { 0 };

	round->place = 0;
	if (result != COMPL_OK)
		return result;
	own.need = round->parties;
	own.payloads = NULL;
	if (req->states != NULL)
		req->states[0] = (struct compl_state){ 0 };
	return wait_checked(c, &own, &out, round);
}
