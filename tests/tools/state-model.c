/* SPDX-License-Identifier: ISC
 *
 * state-model.c - applies events to names, waits, barriers, promises and loans
 */
#include "state-model.h"

#include <string.h>

#include "compl.h"

/* How a wait ends. */
struct end {
	enum result result;
	bool by_others;
	bool may_be_late; /* the event found the name because of this wait */
	bool early;	  /* the first look has found a failure, and takes nothing */
	bool failed_fast;
	uint8_t which;
	unsigned granted;		 /* bits of indices, if it was granted */
	struct name_state states[NAMES]; /* the state of its names, in argument order */
};

bool
state_model_is_in_line(const struct state_model *s, unsigned op)
{
	return s->phase[op] != PHASE_OVER && s->phase[op] & 1;
}

/* Whether it may leave its lines without the lock. */
static bool
leaves_by_itself(const struct op *o)
{
	return o->got.result == GOT_TIMED_OUT || o->got.result == GOT_INTERRUPTED ||
	       o->got.result == GOT_SIGNALLED || o->got.result == GOT_KILLED;
}

static bool
asks_for(const struct ask *a, unsigned name)
{
	unsigned i;

	for (i = 0; i < a->count; i++)
		if (a->names[i] == name)
			return true;
	return false;
}

bool
state_model_waits_for(const struct history *h, const struct state_model *s, unsigned position,
		      unsigned name)
{
	struct ask a = h->op[s->line[position].op].ask;

	a.count -= s->line[position].left;
	return asks_for(&a, name) && !(s->line[position].lost >> name & 1);
}

/* The position of an operation that is in line. */
static unsigned
position_of(const struct state_model *s, unsigned op)
{
	unsigned i = 0;

	while (s->line[i].op != op)
		i++;
	return i;
}

/* How many stand in a name's line. */
static unsigned
count_in_line(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned i, count = 0;

	for (i = 0; i < s->waiting; i++)
		count += state_model_waits_for(h, s, i, name);
	return count;
}

/* The first in a name's line, or OPS. */
static unsigned
first_in_line(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned i;

	for (i = 0; i < s->waiting; i++)
		if (state_model_waits_for(h, s, i, name))
			return s->line[i].op;
	return OPS;
}

static unsigned
count_producers(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned i, count = 0;

	for (i = 0; i < s->promised; i++)
		count += asks_for(&h->op[s->promise[i].op].ask, name);
	return count;
}

/* The position in s->promise of the producer of a name that has become ready last, or STANDING. */
static unsigned
latest_ready(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned i, latest = STANDING;

	for (i = 0; i < s->promised; i++)
		if (s->promise[i].ready && asks_for(&h->op[s->promise[i].op].ask, name) &&
		    (latest == STANDING || s->promise[i].ready > s->promise[latest].ready))
			latest = i;
	return latest;
}

static bool
is_ready(const struct history *h, const struct state_model *s, unsigned name)
{
	return latest_ready(h, s, name) != STANDING;
}

/* Whether a producer went away, and none is ready. */
static bool
is_broken(const struct history *h, const struct state_model *s, unsigned name)
{
	return s->name[name].producer_died && !is_ready(h, s, name);
}

struct name_state
state_model_view(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned latest = latest_ready(h, s, name);
	struct name_state view = s->name[name];

	if (latest != STANDING) {
		view.status = 0;
		view.value = s->promise[latest].value;
	} else if (view.failed) {
		view.status = view.failed;
		view.value = 0;
	}
	return view;
}

static bool
is_barrier(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned first = first_in_line(h, s, name);

	return first != OPS && h->op[first].ask.kind == OP_BARRIER;
}

bool
state_model_lends(const struct state_model *s, unsigned position, unsigned name)
{
	return s->loan[position].names >> name & 1;
}

static unsigned
count_borrowers(const struct state_model *s, unsigned name)
{
	unsigned i, count = 0;

	for (i = 0; i < s->loans; i++)
		count += state_model_lends(s, i, name);
	return count;
}

/* Whether a name exists even if nobody waits for it. */
static bool
is_pinned(const struct history *h, const struct state_model *s, unsigned name)
{
	return s->name[name].init || s->name[name].done || s->name[name].failed ||
	       count_producers(h, s, name) > 0 || count_borrowers(s, name) > 0;
}

bool
state_model_exists(const struct history *h, const struct state_model *s, unsigned name)
{
	return is_pinned(h, s, name) || first_in_line(h, s, name) != OPS;
}

/* ---- which names let a wait go ------------------------------------------------- */

/* How many of its names are enough for a wait. */
static unsigned
quorum(const struct ask *a)
{
	if (a->any)
		return 1;
	return a->at_least ? a->at_least : a->count;
}

/* Whether a wait that can do without some of its names does without this one. */
static bool
is_lost(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	if (!h->op[op].ask.at_least)
		return false;
	return is_broken(h, s, name) || s->name[name].failed ||
	       (state_model_is_in_line(s, op) && s->line[position_of(s, op)].lost >> name & 1);
}

/* Whether a wait with at_least goes on without a name. */
static bool
goes_on_without(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i, left = 0;

	for (i = 0; i < a->count; i++)
		left += a->names[i] != name && !is_lost(h, s, op, a->names[i]);
	return a->at_least && left >= a->at_least;
}

static bool
is_open(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	return (s->name[name].done == COMPL_ALL || is_ready(h, s, name)) &&
	       !is_lost(h, s, op, name);
}

static bool
is_clear(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	if (is_open(h, s, op, name))
		return true;
	return !is_lost(h, s, op, name) && s->name[name].done >= h->op[op].ask.tokens &&
	       first_in_line(h, s, name) == (state_model_is_in_line(s, op) ? op : OPS);
}

/* Whether the process of a promise is known to be dead, and the death has not been found yet. */
static bool
is_dead(const struct history *h, const struct state_model *s, unsigned position)
{
	uint32_t begin = h->op[s->promise[position].op].begin;
	unsigned i;

	for (i = h->count - h->deaths; i < h->count; i++)
		if (h->op[i].ask.kind == OP_DEATH && h->op[i].promise == begin &&
		    s->phase[i] == PHASE_DEAD)
			return true;
	return false;
}

/* Whether a ready producer of a name lives. */
static bool
has_living_ready(const struct history *h, const struct state_model *s, unsigned name)
{
	unsigned i;

	for (i = 0; i < s->promised; i++)
		if (s->promise[i].ready && asks_for(&h->op[s->promise[i].op].ask, name) &&
		    !is_dead(h, s, i))
			return true;
	return false;
}

