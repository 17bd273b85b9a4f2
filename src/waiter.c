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
 *
 * Leaving.  Death, a deadline and a release by "all" are the same to those behind:
 * the beacon changes.  So a waiter may leave without the lock, whose owner may be
 * stopped; who comes next unlinks its places.  It must only have changed its state
 * from WAITING first: of a release and a deadline exactly one happens.
 *
 * Crash: before the commit of the grant, the tokens are there and those behind
 * find them when our death has woken them; after it they are ours.
 */
#include "waiter.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "completion.h"
#include "line.h"
#include "log.h"
#include "repair.h"

#define LINKED_NS   (10 * CLOCK_SECOND_NS) /* how often the first in line looks */
#define BRIEF_NS    CLOCK_SECOND_NS	   /* on a word that the stopped may hold */
#define FALLBACK_NS CLOCK_SECOND_NS	   /* without futex_waitv(2) */
#define LOCK_NS	    CLOCK_SECOND_NS	   /* for the lock, by who would not wait */

/* A wait; in the waiter's own memory, trusted. */
struct wait {
	struct session s;
	const struct compl_request *req;
	struct compl_outcome *out;
	uint32_t completions[COMPL_NAMES_MAX]; /* 0: no such name, under the lock */
	uint32_t places[COMPL_NAMES_MAX];      /* in line; all or none */
	bool joined;
	uint32_t *state; /* of the lead, once joined */
	int64_t since_ns;
	struct futex_watch watches[COMPL_NAMES_MAX];
	size_t watching;
	bool first;  /* it sleeps on a bell */
	bool brief;  /* on somebody who may be stopped */
	bool belted; /* only a seat belt ended the latest sleep */
};

/* What stands between a wait and one of its names. */
enum obstacle {
	OBSTACLE_NONE,	/* covered, and our turn; or at "all" */
	OBSTACLE_AHEAD, /* somebody is before us */
	OBSTACLE_SHORT, /* our turn, not enough tokens */
};

static bool
has_flag(const struct wait *w, enum compl_wait_flags flag)
{
	return w->req->flags & (unsigned)flag;
}

static bool
is_over(const struct wait *w)
{
	return w->req->deadline_ns != COMPL_NEVER && clock_now_ns() >= w->req->deadline_ns;
}

/* ---- looking (under the lock) ------------------------------------------------ */

static enum obstacle
look_at(struct wait *w, size_t i, uint32_t *ahead)
{
	struct session *s = &w->s;
	uint32_t done;

	*ahead = 0;
	if (w->completions[i] == 0)
		return OBSTACLE_SHORT;
	done = get(&completion_at(s, w->completions[i])->done);
	if (done == COMPL_ALL)
		return OBSTACLE_NONE;
	*ahead = w->joined ? line_ahead(s, w->places[i]) : line_first(s, w->completions[i]);
	if (*ahead != 0)
		return OBSTACLE_AHEAD;
	return done >= w->req->need ? OBSTACLE_NONE : OBSTACLE_SHORT;
}

/* The sight of all names at once. */
struct sight {
	enum obstacle obstacle[COMPL_NAMES_MAX];
	uint32_t ahead[COMPL_NAMES_MAX];
	size_t clear; /* names without an obstacle */
	size_t first; /* the first of them, or count */
};

static void
look(struct wait *w, struct sight *sight)
{
	sight->clear = 0;
	sight->first = w->req->count;
	for (size_t i = 0; i < w->req->count; i++) {
		sight->obstacle[i] = look_at(w, i, &sight->ahead[i]);
		if (sight->obstacle[i] != OBSTACLE_NONE)
			continue;
		if (sight->clear++ == 0)
			sight->first = i;
	}
}

/* The first name with a status, or count. */
static size_t
failed_name(struct wait *w)
{
	size_t i;

	for (i = 0; i < w->req->count; i++)
		if (w->completions[i] != 0 &&
		    get(&completion_at(&w->s, w->completions[i])->status) != 0)
			break;
	return i;
}

/* ---- outcomes ---------------------------------------------------------------- */

static void
set_word(struct wait *w, size_t i, const struct compl_word *word)
{
	if (w->out->words != NULL)
		w->out->words[i] = *word;
	if (i == w->out->which || (w->out->status == 0 && word->status != 0)) {
		w->out->which = i;
		w->out->status = word->status;
	}
}

static void
read_word(struct wait *w, size_t i)
{
	struct compl_word word;

	completion_word(&w->s, w->completions[i], &word);
	set_word(w, i, &word);
}

/* What a walk has left for us in one of our places. */
static void
read_place(struct wait *w, size_t i)
{
	struct place *p = place_at(&w->s, w->places[i]);
	uint32_t length = get(&p->value);
	struct compl_word word = { .status = (uint8_t)get(&p->status),
				   .has_value = length > 0 && length <= COMPL_VALUE_MAX + 1 };

	if (word.has_value)
		memcpy(word.value, place_value_at(&w->s, w->places[i]), length - 1);
	set_word(w, i, &word);
}

static void
count_waits(struct wait *w)
{
	for (size_t i = 0; w->joined && i < w->req->count; i++)
		completion_count_wait(&w->s, w->completions[i], w->since_ns,
				      has_flag(w, COMPL_WAIT_IO));
}

/* ---- taking and leaving ------------------------------------------------------- */

