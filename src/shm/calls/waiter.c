/* SPDX-License-Identifier: ISC
 *
 * waiter.c - the one loop of all waits: lines up, looks, sleeps, and leaves
 *
 * One round of the loop takes the lock and looks at the names.  Then it either takes the tokens and
 * leaves, or notes a word that changes when the obstacle is gone (watch.h), gives the lock back,
 * and sleeps on that word.
 *
 * Invariant: all entries of a wait have one ticket, and are linked under one hold of the lock.  So
 * two waits stand in the same order in all the lines that they share, and the earlier one can
 * always go on.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "shm/calls/deadlock.h"
#include "shm/calls/readiness.h"
#include "shm/calls/wait.h"
#include "shm/calls/watch.h"
#include "shm/names/name.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/file.h"

#define LINKED_NS  (10 * CLOCK_SECOND_NS) /* the longest sleep of the first in line */
#define BRIEF_NS   CLOCK_SECOND_NS /* the longest sleep on a word whose owner may be stopped */
#define LOOK_NS	   (CLOCK_SECOND_NS / 10) /* until the second look for a dead-lock */
#define CONFIRM_NS (CLOCK_SECOND_NS / 50) /* until the look that confirms a dead-lock */
#define LOCK_NS	   CLOCK_SECOND_NS	  /* how long a call without a wait waits for the lock */

static bool
is_over(const struct wait *w)
{
	int64_t deadline_ns = w->req->deadline_ns;

	return deadline_ns != COMPL_NEVER && (deadline_ns <= 0 || clock_now_ns() >= deadline_ns);
}

/* ---- lining up ----------------------------------------------------------------- */

static void
describe(struct wait *w, struct entry *how)
{
	*how = (struct entry){ .need = wait_need(w),
			       .ticket = waitqueue_draw_ticket(&w->s),
			       .state = STATE_WAITING,
			       .pid = (uint32_t)getpid(),
			       .since_ns = w->since_ns = clock_now_ns() };
	how->flags = (wait_has_flag(w, COMPL_WAIT_ANY) ? ENTRY_ANY : 0) |
		     (wait_has_flag(w, COMPL_WAIT_FAIL_FAST) ? ENTRY_FAIL_FAST : 0) |
		     (wait_has_flag(w, COMPL_WAIT_IO) ? ENTRY_IO : 0) |
		     (uint32_t)getppid() << ENTRY_PARENT;
	if (w->req->command != NULL)
		memcpy(how->command, w->req->command,
		       strnlen(w->req->command, sizeof(how->command)));
}

/* Two names lead to one record: the wait would stand in line after itself. */
static bool
has_joined(const struct wait *w, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (w->completions[j] == w->completions[i])
			return true;
	return false;
}

/* Makes the names that do not exist, and joins all lines.  A name is looked up right before its
 * line is joined, because making room for another one may drop an idle name.
 *
 * Crash: a process that dies in between leaves dead entries in some of the lines.  When all are
 * linked, the beacon of the first entry of the wait is raised: the kernel lets go of it first, and
 * with it all entries are dead at once. */
static enum compl_result
join(struct wait *w)
{
	struct session *s = &w->s;
	enum compl_result result = COMPL_OK;
	struct entry how;

	describe(w, &how);
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = name_look_up(s, w->req->names[i]);
		if (w->completions[i] == 0)
			result = name_make(s, w->req->names[i], &w->completions[i]);
		if (has_joined(w, i))
			session_note_damage(s);
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

/* Sleeps with the gate open until until_ns, or until a watched word changes.  Here, and nowhere
 * else, a signal handler of the caller may leave by siglongjmp(). */
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
	w->by_watchdog = result == FUTEX_TIMED_OUT && until_ns != w->req->deadline_ns &&
			 until_ns != w->detect_ns && !w->brief;
	if (result == FUTEX_BROKEN)
		return COMPL_E_SYSTEM;
	if (result == FUTEX_SIGNALLED && wait_has_flag(w, COMPL_WAIT_INTERRUPTIBLE))
		return COMPL_INTERRUPTED;
	return COMPL_OK;
}

/* One sleep, not under the lock.  COMPL_OK: look again.  The watchdog: the first in line looks
 * whether the segment is still linked, when it becomes the first and every LINKED_NS. */