/* Whether a name lets a wait go that stands in line when another operation is about the name
 * `walked`.  That operation has not looked for the dead at other names: one of these that only dead
 * producers have left ready releases nobody, although it is ready still. */
static bool
is_open_still(const struct history *h, const struct state_model *s, unsigned op, unsigned name,
	      unsigned walked)
{
	return is_open(h, s, op, name) &&
	       (name == walked || s->name[name].done == COMPL_ALL || has_living_ready(h, s, name));
}

/* The names that it is granted from, as bits of indices; 0: it is not granted.  walked: the name
 * that another operation is about, or ITSELF if the wait looks itself. */
#define ITSELF NAMES
static unsigned
granted(const struct history *h, const struct state_model *s, unsigned op, unsigned walked)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i, left = quorum(a), names = 0;

	for (i = 0; i < a->count && left > 0; i++)
		if (walked == ITSELF ? is_clear(h, s, op, a->names[i])
				     : is_open_still(h, s, op, a->names[i], walked)) {
			names |= 1u << i;
			left--;
		}
	return left == 0 ? names : 0;
}

/* ---- how waits end ----------------------------------------------------------- */

/* The first of these names with a status other than 0, or the first one. */
static uint8_t
first_failed(const struct ask *a, const struct end *e, unsigned names)
{
	uint8_t i;

	for (i = 0; i < a->count; i++)
		if (names >> i & 1 && e->states[i].status)
			return i;
	return (uint8_t)__builtin_ctz(names);
}

/* What --print prints. */
static bool
agrees_values(const struct op *o, const struct end *e, bool one)
{
	unsigned i, n = 0;

	if (o->got.values == VALUES_UNTOLD)
		return true;
	for (i = 0; i < o->ask.count; i++) {
		if ((one ? i != e->which : !(e->granted >> i & 1)) || !e->states[i].value)
			continue;
		if (n == o->got.values || o->got.value[n] != e->states[i].value)
			return false;
		n++;
	}
	return n == o->got.values;
}

static bool
agrees(const struct op *o, const struct end *e)
{
	bool one = o->ask.any || e->failed_fast || e->result != GOT_OK;
	const struct answer *got = &o->got;

	if (got->result == GOT_KILLED)
		return true;
	if (got->result == GOT_SIGNALLED)
		return e->by_others;
	/* It was ended at the instant of its deadline: it may report either, although the event saw
	 * it in line.  (rm and a post found the name because of it, --waiting counted it.) */
	if ((e->result == GOT_REMOVED || e->may_be_late || (e->by_others && e->failed_fast)) &&
	    (got->result == GOT_TIMED_OUT || got->result == GOT_INTERRUPTED))
		return true;
	if (got->result != e->result &&
	    !(got->result == GOT_REFUSED && (e->result == GOT_MISSING || e->result == GOT_BARRIER)))
		return false;
	if (e->result != GOT_OK && e->result != GOT_REMOVED && e->result != GOT_PRODUCER_DIED)
		return true;
	if (e->result == GOT_OK && got->status != e->states[e->which].status)
		return false;
	if (got->which >= 0 && (uint8_t)got->which != e->which)
		return false;
	if (got->failed_fast >= 0 && got->failed_fast != e->failed_fast)
		return false;
	if (o->ask.at_least && !(o->ask.cmd && got->values == VALUES_UNTOLD) &&
	    got->granted != e->granted)
		return false;
	return agrees_values(o, e, one);
}

static void
leave_line(struct state_model *s, unsigned op)
{
	unsigned i, n = 0;

	for (i = 0; i < s->waiting; i++)
		if (s->line[i].op != op)
			s->line[n++] = s->line[i];
	memset(s->line + n, 0, sizeof s->line - n * sizeof s->line[0]);
	s->waiting = (uint8_t)n;
	s->phase[op] = PHASE_OVER;
}

static void
note_states(const struct history *h, const struct state_model *s, const struct ask *a,
	    struct end *e)
{
	unsigned i;

	for (i = 0; i < a->count; i++)
		e->states[i] = state_model_view(h, s, a->names[i]);
}

/* The event of another operation on a name ends the wait. */
static bool
end_wait(const struct history *h, struct state_model *s, unsigned op, enum result result,
	 unsigned name, bool failed_fast, bool may_be_late)
{
	const struct ask *a = &h->op[op].ask;
	struct end e = { .result = result,
			 .by_others = true,
			 .may_be_late = may_be_late,
			 .failed_fast = failed_fast };

	note_states(h, s, a, &e);
	if (result == GOT_OK && !failed_fast)
		e.granted = granted(h, s, op, name);
	if (e.granted && !a->any)
		e.which = first_failed(a, &e, e.granted);
	else
		while (a->names[e.which] != name)
			e.which++;
	leave_line(s, op);
	return agrees(&h->op[op], &e);
}

/* ---- generations --------------------------------------------------------------- */

/* The name has another generation now, which nobody has been told yet. */
static void
forget_generation(struct state_model *s, unsigned name)
{
	if (s->name[name].generation)
		s->over[name] = s->name[name].generation;
	s->name[name].generation = 0;
}

/* The name gets a new generation, and all waits in its line end that are bound to the old one. */
static bool
begin_generation(const struct history *h, struct state_model *s, unsigned name)
{
	struct state_model before = *s;
	unsigned i;

	forget_generation(s, name);
	for (i = 0; i < before.waiting; i++) {
		unsigned op = before.line[i].op;

		if (state_model_waits_for(h, &before, i, name) && h->op[op].ask.generation &&
		    !end_wait(h, s, op, GOT_OTHER_GENERATION, name, false, false))
			return false;
	}
	return true;
}

/* An operation was told the generation of a name. */
static bool
learn_generation(struct state_model *s, unsigned name, uint64_t generation)
{
	uint64_t known = s->name[name].generation;

	if (known ? generation != known : generation <= s->over[name])
		return false;
	s->name[name].generation = generation;
	if (generation > s->newest)
		s->newest = generation;
	return true;
}

/* Whether the name has another generation than is asked for, or does not exist. */
static bool
is_other_generation(const struct state_model *s, const struct ask *a, unsigned name)
{
	return a->generation && s->name[name].generation != a->generation;
}

/* ---- posts ------------------------------------------------------------------- */

/* Ends the waits that leave in the commit of a post.  found: the name existed only because of its
 * waits.  Then a wait may leave between the look at the name and the commit, and the name was not
 * gone in between: it has the same generation. */
