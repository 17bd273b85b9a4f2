/* SPDX-License-Identifier: ISC
 *
 * waiter.c - the one loop of all waits: lines up, looks, sleeps, and leaves
 *
 * A round is: take the lock, look, and either take the tokens and leave, or
 * note what is in the way, give the lock back, and sleep on that.  What is in the way
 * is a word (watch.h) that changes when it is gone.
 *
 * One ticket and one lock session for all the places of a wait: two waits that
 * cross stand in the same order in all the lines they share, and so the earlier
 * one can always go on.
 */
#include "shm/calls/waiter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/clock.h"
#include "shm/calls/deadlock.h"
#include "shm/segment/file.h"
#include "shm/names/line.h"
#include "shm/names/name.h"
#include "shm/names/producer.h"
#include "shm/names/repair.h"
#include "shm/calls/sight.h"
#include "shm/calls/wait.h"
#include "shm/calls/watch.h"

#define LINKED_NS  (10 * CLOCK_SECOND_NS) /* how often the first in line looks */
#define BRIEF_NS   CLOCK_SECOND_NS	  /* on a word that the stopped may hold */
#define LOOK_NS	   (CLOCK_SECOND_NS / 10) /* until the second look for a dead-lock */
#define CONFIRM_NS (CLOCK_SECOND_NS / 50)
#define LOCK_NS	   CLOCK_SECOND_NS /* for the lock, by who would not wait */

static bool
is_over(const struct wait *w)
{
	int64_t deadline_ns = w->req->deadline_ns;

	return deadline_ns != COMPL_NEVER && (deadline_ns <= 0 || clock_now_ns() >= deadline_ns);
}

/* ---- lining up ----------------------------------------------------------------- */

static void
describe(struct wait *w, struct place *how)
{
	*how = (struct place){ .need = w->req->need,
			       .ticket = line_draw_ticket(&w->s),
			       .state = STATE_WAITING,
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

/* Two names that lead to one record: we would stand behind ourselves. */
static bool
has_joined(const struct wait *w, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (w->completions[j] == w->completions[i])
			return true;
	return false;
}

/* Crash: who dies in between stands in some of the lines, dead.  Later, with the beacon of the
 * lead, which is let go of first, all places are dead at once.
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
		w->completions[i] = name_look_up(s, w->req->names[i]);
		if (w->completions[i] == 0)
			result = name_make(s, w->req->names[i], &w->completions[i]);
		if (has_joined(w, i))
			session_note_damage(s);
		if (result == COMPL_OK)
			result = line_join(s, w->completions[i], &how, &w->places[i]);
		if (result != COMPL_OK)
			return result;
		if (i == 0)
			how.lead = w->places[0];
		else
			put(&place_at(s, w->places[i - 1])->sibling, w->places[i]);
	}
	if (w->req->count > 1)
		robust_raise(&s->thread, &place_at(s, w->places[0])->beacon);
	w->state = &place_at(s, w->places[0])->state;
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

/* Asleep, gate open.  A handler of the caller may leave from here, and from nowhere
 * else, by siglongjmp(). */
static enum compl_result
sleep_gate_open(struct wait *w, int64_t until_ns)
{
	enum futex_result result;

	if (w->req->escape != NULL && sigsetjmp(w->req->escape->env, 0) != 0) {
		gate_close_after_handler(&w->s.gate);
		watch_pass_on(w);
		set_escape(w, COMPL_ESCAPE_NOTE);
		return COMPL_INTERRUPTED;
	}
	set_escape(w, COMPL_ESCAPE_JUMP);
	gate_open(&w->s.gate);
	result = watch_sleep(w, until_ns);
	gate_close(&w->s.gate);
	watch_pass_on(w);
	set_escape(w, COMPL_ESCAPE_NOTE);
	w->belted = result == FUTEX_TIMED_OUT && until_ns != w->req->deadline_ns &&
		    until_ns != w->detect_ns && !w->brief;
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
	if (w->watching == 0)
		return COMPL_OK;
	if (w->first && !file_is_linked(w->s.c))
		return COMPL_REMOVED;
	if (w->first || w->brief)
		until = clock_sooner(until, w->brief ? BRIEF_NS : LINKED_NS);
	if (w->detect_ns < until && wait_has_flag(w, COMPL_WAIT_DETECT))
		until = w->detect_ns;
	return sleep_gate_open(w, until);
}

/* ---- the loop ------------------------------------------------------------------- */

/* First all dead producers are told of: who leaves for one of them may have been all that kept
 * another of our names. */
static enum compl_result
find_names(struct wait *w)
{
	for (size_t i = 0; w->req->count > 1 && i < w->req->count; i++)
		name_look_up(&w->s, w->req->names[i]);
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = name_look_up(&w->s, w->req->names[i]);
		w->out->which = i;
		if (w->completions[i] == 0 && wait_has_flag(w, COMPL_WAIT_EXISTING))
			return COMPL_E_MISSING;
	}
	w->out->which = 0;
	return COMPL_OK;
}

/* Ended by what one of its names says, if it says so: nothing is taken. */
static bool
is_ended_by(struct wait *w, size_t which)
{
	if (which == w->req->count)
		return false;
	w->out->which = which;
	wait_read_word(w, which);
	return true;
}

static bool
has_failed_fast(struct wait *w)
{
	return wait_has_flag(w, COMPL_WAIT_FAIL_FAST) && is_ended_by(w, sight_failed(w));
}

/* A look under the lock.  False: not yet, what to sleep on is armed; else *end is how the
 * wait ends. */
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
		if (is_ended_by(w, sight_producer_died(w, &sight))) {
			*end = COMPL_PRODUCER_DIED;
			return true;
		}
		if (has_failed_fast(w)) {
			w->out->failed_fast = true;
			*end = COMPL_OK;
			return true;
		}
		if (any ? sight.clear > 0 : sight.clear == w->req->count) {
			*end = wait_take(w, sight.first);
			return true;
		}
		if (is_over(w)) {
			*end = COMPL_TIMED_OUT;
			return true;
		}
		if (w->joined) {
			watch_arm(w, &sight);
			if (!w->s.damaged)
				return false;
		} else if ((*end = join(w)) != COMPL_OK) {
			return true;
		}
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
		return segment_lock(&w->s, w->req->deadline_ns);
	result = segment_lock(&w->s, 0);
	if (result == COMPL_TIMED_OUT)
		result = segment_lock(&w->s, clock_now_ns() + LOCK_NS);
	return result == COMPL_TIMED_OUT ? COMPL_E_LOCKED : result;
}