static enum compl_result
sleep_once(struct wait *w)
{
	int64_t until = w->req->deadline_ns;

	if (sigmask_is_interrupted(&w->s.sigmask))
		return COMPL_INTERRUPTED;
	if (w->watching == 0)
		return COMPL_OK;
	if (w->first && !file_is_linked(w->s.c))
		return COMPL_REMOVED;
	if (w->first || w->brief)
		until = clock_sooner(until, w->brief ? BRIEF_NS : LINKED_NS);
	if (w->detect_ns < until && wait_has_flag(w, COMPL_WAIT_DETECT))
		until = w->detect_ns;
	return sleep_unblocked(w, until);
}

/* ---- one look under the lock ------------------------------------------------------ */

enum progress {
	WAIT_ARMED, /* the wait goes on: the words to sleep on are noted */
	WAIT_ENDED,
};

/* Looks up all names.  With several names it does so twice: the first look-ups reap the producers,
 * which ends other waits, and one of those may have been all that kept another of the names. */
static enum compl_result
look_up_names(struct wait *w)
{
	for (size_t i = 0; w->req->count > 1 && i < w->req->count; i++)
		name_look_up(&w->s, w->req->names[i]);
	for (size_t i = 0; i < w->req->count; i++) {
		w->completions[i] = name_look_up(&w->s, w->req->names[i]);
		w->out->which = i;
		if (w->completions[i] == 0 && wait_has_flag(w, COMPL_WAIT_EXISTING))
			return COMPL_E_NO_NAME;
	}
	w->out->which = 0;
	return COMPL_OK;
}

/* Reads the status and the value of the name that ends the wait.  Takes no token. */
static bool
end_by(struct wait *w, size_t which)
{
	w->out->which = which;
	wait_read_payload(w, which);
	return true;
}

/* Ends the wait without a token if one of its names says so. */
static bool
try_end_early(struct wait *w, const struct readiness *readiness, enum compl_result *end)
{
	size_t which = readiness_find_dead_producer(w, readiness);

	*end = COMPL_PRODUCER_DIED;
	if (which < w->req->count)
		return end_by(w, which);
	if (!wait_has_flag(w, COMPL_WAIT_FAIL_FAST) ||
	    (which = readiness_find_failed(w)) == w->req->count)
		return false;
	*end = COMPL_OK;
	w->out->failed_fast = true;
	return end_by(w, which);
}

/* Ends the wait if it can: takes the tokens, or sets *end to the reason why it ends without.
 * False: it cannot end yet. */
static bool
try_end(struct wait *w, const struct readiness *readiness, enum compl_result *end)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY);

	if (w->s.damaged)
		*end = COMPL_E_DAMAGED;
	else if (try_end_early(w, readiness, end))
		return true;
	else if (any ? readiness->clear > 0 : readiness->clear == w->req->count)
		*end = wait_take(w, readiness->first);
	else if (is_over(w))
		*end = COMPL_TIMED_OUT;
	else
		return false;
	return true;
}

/* Under the lock: ends the wait (*end says how), or joins the lines, unless it stands there, and
 * notes what to sleep on. */
static enum progress
wait_step(struct wait *w, enum compl_result *end)
{
	struct readiness readiness;

	for (;;) {
		readiness_look(w, &readiness);
		if (try_end(w, &readiness, end))
			return WAIT_ENDED;
		if (w->joined) {
			watch_arm(w, &readiness);
			if (!w->s.damaged)
				return WAIT_ARMED;
		} else if ((*end = join(w)) != COMPL_OK) {
			return WAIT_ENDED;
		}
	}
}

/* ---- the loop ------------------------------------------------------------------- */

static void
note_lost_wakeup(struct wait *w)
{
	if (w->by_watchdog)
		__atomic_add_fetch(&w->s.h->lost_wakeups, 1, __ATOMIC_RELAXED);
}

/* A wait whose deadline has passed tries the lock once.  A call that never stood in line (`try`,
 * and a timeout of 0) waits LOCK_NS for it then, and fails with COMPL_E_LOCKED. */
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

/* Stops when a producer's death has ended this wait. */
static void
reap_producers(struct wait *w)
{
	for (size_t i = 0; i < w->req->count && wait_state(w) == STATE_WAITING; i++)
		producer_reap(&w->s, w->completions[i]);
}

/* How long until the next look for a dead-lock.  The first look is when the wait lines up, and the
 * second after LOOK_NS, because the other waits may not have been asleep at the first.  Then each
 * look comes when the wait has lasted ten times as long, and in the end every LINKED_NS. */