static bool
release(const struct history *h, struct state_model *s, unsigned name, bool all, bool failure,
	bool found)
{
	struct state_model before = *s;
	unsigned i;

	for (i = 0; i < before.waiting; i++) {
		unsigned op = before.line[i].op;
		bool failed;

		if (!state_model_waits_for(h, &before, i, name))
			continue;
		failed = (all || failure) && h->op[op].ask.fail_fast &&
			 state_model_view(h, s, name).status;
		if (!failed && !(all && granted(h, s, op, name)))
			continue;
		if (!end_wait(h, s, op, GOT_OK, name, failed, found))
			return false;
	}
	return true;
}

/* A wait for some of several names that can take from enough others. */
static bool
can_take_elsewhere(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i, clear = 0;

	for (i = 0; i < a->count; i++)
		clear += a->names[i] != name && is_clear(h, s, op, a->names[i]);
	return (a->any || a->at_least) && clear >= quorum(a);
}

/* The tokens that the waits in line need beyond those that are there. */
static uint32_t
needed(const struct history *h, const struct state_model *s, unsigned name)
{
	uint32_t sum = 0, there = s->name[name].done;
	unsigned i;

	for (i = 0; i < s->waiting; i++)
		if (state_model_waits_for(h, s, i, name) &&
		    !can_take_elsewhere(h, s, s->line[i].op, name))
			sum += h->op[s->line[i].op].ask.tokens;
	return sum > there ? sum - there : 0;
}

/* The last ready producer has failed, but there are tokens now. */
static void
forget_failure(struct name_state *n)
{
	n->producer_died &= !n->failed;
	n->failed = 0;
}

static void
set_status(struct name_state *n, const struct ask *a)
{
	if (n->status)
		return;
	if (a->status || a->value)
		n->value = a->value;
	n->status = a->status;
}

/* What those waits needed that have left since a post began.  A wait leaves without the lock, at
 * the instant of its deadline or of its end.  So a post of what is needed may have counted it. */
static uint32_t
needed_before(const struct history *h, const struct state_model *s, const struct op *post,
	      unsigned name)
{
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < h->count; i++) {
		const struct op *o = &h->op[i];

		if (o->ask.kind == OP_WAIT && s->phase[i] == PHASE_OVER && o->seen &&
		    o->end > post->begin && asks_for(&o->ask, name) && leaves_by_itself(o))
			sum += o->ask.tokens;
	}
	return sum;
}

/* more: tokens besides. */
static bool
post(const struct history *h, struct state_model *s, const struct ask *a, unsigned name,
     uint32_t more, enum result *result)
{
	struct name_state *n = &s->name[name];
	bool open = n->done == COMPL_ALL || is_ready(h, s, name);
	uint32_t tokens = a->waiting && !open ? needed(h, s, name) + more : a->tokens;
	bool found = !is_pinned(h, s, name);

	*result = GOT_OK;
	if (is_other_generation(s, a, name))
		*result = GOT_OTHER_GENERATION;
	else if (a->existing && !state_model_exists(h, s, name))
		*result = GOT_MISSING;
	else if (is_barrier(h, s, name))
		*result = GOT_BARRIER;
	if (*result != GOT_OK || n->done == COMPL_ALL || (tokens == 0 && !a->all))
		return true;
	n->done = a->all ? COMPL_ALL : n->done + tokens;
	forget_failure(n);
	set_status(n, a);
	return release(h, s, name, a->all, a->status != 0, found);
}

/* ---- promises ---------------------------------------------------------------- */

/* A producer went away: all waits for the name end, except those that can do without it.  failed:
 * it had been ready, and has failed with a status. */
static bool
end_waits(const struct history *h, struct state_model *s, unsigned name, bool failed)
{
	struct state_model before = *s;
	unsigned i;

	for (i = 0; i < before.waiting; i++) {
		unsigned op = before.line[i].op;
		const struct ask *a = &h->op[op].ask;
		bool goes_on = goes_on_without(h, s, op, name);
		bool fails = a->fail_fast && state_model_view(h, s, name).status;

		if (!state_model_waits_for(h, &before, i, name) || (goes_on && !fails))
			continue;
		if (!end_wait(h, s, op, goes_on || failed ? GOT_OK : GOT_PRODUCER_DIED, name,
			      goes_on || (failed && (!a->any || fails)), false))
			return false;
	}
	return true;
}

/* A producer ended without posting, and had not been ready: the name is settled. */
static bool
complete_as_producer_died(const struct history *h, struct state_model *s, unsigned name)
{
	const struct ask a = { .status = COMPL_STATUS_PRODUCER_DIED };
	struct name_state *n = &s->name[name];

	if (n->done == COMPL_ALL || is_ready(h, s, name))
		return true;
	n->done = COMPL_ALL;
	n->failed = 0;
	n->producer_died = true;
	set_status(n, &a);
	return end_waits(h, s, name, false);
}

/* No producer of the name is ready any more, but tokens, "all" or another producer is there.  What
 * the readiness has covered takes effect: a status, or that a producer had died. */
static bool
reveal(const struct history *h, struct state_model *s, unsigned name)
{
	if (s->name[name].producer_died)
		return end_waits(h, s, name, false);
	return release(h, s, name, false, true, false);
}

/* A ready producer has ended.  (Its promise is not open any more.) */
static bool
end_readiness(const struct history *h, struct state_model *s, unsigned name, uint8_t status,
	      bool died)
{
	struct name_state *n = &s->name[name];

	if (is_ready(h, s, name))
		return true;
	if (n->done || count_producers(h, s, name))
		return reveal(h, s, name);
	n->failed = died ? COMPL_STATUS_PRODUCER_DIED : status;
	n->producer_died |= died;
	return end_waits(h, s, name, !died && status);
}

/* What was borrowed from a name does not come back. */
static void
forget_loans(struct state_model *s, unsigned name)
{
	unsigned i, n = 0;

	for (i = 0; i < s->loans; i++) {
		s->loan[n] = s->loan[i];
		s->loan[n].names &= (uint8_t) ~(1u << name);
		n += s->loan[n].names != 0;
	}
	memset(s->loan + n, 0, sizeof s->loan - n * sizeof s->loan[0]);
	s->loans = (uint8_t)n;
}

/* The name begins anew: all that it carries is gone. */
static bool
begin_anew(const struct history *h, struct state_model *s, unsigned name)
{
	struct name_state *n = &s->name[name];

	*n = (struct name_state){ .init = n->init, .generation = n->generation };
	forget_loans(s, name);
	return begin_generation(h, s, name);
}

static bool
promise(const struct history *h, struct state_model *s, unsigned op, unsigned name,
	enum result *result)
{
	unsigned others = count_producers(h, s, name);