/* The point of commit of a wait. */
static enum compl_result
take(struct wait *w, const struct sight *sight)
{
	bool any = has_flag(w, COMPL_WAIT_ANY);
	size_t from = any ? sight->first : 0, to = any ? from + 1 : w->req->count;

	w->out->which = from;
	for (size_t i = from; i < to; i++) {
		read_word(w, i);
		completion_take(&w->s, w->completions[i], w->req->need);
	}
	if (!log_commit(&w->s))
		return COMPL_E_DAMAGED;
	count_waits(w);
	return COMPL_OK;
}

/* Unlinks what is still linked.  Our beacons are ours yet, so the places are too; we are
 * awake, so that need not be brought about. */
static void
unlink_places(struct wait *w)
{
	struct session *s = &w->s;

	for (size_t i = 0; i < w->req->count; i++)
		if (w->places[i] != 0)
			put(&place_at(s, w->places[i])->watch, 0);
	for (size_t i = 0; i < w->req->count; i++) {
		if (w->places[i] != 0 && get(&place_at(s, w->places[i])->line) != 0)
			line_unlink(s, w->places[i]);
		if (w->completions[i] != 0)
			completion_drop_if_idle(s, w->completions[i]);
	}
}

static enum compl_result
leave_locked(struct wait *w, enum compl_result result)
{
	unlink_places(w);
	repair_leave(&w->s);
	robust_release_all(&w->s.thread);
	return w->s.damaged && result != COMPL_OK ? COMPL_E_DAMAGED : result;
}

static enum compl_result
result_of(uint32_t state)
{
	if (state == STATE_DONE || state == STATE_FAILED)
		return COMPL_OK;
	return state == STATE_REMOVED ? COMPL_REMOVED : COMPL_E_DAMAGED;
}

/* Somebody has ended our wait. */
static enum compl_result
read_outcome(struct wait *w, uint32_t state)
{
	bool all = state == STATE_DONE && !has_flag(w, COMPL_WAIT_ANY);
	uint32_t culprit = get(&place_at(&w->s, w->places[0])->culprit);

	w->out->failed_fast = state == STATE_FAILED;
	for (size_t i = 0; i < w->req->count && !all; i++)
		if (w->places[i] == culprit) {
			w->out->which = i;
			read_place(w, i);
		}
	for (size_t i = 0; i < w->req->count && all; i++)
		read_place(w, i);
	return result_of(state);
}

/* Without sleeping for it: the lock, to tidy up.  Its owner may be stopped, then others
 * unlink our places later. */
static void
tidy(struct wait *w)
{
	if (repair_enter(&w->s, 0) != COMPL_OK)
		return;
	unlink_places(w);
	repair_leave(&w->s);
}

/* Whoever ended it has unlinked us. */
static enum compl_result
leave_released(struct wait *w, uint32_t state)
{
	enum compl_result result = read_outcome(w, state);

	robust_release_all(&w->s.thread);
	return w->s.damaged ? COMPL_E_DAMAGED : result;
}

static uint32_t
state_of(const struct wait *w)
{
	return __atomic_load_n(w->state, __ATOMIC_ACQUIRE);
}

/* Without the lock, perhaps because it is not to be had: of leaving and a release
 * exactly one happens. */
static enum compl_result
leave_unlocked(struct wait *w, enum compl_result result)
{
	uint32_t state = STATE_WAITING;

	if (w->joined && !__atomic_compare_exchange_n(w->state, &state, STATE_LEFT, false,
						      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return leave_released(w, state);
	if (result == COMPL_TIMED_OUT)
		count_waits(w);
	else if (result == COMPL_INTERRUPTED)
		tidy(w);
	robust_release_all(&w->s.thread);
	return result;
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
	how->flags = (has_flag(w, COMPL_WAIT_ANY) ? PLACE_ANY : 0) |
		     (has_flag(w, COMPL_WAIT_FAIL_FAST) ? PLACE_FAIL_FAST : 0) |
		     (has_flag(w, COMPL_WAIT_IO) ? PLACE_IO : 0) |
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
	bool any = has_flag(w, COMPL_WAIT_ANY);
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
	if (result == FUTEX_SIGNALLED && has_flag(w, COMPL_WAIT_INTERRUPTIBLE))
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
		if (w->completions[i] == 0 && has_flag(w, COMPL_WAIT_EXISTING))
			return COMPL_E_MISSING;
	}
	w->out->which = 0;
	return COMPL_OK;
}

/* A look under the lock.  COMPL_OK: not yet, something to sleep on is armed; else *end is
 * how the wait ends. */
static bool
is_ended(struct wait *w, enum compl_result *end)
{
	bool any = has_flag(w, COMPL_WAIT_ANY);
	struct sight sight;

	for (;;) {
		look(w, &sight);
		if (w->s.damaged) {
			*end = COMPL_E_DAMAGED;
			return true;
		}
		if (any ? sight.clear > 0 : sight.clear == w->req->count) {
			*end = take(w, &sight);
			return true;
		}
		if (has_flag(w, COMPL_WAIT_FAIL_FAST) && failed_name(w) < w->req->count) {
			w->out->failed_fast = true;
			w->out->which = failed_name(w);
			read_word(w, w->out->which);
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
		*end = leave_unlocked(w, *end);
		return true;
	}
	if (w->joined && state_of(w) != STATE_WAITING) {
		repair_leave(&w->s);
		*end = leave_released(w, state_of(w));
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
			count_waits(w);
		*end = leave_locked(w, *end);
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
		if (state_of(w) != STATE_WAITING)
			return leave_released(w, state_of(w));
		if (end != COMPL_OK)
			return leave_unlocked(w, end);
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
