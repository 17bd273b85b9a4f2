/* SPDX-License-Identifier: ISC
 *
 * One loop.  A round is: take the lock, look, and either take the tokens and leave, or
 * note what is in the way, give the lock back, and sleep on that.  What is in the way
 * is a word (line.h) that changes when it is gone.
 *
 *	all names	the beacon ahead in the first line where somebody is ahead;
 *			else the bell of the first name that is short
 *	any name	one such word for every name, slept on together
 *
 * One ticket and one lock session for all the places of a wait: two waits that
 * cross stand in the same order in all the lines they share, and so the earlier
 * one can always go on.
 */
#include "waiter.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "completion.h"
#include "line.h"
#include "log.h"
#include "repair.h"
#include "wait.h"

#define LINKED_NS   (10 * CLOCK_SECOND_NS) /* how often the first in line looks */
#define BRIEF_NS    CLOCK_SECOND_NS	   /* on a word that the stopped may hold */
#define FALLBACK_NS CLOCK_SECOND_NS	   /* without futex_waitv(2) */
#define LOCK_NS	    CLOCK_SECOND_NS	   /* for the lock, by who would not wait */

static bool
is_over(const struct wait *w)
{
	return w->req->deadline_ns != COMPL_NEVER && clock_now_ns() >= w->req->deadline_ns;
}

/* ---- lining up ----------------------------------------------------------------- */

static uint64_t
new_ticket(struct session *s)
{
	uint64_t ticket = ((uint64_t)get(&s->h->ticket[1]) << 32 | get(&s->h->ticket[0])) + 1;

	log_put(s, &s->h->ticket[0], (uint32_t)ticket);
	log_put(s, &s->h->ticket[1], (uint32_t)(ticket >> 32));
	log_commit(s);
	return ticket;
}

static void
describe(struct wait *w, struct place *how)
{
	*how = (struct place){ .need = w->req->need,
			       .ticket = new_ticket(&w->s),
			       .pid = (uint32_t)getpid(),
			       .since_ns = w->since_ns = clock_now_ns() };
	how->flags = (wait_has_flag(w, COMPL_WAIT_ANY) ? PLACE_ANY : 0) |
		     (wait_has_flag(w, COMPL_WAIT_FAIL_FAST) ? PLACE_FAIL_FAST : 0) |
		     (wait_has_flag(w, COMPL_WAIT_IO) ? PLACE_IO : 0) |
		     (uint32_t)getppid() << PLACE_PARENT;
	if (w->req->command != NULL)
		memcpy(how->command, w->req->command,
		       strnlen(w->req->command, sizeof(how->command)));
}

/* Crash: who dies in between stands in some of the lines, dead.
 *
 * A name is looked up right before its line is joined: making room for another one may
 * drop an idle name. */
static enum compl_result
join(struct wait *w)
{
	struct session *s = &w->s;
	enum compl_result result = COMPL_OK;
	struct place how;

	describe(w, &how);
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = completion_find(s, w->req->names[i]);
		if (w->completions[i] == 0)
			result = completion_make(s, w->req->names[i], &w->completions[i]);
		if (result == COMPL_OK)
			result = line_join(s, w->completions[i], &how, &w->places[i]);
		if (result != COMPL_OK)
			return result;
		if (i == 0)
			how.lead = w->places[0];
		else
			put(&place_at(s, w->places[i - 1])->sibling, w->places[i]);
	}
	w->state = &place_at(s, w->places[0])->state;
	w->joined = true;
	return COMPL_OK;
}

/* ---- sleeping ------------------------------------------------------------------ */

/* Notes the word behind one obstacle; false if it has just gone. */
static bool
watch(struct wait *w, size_t i, uint32_t ahead)
{
	enum line_watch how = line_watch(&w->s, w->places[i], ahead, &w->watches[w->watching++]);

	w->first |= ahead == 0;
	w->brief |= how == LINE_WATCH_BRIEF;
	return how != LINE_GONE;
}

/* What to sleep on; false if there is nothing to sleep on, look again. */
static bool
arm(struct wait *w, const struct sight *sight)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY);
	enum obstacle kind = OBSTACLE_SHORT;

	w->watching = 0;
	w->first = w->brief = false;
	for (size_t i = 0; i < w->req->count; i++) {
		put(&place_at(&w->s, w->places[i])->watch, 0);
		if (sight->obstacle[i] == OBSTACLE_AHEAD)
			kind = OBSTACLE_AHEAD;
	}
	for (size_t i = 0; i < w->req->count; i++) {
		if (!any && sight->obstacle[i] != kind)
			continue;
		if (!watch(w, i, sight->ahead[i]))
			return false;
		if (!any)
			break;
	}
	return true;
}

static enum futex_result
sleep_until(struct wait *w, int64_t deadline_ns)
{
	enum futex_result result;

	if (w->watching == 1)
		return futex_wait(w->watches[0].word, w->watches[0].expected, deadline_ns);
	result = futex_wait_any(w->watches, w->watching, deadline_ns);
	if (result != FUTEX_UNSUPPORTED)
		return result;
	result = futex_wait(w->watches[0].word, w->watches[0].expected,
			    clock_sooner(deadline_ns, FALLBACK_NS));
	return result == FUTEX_TIMED_OUT ? FUTEX_WOKEN : result;
}

static void
set_escape(struct wait *w, enum compl_escape_state state)
{
	if (w->req->escape != NULL)
		w->req->escape->state = state;
}

/* Asleep, gate open.  A handler of the caller may leave from here, and from nowhere
 * else, by siglongjmp(). */