	*result = GOT_OK;
	if (is_barrier(h, s, name))
		*result = GOT_BARRIER;
	else if (others > 0 && h->op[op].ask.single)
		*result = GOT_TIMED_OUT;
	if (*result != GOT_OK)
		return true;
	if (s->promised == STANDING)
		return false;
	s->promise[s->promised++].op = (uint8_t)op;
	if (others > 0 ||
	    !(h->op[op].ask.anew || s->name[name].done == COMPL_ALL || s->name[name].failed))
		return true;
	return begin_anew(h, s, name);
}

/* The position in s->promise of the promise that began at a stamp, or STANDING if it is void. */
static unsigned
find_promise(const struct history *h, const struct state_model *s, uint32_t begin)
{
	unsigned i;

	for (i = 0; i < s->promised; i++)
		if (h->op[s->promise[i].op].begin == begin)
			return i;
	return STANDING;
}

static void
drop_promise(struct state_model *s, unsigned position)
{
	s->promised--;
	memmove(s->promise + position, s->promise + position + 1,
		(s->promised - position) * sizeof s->promise[0]);
	memset(s->promise + s->promised, 0, sizeof s->promise[0]);
}

/* A producer is ready from now on, if it was not before. */
static bool
be_ready(const struct history *h, struct state_model *s, unsigned position, const struct ask *a)
{
	unsigned name = a->names[0], latest = latest_ready(h, s, name);

	if (s->promise[position].ready)
		return true;
	s->promise[position].ready = latest == STANDING ? 1 : s->promise[latest].ready + 1;
	s->promise[position].value = a->value;
	return release(h, s, name, true, false, false);
}

static bool
keep(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	const struct ask *a = &h->op[op].ask;
	unsigned position = find_promise(h, s, h->op[op].promise);
	bool was_ready = position != STANDING && s->promise[position].ready;
	enum result posted;

	*result = position == STANDING ? GOT_REMOVED : GOT_OK;
	if (position == STANDING)
		return true;
	if (a->ready)
		return be_ready(h, s, position, a);
	if (!a->stays)
		drop_promise(s, position);
	return post(h, s, a, a->names[0], 0, &posted) &&
	       (a->stays || !was_ready || is_ready(h, s, a->names[0]) || reveal(h, s, a->names[0]));
}

static bool
end(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	const struct ask *a = &h->op[op].ask;
	unsigned position = find_promise(h, s, h->op[op].promise);

	*result = position == STANDING	       ? GOT_REMOVED
		  : s->promise[position].ready ? GOT_OK
					       : GOT_NOT_DONE;
	if (*result != GOT_OK)
		return true;
	drop_promise(s, position);
	return end_readiness(h, s, a->names[0], a->status, false);
}

static bool
break_promise(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	unsigned position = find_promise(h, s, h->op[op].promise), name = h->op[op].ask.names[0];
	bool was_ready;

	*result = position == STANDING ? GOT_REMOVED : GOT_OK;
	if (position == STANDING)
		return true;
	was_ready = s->promise[position].ready;
	drop_promise(s, position);
	return was_ready ? end_readiness(h, s, name, 0, true)
			 : complete_as_producer_died(h, s, name);
}

#define RUN_STEPS 3

/* The next step of a run: it promises, is ready, and ends.  After a reinit it is not ready any
 * more, and posts how it ends. */
static bool
run(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	const struct ask *a = &h->op[op].ask;
	const struct ask last = { .all = true, .status = a->status };
	unsigned position = find_promise(h, s, h->op[op].begin), name = a->names[0];
	bool was_ready = position != STANDING && s->promise[position].ready;

	*result = GOT_OK;
	if (s->phase[op] == 0)
		return promise(h, s, op, name, result) &&
		       (*result != GOT_OK || h->op[op].got.result == GOT_OK ||
			h->op[op].got.result == GOT_KILLED);
	if (position == STANDING)
		return true;
	if (s->phase[op] == 1)
		return be_ready(h, s, position, a);
	drop_promise(s, position);
	if (was_ready)
		return end_readiness(h, s, name, a->status, false);
	return a->status ? post(h, s, &last, name, 0, result)
			 : complete_as_producer_died(h, s, name);
}

/* The process of a death does nothing more: a run that has promised is over.  False: it is not
 * known yet whether the process had promised. */
static bool
try_stop(const struct history *h, struct state_model *s, unsigned op)
{
	unsigned i;

	for (i = 0; i < h->count; i++) {
		if (h->op[i].begin != h->op[op].promise || s->phase[i] == PHASE_OVER)
			continue;
		if (h->op[i].ask.kind == OP_PROMISE ||
		    (h->op[i].ask.kind == OP_RUN && s->phase[i] == 0))
			return false;
		if (h->op[i].ask.kind == OP_RUN)
			s->phase[i] = PHASE_OVER;
	}
	return true;
}

static bool
die(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	if (!try_stop(h, s, op) || !break_promise(h, s, op, result))
		return false;
	*result = GOT_OK;
	return true;
}

/* Whether it makes a difference to a wait in line that the process of a promise is dead, before
 * the death is found: the wait is for another name, too (is_open_still()). */
static bool
matters(const struct history *h, const struct state_model *s, unsigned position)
{
	unsigned name = h->op[s->promise[position].op].ask.names[0], i;

	for (i = 0; s->promise[position].ready && i < s->waiting; i++)
		if (h->op[s->line[i].op].ask.count > 1 && state_model_waits_for(h, s, i, name))
			return true;
	return false;
}

/* The process is dead, and nobody has looked at the name yet. */
static bool
die_unnoticed(const struct history *h, struct state_model *s, unsigned op)
{
	unsigned position = find_promise(h, s, h->op[op].promise);

	if (position == STANDING || s->phase[op] == PHASE_DEAD || !matters(h, s, position) ||
	    !try_stop(h, s, op))
		return false;
	s->phase[op] = PHASE_DEAD;
	return true;
}

/* Whether the next event of an operation looks at a name: a wait looks at all of its names at once,
 * and a command with several names at one after the other. */
static bool
looks_at(const struct state_model *s, unsigned op, const struct op *o, unsigned name)
{
	if (o->ask.count == 0)
		return true;
	if (history_op_stands(o) || o->ask.kind == OP_RUN)
		return asks_for(&o->ask, name);
	return o->ask.names[s->phase[op]] == name;
}

/* Whether a wait that looks again finds a death first: one of its names has a dead producer. */
static bool
has_dead_producer(const struct history *h, const struct state_model *s, unsigned op)
{
	unsigned i;

	for (i = h->count - h->deaths; i < h->count; i++)
		if (s->phase[i] == PHASE_DEAD && asks_for(&h->op[op].ask, h->op[i].ask.names[0]))
			return true;
	return false;
}

/* An operation that looks at a name applies a death first that was known when it began, or that has
 * kept a wait in line.  Deaths at which nobody has looked in between are found in any order. */