static int64_t
pause_of_looks(int64_t waited_ns)
{
	if (waited_ns < LOOK_NS)
		return LOOK_NS;
	return waited_ns < LINKED_NS / 9 ? 9 * waited_ns : LINKED_NS;
}

static void
note_graph(struct wait *w)
{
	int64_t now_ns;

	if (!wait_has_flag(w, COMPL_WAIT_DETECT) || (now_ns = clock_now_ns()) < w->detect_ns)
		return;
	w->graph = wait_graph_build(&w->s);
	w->detect_ns = now_ns + pause_of_looks(now_ns - w->since_ns);
}

/* From taking the lock to giving it back. */
static enum progress
wait_round(struct wait *w, enum compl_result *end)
{
	*end = lock_by_deadline(w);
	if (*end == COMPL_E_NO_NAMESPACE && w->joined)
		*end = COMPL_REMOVED;
	if (*end != COMPL_OK) {
		*end = wait_leave_unlocked(w, *end);
		return WAIT_ENDED;
	}
	if (w->joined && wait_state(w) == STATE_WAITING)
		reap_producers(w);
	if (w->joined && wait_state(w) != STATE_WAITING) {
		segment_unlock(&w->s);
		*end = wait_leave_ended(w, wait_state(w));
		return WAIT_ENDED;
	}
	if (!w->joined && (*end = look_up_names(w)) != COMPL_OK) {
		segment_unlock(&w->s);
		return WAIT_ENDED;
	}
	if (wait_step(w, end) == WAIT_ENDED) {
		if (*end == COMPL_OK)
			note_lost_wakeup(w);
		if (*end == COMPL_TIMED_OUT)
			wait_note_statistics(w);
		*end = wait_leave_locked(w, *end);
		return WAIT_ENDED;
	}
	note_graph(w);
	segment_unlock(&w->s);
	return WAIT_ARMED;
}

/* The index of the name of the cycle that this wait waits for: the second, or the only one. */
static size_t
find_awaited(const struct wait *w, const struct compl_cycle *cycle)
{
	size_t i = 0;

	while (i + 1 < w->req->count &&
	       strcmp(w->req->names[i], cycle->links[1 % cycle->count].name) != 0)
		i++;
	return i;
}

/* Searches what was noted for a cycle, and frees it.  A cycle counts when two looks in a row have
 * found the same; after the first, the second is due in CONFIRM_NS. */
static bool
search_twice(struct wait *w, struct compl_cycle *cycle)
{
	bool found = deadlock_search(w->graph, cycle);
	uint64_t before = w->suspicion;

	if (found)
		w->suspicion = w->graph->trace;
	free(w->graph);
	w->graph = NULL;
	if (!found)
		return false;
	if (w->suspicion == before)
		return true;
	w->detect_ns = clock_now_ns() + CONFIRM_NS;
	return false;
}

/* COMPL_DEAD_LOCK or COMPL_OK.  Not under the lock, between two sleeps. */
static enum compl_result
detect_deadlock(struct wait *w)
{
	struct compl_cycle cycle;

	if (w->graph == NULL)
		return COMPL_OK;
	memset(&cycle, 0, sizeof(cycle));
	if (!search_twice(w, &cycle))
		return COMPL_OK;
	w->out->which = find_awaited(w, &cycle);
	if (w->req->cycle != NULL)
		*w->req->cycle = cycle;
	return COMPL_DEAD_LOCK;
}

static enum compl_result
loop(struct wait *w)
{
	enum compl_result end;

	while (wait_round(w, &end) == WAIT_ARMED) {
		end = detect_deadlock(w);
		if (end == COMPL_OK)
			end = sleep_once(w);
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
		w->completions[i] = w->entries[i] = 0;
	w->req = req;
	w->out = out;
}

static enum compl_result
wait_checked(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	enum compl_result result;
	struct wait w;

	begin(&w, req, out);
	if ((result = session_begin(&w.s, c, req->hold)) != COMPL_OK)
		return result;
	if (req->escape != NULL) {
		req->escape->wanted = 0;
		w.s.sigmask.wanted = &req->escape->wanted;
	}
	set_escape(&w, COMPL_ESCAPE_NOTE);
	result = loop(&w);
	set_escape(&w, COMPL_ESCAPE_NONE);
	if (result != COMPL_OK)
		sigmask_restore(&w.s.sigmask);
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
	return wait_checked(c, req, out);
}

enum compl_result
compl_try(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	struct compl_request now = *req;

	now.deadline_ns = 0;
	return compl_wait(c, &now, out);
}