static enum compl_result
sleep_gate_open(struct wait *w, int64_t until_ns)
{
	enum futex_result result;

	if (w->req->escape != NULL && sigsetjmp(w->req->escape->env, 0) != 0) {
		gate_close_after_handler(&w->s.gate);
		set_escape(w, COMPL_ESCAPE_NOTE);
		return COMPL_INTERRUPTED;
	}
	set_escape(w, COMPL_ESCAPE_JUMP);
	gate_open(&w->s.gate);
	result = sleep_until(w, until_ns);
	gate_close(&w->s.gate);
	set_escape(w, COMPL_ESCAPE_NOTE);
	w->belted = result == FUTEX_TIMED_OUT && until_ns != w->req->deadline_ns && !w->brief;
	if (result == FUTEX_BROKEN)
		return COMPL_E_SYSTEM;
	if (result == FUTEX_SIGNALLED && wait_has_flag(w, COMPL_WAIT_INTERRUPTIBLE))
		return COMPL_INTERRUPTED;
	return COMPL_OK;
}

/* Not under the lock.  The seat belt: whether the segment is still linked is for the first in
 * line to see, when it becomes that and from time to time. */
static enum compl_result
sleep_once(struct wait *w)
{
	int64_t until = w->req->deadline_ns;

	if (gate_is_interrupted(&w->s.gate))
		return COMPL_INTERRUPTED;
	if (w->first && !segment_is_linked(w->s.c))
		return COMPL_REMOVED;
	if (w->first || w->brief)
		until = clock_sooner(until, w->brief ? BRIEF_NS : LINKED_NS);
	return sleep_gate_open(w, until);
}

/* ---- the loop ------------------------------------------------------------------- */

static enum compl_result
find_names(struct wait *w)
{
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = completion_find(&w->s, w->req->names[i]);
		w->out->which = i;
		if (w->completions[i] == 0 && wait_has_flag(w, COMPL_WAIT_EXISTING))
			return COMPL_E_MISSING;
	}
	w->out->which = 0;
	return COMPL_OK;
}

/* A name's status other than 0 ends it at once; nothing is taken. */
static bool
has_failed_fast(struct wait *w)
{
	size_t failed = wait_has_flag(w, COMPL_WAIT_FAIL_FAST) ? sight_failed(w) : w->req->count;

	if (failed == w->req->count)
		return false;
	w->out->failed_fast = true;
	w->out->which = failed;
	wait_read_word(w, failed);
	return true;
}

/* A look under the lock.  False: not yet, something to sleep on is armed; else *end is how
 * the wait ends. */
static bool
is_ended(struct wait *w, enum compl_result *end)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY);
	struct sight sight;

	for (;;) {
		sight_look(w, &sight);
		if (w->s.damaged) {
			*end = COMPL_E_DAMAGED;
			return true;
		}
		if (any ? sight.clear > 0 : sight.clear == w->req->count) {
			*end = wait_take(w, &sight);
			return true;
		}
		if (has_failed_fast(w)) {
			*end = COMPL_OK;
			return true;
		}
		if (is_over(w)) {
			*end = COMPL_TIMED_OUT;
			return true;
		}
		if (w->joined && arm(w, &sight))
			return false;
		if (!w->joined && (*end = join(w)) != COMPL_OK)
			return true;
	}
}

static void
note_rescue(struct wait *w)
{
	if (w->belted)
		__atomic_add_fetch(&w->s.h->rescues, 1, __ATOMIC_RELAXED);
}

/* Who has no time left makes one attempt, but for who never had any: a second. */
static enum compl_result
enter(struct wait *w)
{
	enum compl_result result;

	if (w->joined || !is_over(w))
		return repair_enter(&w->s, w->req->deadline_ns);
	result = repair_enter(&w->s, clock_now_ns() + LOCK_NS);
	return result == COMPL_TIMED_OUT ? COMPL_E_LOCKED : result;
}

/* One round; true when the wait has ended. */
static bool
round_ended(struct wait *w, enum compl_result *end)
{
	*end = enter(w);
	if (*end == COMPL_E_NO_SEGMENT && w->joined)
		*end = COMPL_REMOVED;
	if (*end != COMPL_OK) {
		*end = wait_leave_unlocked(w, *end);
		return true;
	}
	if (w->joined && wait_state(w) != STATE_WAITING) {
		repair_leave(&w->s);
		*end = wait_leave_ended(w, wait_state(w));
		return true;
	}
	if (!w->joined && (*end = find_names(w)) != COMPL_OK) {
		repair_leave(&w->s);
		return true;
	}
	if (is_ended(w, end)) {
		if (*end == COMPL_OK)
			note_rescue(w);
		if (*end == COMPL_TIMED_OUT)
			wait_count(w);
		*end = wait_leave_locked(w, *end);
		return true;
	}
	repair_leave(&w->s);
	return false;
}

static enum compl_result
loop(struct wait *w)
{
	enum compl_result end;

	while (!round_ended(w, &end)) {
		end = sleep_once(w);
		if (wait_state(w) != STATE_WAITING)
			return wait_leave_ended(w, wait_state(w));
		if (end != COMPL_OK)
			return wait_leave_unlocked(w, end);
	}
	return end;
}

enum compl_result
waiter_wait(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	struct wait w = { .req = req, .out = out };
	enum compl_result result = session_begin(&w.s, c, req->hold);

	if (result != COMPL_OK)
		return result;
	if (req->escape != NULL) {
		req->escape->wanted = 0;
		w.s.gate.wanted = &req->escape->wanted;
	}
	set_escape(&w, COMPL_ESCAPE_NOTE);
	result = loop(&w);
	set_escape(&w, COMPL_ESCAPE_NONE);
	if (result != COMPL_OK)
		gate_open(&w.s.gate);
	return result;
}