static bool
may_look(const struct history *h, const struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];
	unsigned i;

	if (history_op_is_of_nobody(o))
		return true;
	for (i = h->count - h->deaths; i < h->count; i++)
		if (s->phase[i] != PHASE_OVER &&
		    (h->op[i].seen < o->begin || s->phase[i] == PHASE_DEAD) &&
		    looks_at(s, op, o, h->op[i].ask.names[0]))
			return false;
	return true;
}

/* ---- the other commands ------------------------------------------------------ */

static bool
init(const struct history *h, struct state_model *s, unsigned name, bool exist_ok,
     enum result *result)
{
	struct name_state *n = &s->name[name];
	bool before = n->init;

	*result = GOT_OK;
	if (is_barrier(h, s, name))
		*result = GOT_BARRIER;
	else if (!exist_ok && (n->init || n->done || n->status || n->value || n->failed ||
			       is_ready(h, s, name) || count_borrowers(s, name)))
		*result = GOT_EXISTS;
	if (*result != GOT_OK)
		return true;
	n->init = true;
	return before || begin_generation(h, s, name);
}

static bool
reinit(const struct history *h, struct state_model *s, unsigned op, unsigned name,
       enum result *result)
{
	const struct op *o = &h->op[op];
	struct name_state *n = &s->name[name];
	bool told = o->ask.print && o->got.result == GOT_OK, barrier = is_barrier(h, s, name);
	uint64_t newest = s->newest;
	unsigned i;

	*result =
		!o->ask.lenient && n->done && first_in_line(h, s, name) != OPS ? GOT_BUSY : GOT_OK;
	if (*result != GOT_OK)
		return true;
	if (!barrier && !begin_anew(h, s, name))
		return false;
	n->init |= o->ask.print && !barrier;
	for (i = 0; i < s->promised; i++)
		if (asks_for(&h->op[s->promise[i].op].ask, name))
			s->promise[i].ready = s->promise[i].value = 0;
	return !told || ((barrier || o->got.generation > newest) &&
			 learn_generation(s, name, o->got.generation));
}

static bool
rm(const struct history *h, struct state_model *s, unsigned name, bool force, enum result *result)
{
	struct state_model before;
	unsigned i;

	*result = state_model_exists(h, s, name) || force ? GOT_OK : GOT_MISSING;
	for (i = s->promised; i-- > 0;)
		if (asks_for(&h->op[s->promise[i].op].ask, name))
			drop_promise(s, i);
	before = *s;
	for (i = 0; i < before.waiting; i++) {
		unsigned op = before.line[i].op;

		if (!state_model_waits_for(h, &before, i, name))
			continue;
		if (goes_on_without(h, s, op, name))
			s->line[position_of(s, op)].lost |= (uint8_t)(1u << name);
		else if (!end_wait(h, s, op, GOT_REMOVED, name, false, false))
			return false;
	}
	forget_generation(s, name);
	forget_loans(s, name);
	s->name[name] = (struct name_state){ .done = 0 };
	return true;
}

/* ---- waits ------------------------------------------------------------------- */

static void
take(struct name_state *n, uint32_t tokens)
{
	if (n->done == COMPL_ALL)
		return;
	n->done -= tokens;
	if (n->done == 0 && !n->init)
		*n = (struct name_state){ .generation = n->generation };
}

/* What a wait takes from names that are not open is a loan. */
static bool
lend(const struct history *h, struct state_model *s, unsigned op, unsigned names)
{
	const struct op *o = &h->op[op];
	unsigned i, lent = 0;

	for (i = 0; i < o->ask.count; i++)
		if (names >> i & 1 && s->name[o->ask.names[i]].done != COMPL_ALL &&
		    !is_ready(h, s, o->ask.names[i]))
			lent |= 1u << o->ask.names[i];
	if (lent && s->loans == LOANS)
		return false;
	if (lent) {
		s->loan[s->loans].op = (uint8_t)op;
		s->loan[s->loans++].names = (uint8_t)lent;
	}
	if (lent && o->ask.cmd)
		s->phase[op] = PHASE_LENT;
	return o->ask.cmd || o->got.result == GOT_KILLED || o->got.lends == (lent != 0);
}

static bool
grant(const struct history *h, struct state_model *s, unsigned op, unsigned names)
{
	const struct ask *a = &h->op[op].ask;
	struct end e = { .result = GOT_OK, .granted = names };
	unsigned i;

	note_states(h, s, a, &e);
	e.which = first_failed(a, &e, names);
	leave_line(s, op);
	/* With another status than 0 a borrower takes nothing. */
	if (a->borrow && e.states[e.which].status)
		return (a->cmd || h->op[op].got.result == GOT_KILLED || !h->op[op].got.lends) &&
		       agrees(&h->op[op], &e);
	if (a->borrow && !lend(h, s, op, names))
		return false;
	for (i = 0; i < a->count; i++)
		if (names >> i & 1 && !is_ready(h, s, a->names[i]))
			take(&s->name[a->names[i]], a->tokens);
	return agrees(&h->op[op], &e);
}

/* The name that ends it because of what became of its producers, or -1: because one has died, or,
 * with `failed`, because the last ready one has failed.  A wait for any ends only if it cannot take
 * from a name before. */
static int
dead_producer(const struct history *h, const struct state_model *s, unsigned op, bool failed)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i;

	for (i = 0; i < a->count; i++) {
		unsigned name = a->names[i];

		if ((failed ? s->name[name].failed != 0 : is_broken(h, s, name)) &&
		    !goes_on_without(h, s, op, name))
			return (int)i;
		if (a->any && is_clear(h, s, op, name))
			return -1;
	}
	return -1;
}

/* A name without which, or with which, it cannot begin, and why. */
static enum result
obstacle(const struct history *h, const struct state_model *s, const struct ask *a)
{
	unsigned i;

	for (i = 0; i < a->count; i++) {
		if (is_other_generation(s, a, a->names[i]))
			return GOT_OTHER_GENERATION;
		if (a->existing && !state_model_exists(h, s, a->names[i]))
			return GOT_MISSING;
		if (is_barrier(h, s, a->names[i]))
			return a->at_once ? GOT_TIMED_OUT : GOT_BARRIER;
	}
	return GOT_OK;
}