/* The death of a producer may end this wait; then its other names do not matter. */
static void
reap_producers(struct wait *w)
{
	for (size_t i = 0; i < w->req->count && wait_state(w) == STATE_WAITING; i++)
		producer_reap(&w->s, w->completions[i]);
}

/* When it lines up, and again when it has waited ten times as long: the others may not have been
 * asleep yet.  Later with the belt. */
static int64_t
pause_of_looks(int64_t waited_ns)
{
	if (waited_ns < LOOK_NS)
		return LOOK_NS;
	return waited_ns < LINKED_NS / 9 ? 9 * waited_ns : LINKED_NS;
}

static void
note_scene(struct wait *w)
{
	int64_t now_ns;

	if (!wait_has_flag(w, COMPL_WAIT_DETECT) || (now_ns = clock_now_ns()) < w->detect_ns)
		return;
	w->scene = scene_note(&w->s);
	w->detect_ns = now_ns + pause_of_looks(now_ns - w->since_ns);
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
	if (w->joined && wait_state(w) == STATE_WAITING)
		reap_producers(w);
	if (w->joined && wait_state(w) != STATE_WAITING) {
		segment_unlock(&w->s);
		*end = wait_leave_ended(w, wait_state(w));
		return true;
	}
	if (!w->joined && (*end = find_names(w)) != COMPL_OK) {
		segment_unlock(&w->s);
		return true;
	}
	if (is_ended(w, end)) {
		if (*end == COMPL_OK)
			note_rescue(w);
		if (*end == COMPL_TIMED_OUT)
			wait_note_statistics(w);
		*end = wait_leave_locked(w, *end);
		return true;
	}
	note_scene(w);
	segment_unlock(&w->s);
	return false;
}

/* The name that we wait for is the second of the cycle, or the only one. */
static size_t
find_awaited(const struct wait *w, const struct compl_cycle *cycle)
{
	size_t i = 0;

	while (i + 1 < w->req->count &&
	       strcmp(w->req->names[i], cycle->links[1 % cycle->count].name) != 0)
		i++;
	return i;
}

/* Of two looks one after the other, the same; after the first another is due. */
static bool
is_confirmed(struct wait *w, uint64_t trace)
{
	if (w->suspicion == trace)
		return true;
	w->suspicion = trace;
	w->detect_ns = clock_now_ns() + CONFIRM_NS;
	return false;
}

/* Not under the lock, between two sleeps. */
static bool
is_dead_locked(struct wait *w)
{
	struct scene *scene = w->scene;
	struct compl_cycle cycle;
	bool closed;

	if (scene == NULL)
		return false;
	closed = deadlock_is_closed(scene, &cycle) && is_confirmed(w, scene->trace);
	free(scene);
	w->scene = NULL;
	if (!closed)
		return false;
	w->out->which = find_awaited(w, &cycle);
	if (w->out->cycle != NULL)
		*w->out->cycle = cycle;
	return true;
}

static enum compl_result
loop(struct wait *w)
{
	enum compl_result end;

	while (!round_ended(w, &end)) {
		end = is_dead_locked(w) ? COMPL_DEAD_LOCK : sleep_once(w);
		if (wait_state(w) != STATE_WAITING)
			return wait_leave_ended(w, wait_state(w));
		if (end != COMPL_OK)
			return wait_leave_unlocked(w, end);
	}
	return end;
}

static void
begin(struct wait *w, const struct compl_request *req, struct compl_outcome *out)
{
	memset(w, 0, offsetof(struct wait, completions));
	for (size_t i = 0; i < req->count; i++)
		w->completions[i] = w->places[i] = 0;
	w->req = req;
	w->out = out;
}

enum compl_result
waiter_wait(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	enum compl_result result;
	struct wait w;

	begin(&w, req, out);
	if ((result = session_begin(&w.s, c, req->hold)) != COMPL_OK)
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