/* Every way in which the first look ends a wait; GOT_NOTHING: it does not. */
static enum result
look(const struct history *h, const struct state_model *s, unsigned op, struct end *e)
{
	const struct ask *a = &h->op[op].ask;
	enum result result = obstacle(h, s, a);

	if (result != GOT_OK)
		return result;
	note_states(h, s, a, e);
	if (dead_producer(h, s, op, false) >= 0) {
		e->which = (uint8_t)dead_producer(h, s, op, false);
		return GOT_PRODUCER_DIED;
	}
	e->which = first_failed(a, e, (1u << a->count) - 1);
	e->early = a->fail_fast && e->states[e->which].status;
	e->failed_fast = e->early;
	if (!e->early && dead_producer(h, s, op, true) >= 0) {
		e->which = (uint8_t)dead_producer(h, s, op, true);
		e->early = true;
		e->failed_fast = !a->any;
	}
	if (e->early)
		return GOT_OK;
	if (granted(h, s, op, ITSELF))
		return GOT_OK;
	return a->at_once ? GOT_TIMED_OUT : GOT_NOTHING;
}

static bool
look_and_end(const struct history *h, struct state_model *s, unsigned op)
{
	struct end e = { .result = GOT_OK };

	e.result = look(h, s, op, &e);
	if (e.result == GOT_NOTHING)
		return false;
	if (e.result == GOT_OK && !e.early)
		return grant(h, s, op, granted(h, s, op, ITSELF));
	s->phase[op] = PHASE_OVER;
	return agrees(&h->op[op], &e);
}

/* A wait that borrows joins even if it can take at once.  It does not give the lock back in
 * between, but it may be seen in line. */
static bool
look_and_join(const struct history *h, struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];
	struct end e = { .result = GOT_OK };
	enum result result = look(h, s, op, &e);

	if (result == GOT_OK && !e.early && o->ask.borrow && o->seen) {
		s->phase[op] = PHASE_TAKING;
		return true;
	}
	if (s->waiting == STANDING || result != GOT_NOTHING)
		return false;
	s->line[s->waiting++].op = (uint8_t)op;
	s->phase[op]++;
	return true;
}

/* A process that dies leaves one of its lines; whether there are others left. */
static bool
leave_one(const struct history *h, struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];

	if (!state_model_is_in_line(s, op) ||
	    !(o->got.result == GOT_KILLED || o->got.result == GOT_SIGNALLED))
		return false;
	return ++s->line[position_of(s, op)].left < o->ask.count;
}

/* It is in line, and has not begun to die. */
static bool
is_not_dying(const struct state_model *s, unsigned op)
{
	return state_model_is_in_line(s, op) && s->line[position_of(s, op)].left == 0;
}

/* A wait ends with nothing: only one that was told so, or was told nothing. */
static bool
leave(const struct history *h, struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];
	bool comes_back = state_model_is_in_line(s, op) && s->phase[op] / 2 < o->requeues;
	uint8_t again = (uint8_t)(s->phase[op] + 1);

	switch (o->got.result) {
	case GOT_TIMED_OUT:
		if (o->ask.at_once && !comes_back)
			return false;
		break;
	case GOT_INTERRUPTED:
	case GOT_LOCKED:
	case GOT_SIGNALLED:
	case GOT_KILLED:
		break;
	default:
		if (!comes_back)
			return false;
	}
	if (!comes_back && leave_one(h, s, op))
		return true;
	leave_line(s, op);
	if (comes_back)
		s->phase[op] = again;
	return true;
}

/* ---- loans -------------------------------------------------------------------- */

/* The tokens of these names come back, if they are out. */
static void
give_back(const struct history *h, struct state_model *s, uint32_t begin, unsigned names)
{
	unsigned i, k, n = 0;

	for (i = 0; i < s->loans; i++) {
		const struct op *o = &h->op[s->loan[i].op];
		unsigned back = o->begin == begin ? s->loan[i].names & names : 0;

		for (k = 0; k < NAMES; k++)
			if (back >> k & 1 && s->name[k].done != COMPL_ALL) {
				s->name[k].done += o->ask.tokens;
				forget_failure(&s->name[k]);
			}
		s->loan[n] = s->loan[i];
		s->loan[n].names &= (uint8_t)~back;
		n += s->loan[n].names != 0;
	}
	memset(s->loan + n, 0, sizeof s->loan - n * sizeof s->loan[0]);
	s->loans = (uint8_t)n;
}

/* CMD has ended; or it never began, because the status was not 0. */
static bool
end_cmd(const struct history *h, struct state_model *s, unsigned op)
{
	give_back(h, s, h->op[op].begin, ~0u);
	s->phase[op] = PHASE_OVER;
	return true;
}

/* Not before it is known whether it had borrowed. */
static bool
return_tokens(const struct history *h, struct state_model *s, unsigned op, unsigned name)
{
	unsigned i;

	for (i = 0; i < h->count; i++)
		if (h->op[i].begin == h->op[op].promise && h->op[i].ask.kind == OP_WAIT &&
		    s->phase[i] != PHASE_OVER)
			return false;
	give_back(h, s, h->op[op].promise, 1u << name);
	return true;
}

/* ---- barriers ---------------------------------------------------------------- */

/* Why it may not stand in the barrier; GOT_OK: it may. */
static enum result
check_barrier(const struct history *h, const struct state_model *s, const struct ask *a)
{
	unsigned name = a->names[0], first = first_in_line(h, s, name);
	const struct name_state *n = &s->name[name];

	if (is_barrier(h, s, name))
		return h->op[first].ask.tokens == a->tokens ? GOT_OK : GOT_OTHER_PARTIES;
	if (n->done || n->status || n->value || n->failed || count_producers(h, s, name) ||
	    count_borrowers(s, name) || first != OPS)
		return GOT_IN_USE;
	return GOT_OK;
}

/* A participant passes.  places: those that others of the round were told, as bits. */
static bool
pass(const struct op *o, uint32_t *places)
{
	uint32_t place = 1u << o->got.place;

	if (o->got.result == GOT_KILLED)
		return true;
	if (o->got.result != GOT_OK || o->got.place < 1 || o->got.place > o->ask.tokens ||
	    *places & place)
		return false;
	*places |= place;
	return true;
}

/* All who stand in the barrier pass, and so does op, which came last. */
static bool
complete_round(const struct history *h, struct state_model *s, unsigned op)
{
	unsigned name = h->op[op].ask.names[0], other;
	uint32_t places = 0;

	while ((other = first_in_line(h, s, name)) != OPS) {
		if (!pass(&h->op[other], &places))
			return false;
		leave_line(s, other);
	}
	s->phase[op] = PHASE_OVER;
	return pass(&h->op[op], &places);
}

/* It completes the round, may not join, or may not wait.  The last of a round may have been seen in
 * line just before it completed the round. */
static bool
meet(const struct history *h, struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];
	enum result result = check_barrier(h, s, &o->ask);
	unsigned standing = count_in_line(h, s, o->ask.names[0]);

	if (result == GOT_OK && standing + 1 == o->ask.tokens)
		return complete_round(h, s, op);
	if (o->seen || (result == GOT_OK && !o->ask.at_once))
		return false;
	if (result == GOT_OK)
		result = GOT_TIMED_OUT;
	if (result == GOT_OTHER_PARTIES && o->got.result == result &&
	    o->got.place != h->op[first_in_line(h, s, o->ask.names[0])].ask.tokens)
		return false;
	s->phase[op] = PHASE_OVER;
	return o->got.result == result || o->got.result == GOT_KILLED ||
	       (o->got.result == GOT_REFUSED && result != GOT_TIMED_OUT);
}

/* The only other one may leave between the look at the name and the join.  Then there is no round,
 * and the name was not gone. */
static bool
join_barrier(const struct history *h, struct state_model *s, unsigned op)
{
	const struct ask *a = &h->op[op].ask;
	unsigned standing = count_in_line(h, s, a->names[0]);

	if (s->waiting == STANDING || a->at_once || check_barrier(h, s, a) != GOT_OK)
		return false;
	if (standing + 1 == a->tokens) {
		unsigned other = first_in_line(h, s, a->names[0]);

		if (standing != 1 || !leaves_by_itself(&h->op[other]))
			return false;
		leave_line(s, other);
	}
	s->line[s->waiting++].op = (uint8_t)op;
	s->phase[op]++;
	return true;
}

/* ---- looking ----------------------------------------------------------------- */

/* A wait that leaves without the lock may be shown in one line and not in the next. */
static bool
may_leave_meanwhile(const struct op *o, const struct op *list)
{
	return list->ask.kind == OP_LIST && o->end > list->begin && leaves_by_itself(o);
}

static bool
shows_line(const struct history *h, const struct state_model *s, const struct shot *shot,
	   unsigned name, const struct op *list)
{
	unsigned i, n = 0;

	for (i = 0; i < s->waiting; i++) {
		const struct op *o = &h->op[s->line[i].op];

		if (!state_model_waits_for(h, s, i, name))
			continue;
		if (n < shot->name[name].waiters &&
		    shot->name[name].barrier == (o->ask.kind == OP_BARRIER) &&
		    shot->name[name].line[n].pid == o->pid &&
		    shot->name[name].line[n].need == o->ask.tokens)
			n++;
		else if (!may_leave_meanwhile(o, list))
			return false;
	}
	return n == shot->name[name].waiters;
}

static bool
shows_producers(const struct history *h, const struct state_model *s, const struct shot *shot,
		unsigned name)
{
	unsigned i, n = 0;

	for (i = 0; i < s->promised; i++) {
		const struct op *o = &h->op[s->promise[i].op];

		if (!asks_for(&o->ask, name))
			continue;
		if (n == shot->name[name].producers || shot->name[name].producer[n].pid != o->pid ||
		    shot->name[name].producer[n].ready != (s->promise[i].ready != 0))
			return false;
		n++;
	}
	return n == shot->name[name].producers;
}

/* Whether tokens of a loan come back without a call of the borrower, after the listing began. */
static bool
may_return_meanwhile(const struct history *h, const struct op *wait, const struct op *list)
{
	unsigned i;

	for (i = h->count - h->deaths; i < h->count; i++)
		if (h->op[i].ask.kind == OP_RETURN && h->op[i].promise == wait->begin &&
		    h->op[i].end > list->begin)
			return true;
	return false;
}

static bool
shows_borrowers(const struct history *h, const struct state_model *s, const struct shot *shot,
		unsigned name, const struct op *list)
{
	unsigned i, n = 0;

	for (i = 0; i < s->loans; i++) {
		const struct op *o = &h->op[s->loan[i].op];
		pid_t pid;

		if (!state_model_lends(s, i, name))
			continue;
		if (n == shot->name[name].borrowers ||
		    shot->name[name].borrower[n].count != o->ask.tokens)
			return false;
		pid = shot->name[name].borrower[n++].pid;
		if (pid != o->pid && (pid != 0 || !may_return_meanwhile(h, o, list)))
			return false;
	}
	return n == shot->name[name].borrowers;
}

/* Whether the name exists even if all waits have left that may leave meanwhile. */
static bool
exists_meanwhile(const struct history *h, const struct state_model *s, unsigned name,
		 const struct op *list)
{
	unsigned i;

	for (i = 0; i < s->waiting; i++)
		if (state_model_waits_for(h, s, i, name) &&
		    !may_leave_meanwhile(&h->op[s->line[i].op], list))
			return true;
	return is_pinned(h, s, name);
}

static bool
shows_existence(const struct history *h, const struct state_model *s, const struct shot *shot,
		unsigned name, const struct op *list)
{
	const struct name_state *l = &shot->name[name].state;

	if (!shot->name[name].listed)
		return !exists_meanwhile(h, s, name, list);
	return state_model_exists(h, s, name) &&
	       (l->init || l->done || l->failed || shot->name[name].waiters ||
		shot->name[name].producers || shot->name[name].borrowers);
}

static bool
shows(const struct history *h, const struct state_model *s, const struct op *list)
{
	const struct shot *shot = &h->shot[list->got.shot];
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		const struct name_state view = state_model_view(h, s, n), *a = &view,
					*b = &shot->name[n].state;

		if (!shows_existence(h, s, shot, n, list) || a->done != b->done ||
		    a->init != b->init || a->status != b->status || a->value != b->value ||
		    a->failed != b->failed || !shows_line(h, s, shot, n, list) ||
		    !shows_producers(h, s, shot, n) || !shows_borrowers(h, s, shot, n, list))
			return false;
	}
	return true;
}

/* Learns the generations of the names that a listing shows. */
static bool
learn_all(const struct history *h, struct state_model *s, const struct op *list)
{
	const struct shot *shot = &h->shot[list->got.shot];
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		uint64_t generation = shot->name[n].state.generation;

		if (generation && !learn_generation(s, n, generation))
			return false;
	}
	return true;
}

/* Every wait and every participant that has begun and not ended is in line (none was released and
 * sleeps), and no wait can be granted.  (No round is complete: it would be passed at once.) */
static bool
is_at_rest(const struct history *h, const struct state_model *s, const struct op *rest)
{
	unsigned i;

	for (i = 0; i < h->count; i++)
		if (history_op_stands(&h->op[i]) && h->op[i].begin < rest->begin &&
		    h->op[i].end > rest->begin && !state_model_is_in_line(s, i))
			return false;
	for (i = 0; i < s->waiting; i++)
		if (h->op[s->line[i].op].ask.kind == OP_WAIT &&
		    granted(h, s, s->line[i].op, ITSELF))
			return false;
	return true;
}

/* ---- events ------------------------------------------------------------------ */

static enum result
test(const struct history *h, const struct state_model *s, const struct ask *a, unsigned name)
{
	if (is_other_generation(s, a, name))
		return GOT_OTHER_GENERATION;
	return s->name[name].done || is_ready(h, s, name) ? GOT_OK : GOT_NOT_DONE;
}

/* One step of an operation that is not a wait.  more: of tokens that it posts. */
static bool
step(const struct history *h, struct state_model *s, unsigned op, uint32_t more,
     enum result *result)
{
	const struct ask *a = &h->op[op].ask;
	unsigned name = a->kind == OP_RUN ? a->names[0] : a->names[s->phase[op]];

	switch (a->kind) {
	case OP_DONE:
		return post(h, s, a, name, more, result);
	case OP_TEST:
		*result = test(h, s, a, name);
		return true;
	case OP_INIT:
		return init(h, s, name, a->lenient, result);
	case OP_REINIT:
		return reinit(h, s, op, name, result);
	case OP_RM:
		return rm(h, s, name, a->lenient, result);
	case OP_PROMISE:
		return promise(h, s, op, name, result);
	case OP_RUN:
		return run(h, s, op, result);
	case OP_KEEP:
		return keep(h, s, op, result);
	case OP_END:
		return end(h, s, op, result);
	case OP_BREAK:
		return break_promise(h, s, op, result);
	case OP_DEATH:
		return die(h, s, op, result);
	case OP_GIVE:
	case OP_RETURN:
		*result = GOT_OK;
		return return_tokens(h, s, op, name);
	case OP_REST:
		if (!is_at_rest(h, s, &h->op[op]))
			return false;
		break;
	default:
		break;
	}
	*result = GOT_OK;
	return shows(h, s, &h->op[op]) && learn_all(h, s, &h->op[op]);
}

static bool
act(const struct history *h, struct state_model *s, unsigned op, uint32_t more)
{
	const struct op *o = &h->op[op];
	unsigned steps = o->ask.kind == OP_RUN ? RUN_STEPS : o->ask.count ? o->ask.count : 1;
	enum result result;
	bool last;

	if (!may_look(h, s, op) || !step(h, s, op, more, &result))
		return false;
	last = ++s->phase[op] == steps || result != GOT_OK;
	if (last)
		s->phase[op] = PHASE_OVER;
	if (!last || o->got.result == GOT_KILLED || o->got.result == result)
		return true;
	return o->got.result == GOT_REFUSED && (result == GOT_MISSING || result == GOT_EXISTS ||
						result == GOT_BUSY || result == GOT_BARRIER);
}

/* The other way in which a post of what is needed can go: it has counted waits that have left
 * meanwhile. */
static bool
act_late(const struct history *h, struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];
	uint32_t more = 0;

	if (o->ask.kind == OP_DONE && o->ask.waiting && s->phase[op] < o->ask.count)
		more = needed_before(h, s, o, o->ask.names[s->phase[op]]);
	return more > 0 && act(h, s, op, more);
}

/* It takes what it has joined for, or it is killed before. */
static bool
end_taking(const struct history *h, struct state_model *s, unsigned op, enum event event)
{
	s->phase[op] = 0;
	if (event == EVENT_LEAVE)
		return h->op[op].got.result == GOT_KILLED && leave(h, s, op);
	return event == EVENT_ACT && look_and_end(h, s, op);
}

/* Whether another operation has the lock.  Only a test does without it. */
static bool
is_locked(const struct history *h, const struct state_model *s, unsigned op)
{
	unsigned i;

	if (h->op[op].ask.kind == OP_TEST)
		return false;
	for (i = 0; i < h->count; i++)
		if (s->phase[i] == PHASE_TAKING && i != op)
			return true;
	return false;
}

/* Whether an operation that stands in line can have its first look now, and not be in line yet. */
static bool
may_look_first(const struct history *h, const struct state_model *s, unsigned op)
{
	return !state_model_is_in_line(s, op) && may_look(h, s, op);
}

/* An event of an operation that does not stand in line. */
static bool
apply_step(const struct history *h, struct state_model *s, unsigned op, enum event event)
{
	const struct op *o = &h->op[op];

	if (event == EVENT_JOIN)
		return o->ask.kind == OP_DEATH ? die_unnoticed(h, s, op) : act_late(h, s, op);
	if (s->phase[op] == PHASE_DEAD)
		s->phase[op] = 0;
	if (event == EVENT_ACT)
		return act(h, s, op, 0);
	s->phase[op] = PHASE_OVER;
	return event == EVENT_LEAVE && o->got.result == GOT_KILLED;
}

static bool
apply(const struct history *h, struct state_model *s, unsigned op, enum event event)
{
	const struct op *o = &h->op[op];
	bool barrier = o->ask.kind == OP_BARRIER, joins = o->seen && s->phase[op] == 0;
	bool killed = o->got.result == GOT_KILLED;
	unsigned names;

	if (!history_op_stands(o))
		return apply_step(h, s, op, event);
	if (s->phase[op] == PHASE_LENT && event == EVENT_ACT)
		return end_cmd(h, s, op);
	if (s->phase[op] == PHASE_LENT) {
		s->phase[op] = PHASE_OVER;
		return event == EVENT_LEAVE && killed;
	}
	if (s->phase[op] == PHASE_TAKING)
		return end_taking(h, s, op, event);
	switch (event) {
	case EVENT_ACT:
		return may_look_first(h, s, op) &&
		       (barrier ? meet(h, s, op)
				: (!joins || o->ask.borrow) && look_and_end(h, s, op));
	case EVENT_JOIN:
		return may_look_first(h, s, op) &&
		       (barrier ? join_barrier(h, s, op) : look_and_join(h, s, op));
	case EVENT_GRANT:
		names = barrier || !is_not_dying(s, op) || has_dead_producer(h, s, op)
				? 0
				: granted(h, s, op, ITSELF);
		return names && grant(h, s, op, names);
	default:
		/* The last of a round may be killed before it has completed the round, and a
		   borrower before it has taken what it joined for. */
		return (!joins || (killed && (barrier || o->ask.borrow))) && leave(h, s, op);
	}
}

/* A name that is gone takes its generation along. */
bool
state_model_apply(const struct history *h, struct state_model *s, unsigned op, enum event event)
{
	unsigned n;

	if (is_locked(h, s, op) || !apply(h, s, op, event))
		return false;
	for (n = 0; n < NAMES; n++)
		if (s->name[n].generation && !state_model_exists(h, s, n))
			forget_generation(s, n);
	return true;
}
