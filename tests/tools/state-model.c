/* SPDX-License-Identifier: ISC
 *
 * state-model.c - applies events to names, waits and promises
 */
#include "state-model.h"

#include <string.h>

#include "compl.h"

/* How a wait ends. */
struct end {
	enum result result;
	bool by_others;
	bool may_be_late; /* the event found the name because of this wait */
	bool failed_fast;
	uint8_t which;
	struct name_state states[NAMES]; /* the state of its names, in argument order */
};

bool
state_model_is_in_line(const struct state_model *s, unsigned op)
{
	return s->phase[op] != PHASE_OVER && s->phase[op] & 1;
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
	return asks_for(&a, name);
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
		count += asks_for(&h->op[s->promise[i]].ask, name);
	return count;
}

bool
state_model_exists(const struct history *h, const struct state_model *s, unsigned name)
{
	return s->name[name].init || s->name[name].done || first_in_line(h, s, name) != OPS ||
	       count_producers(h, s, name) > 0;
}

/* ---- how waits end ----------------------------------------------------------- */

static uint8_t
first_failed(const struct ask *a, const struct end *e)
{
	uint8_t i;

	for (i = 0; i < a->count; i++)
		if (e->states[i].status)
			return i;
	return 0;
}

/* What --print prints. */
static bool
agrees_values(const struct op *o, const struct end *e, bool one)
{
	unsigned i, n = 0;

	if (o->got.values == VALUES_UNTOLD)
		return true;
	for (i = 0; i < o->ask.count; i++) {
		if ((one && i != e->which) || !e->states[i].value)
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
	 * it in line.  (rm and --existing found the name because of it, --waiting counted it.) */
	if ((e->result == GOT_REMOVED || e->may_be_late || (e->by_others && e->failed_fast)) &&
	    (got->result == GOT_TIMED_OUT || got->result == GOT_INTERRUPTED))
		return true;
	if (got->result != e->result && !(got->result == GOT_REFUSED && e->result == GOT_MISSING))
		return false;
	if (e->result != GOT_OK && e->result != GOT_REMOVED && e->result != GOT_PRODUCER_DIED)
		return true;
	if (e->result == GOT_OK && got->status != e->states[e->which].status)
		return false;
	if (got->which >= 0 && (uint8_t)got->which != e->which)
		return false;
	if (got->failed_fast >= 0 && got->failed_fast != e->failed_fast)
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
note_states(const struct state_model *s, const struct ask *a, struct end *e)
{
	unsigned i;

	for (i = 0; i < a->count; i++)
		e->states[i] = s->name[a->names[i]];
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

	note_states(s, a, &e);
	if (result == GOT_OK && !a->any && !failed_fast)
		e.which = first_failed(a, &e);
	else
		while (a->names[e.which] != name)
			e.which++;
	leave_line(s, op);
	return agrees(&h->op[op], &e);
}

/* ---- posts ------------------------------------------------------------------- */

static bool
all_are_all(const struct state_model *s, const struct ask *a)
{
	unsigned i;

	for (i = 0; i < a->count; i++)
		if (s->name[a->names[i]].done != COMPL_ALL)
			return false;
	return true;
}

/* Ends the waits that leave in the commit of a post.  found: the name had to exist, and existed
 * only because of its waits. */
static bool
release(const struct history *h, struct state_model *s, unsigned name, bool all, bool failure,
	bool found)
{
	struct state_model before = *s;
	unsigned i;

	for (i = 0; i < before.waiting; i++) {
		unsigned op = before.line[i].op;
		const struct ask *a = &h->op[op].ask;
		bool failed;

		if (!state_model_waits_for(h, &before, i, name))
			continue;
		failed = (all || failure) && a->fail_fast && s->name[name].status;
		if (!failed && !(all && (a->any || all_are_all(s, a))))
			continue;
		if (!end_wait(h, s, op, GOT_OK, name, failed, found))
			return false;
	}
	return true;
}

/* A wait for any of several names that can take from another of them. */
static bool
can_take_elsewhere(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i;

	for (i = 0; a->any && i < a->count; i++)
		if (a->names[i] != name && first_in_line(h, s, a->names[i]) == op &&
		    s->name[a->names[i]].done >= a->tokens)
			return true;
	return false;
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
		    o->end > post->begin && asks_for(&o->ask, name) &&
		    (o->got.result == GOT_TIMED_OUT || o->got.result == GOT_INTERRUPTED ||
		     o->got.result == GOT_SIGNALLED || o->got.result == GOT_KILLED))
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
	uint32_t tokens = (a->waiting ? needed(h, s, name) : a->tokens) + more;
	bool found = a->existing && !n->init && !n->done && !count_producers(h, s, name);

	*result = a->existing && !state_model_exists(h, s, name) ? GOT_MISSING : GOT_OK;
	if (*result != GOT_OK || n->done == COMPL_ALL || (tokens == 0 && !a->all))
		return true;
	n->done = a->all ? COMPL_ALL : n->done + tokens;
	set_status(n, a);
	return release(h, s, name, a->all, a->status != 0, found);
}

/* ---- promises ---------------------------------------------------------------- */

/* A producer ended without posting: the name is settled, and all its waits end. */
static bool
complete_as_producer_died(const struct history *h, struct state_model *s, unsigned name)
{
	const struct ask a = { .status = COMPL_STATUS_PRODUCER_DIED };
	struct name_state *n = &s->name[name];
	unsigned op;

	if (n->done == COMPL_ALL)
		return true;
	n->done = COMPL_ALL;
	n->producer_died = true;
	set_status(n, &a);
	while ((op = first_in_line(h, s, name)) != OPS)
		if (!end_wait(h, s, op, GOT_PRODUCER_DIED, name, false, false))
			return false;
	return true;
}

static enum result
promise(const struct history *h, struct state_model *s, unsigned op, unsigned name)
{
	struct name_state *n = &s->name[name];
	unsigned others = count_producers(h, s, name);

	if (others > 0 && h->op[op].ask.single)
		return GOT_TIMED_OUT;
	if (others == 0 && n->done == COMPL_ALL)
		*n = (struct name_state){ .init = n->init };
	s->promise[s->promised++] = (uint8_t)op;
	return GOT_OK;
}

/* Whether the promise was open; with `goes` it is open no more. */
static bool
drop_promise(const struct history *h, struct state_model *s, uint32_t begin, bool goes)
{
	unsigned i, n = 0, before = s->promised;
	bool found = false;

	for (i = 0; i < before; i++) {
		bool is_it = h->op[s->promise[i]].begin == begin;

		found |= is_it;
		if (!is_it || !goes)
			s->promise[n++] = s->promise[i];
	}
	memset(s->promise + n, 0, sizeof s->promise - n);
	s->promised = (uint8_t)n;
	return found;
}

static bool
keep(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	const struct ask *a = &h->op[op].ask;
	enum result posted;

	*result = GOT_REMOVED;
	if (!drop_promise(h, s, h->op[op].promise, !a->stays))
		return true;
	*result = GOT_OK;
	return post(h, s, a, a->names[0], 0, &posted);
}

static bool
break_promise(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	*result = GOT_REMOVED;
	if (!drop_promise(h, s, h->op[op].promise, true))
		return true;
	*result = GOT_OK;
	return complete_as_producer_died(h, s, h->op[op].ask.names[0]);
}

/* Not before it is known whether the process had promised. */
static bool
die(const struct history *h, struct state_model *s, unsigned op, enum result *result)
{
	unsigned i;

	for (i = 0; i < h->count; i++)
		if (h->op[i].begin == h->op[op].promise && h->op[i].ask.kind == OP_PROMISE &&
		    s->phase[i] != PHASE_OVER)
			return false;
	if (!break_promise(h, s, op, result))
		return false;
	*result = GOT_OK;
	return true;
}

/* An operation that looks at a name applies a death first that was known when it began. */
static bool
may_look(const struct history *h, const struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];
	unsigned i;

	for (i = h->count - h->deaths; i < h->count; i++)
		if (s->phase[i] != PHASE_OVER && h->op[i].seen < o->begin &&
		    (o->ask.count == 0 || asks_for(&o->ask, h->op[i].ask.names[0])))
			return i == op;
	return true;
}

/* ---- the other commands ------------------------------------------------------ */

static enum result
init(struct name_state *n, bool exist_ok)
{
	if (!exist_ok && (n->init || n->done || n->status || n->value))
		return GOT_EXISTS;
	n->init = true;
	return GOT_OK;
}

static enum result
reinit(const struct history *h, struct state_model *s, unsigned name, bool force)
{
	struct name_state *n = &s->name[name];

	if (!force && n->done && first_in_line(h, s, name) != OPS)
		return GOT_BUSY;
	*n = (struct name_state){ .init = n->init };
	return GOT_OK;
}

static bool
rm(const struct history *h, struct state_model *s, unsigned name, bool force, enum result *result)
{
	unsigned op, i;

	*result = state_model_exists(h, s, name) || force ? GOT_OK : GOT_MISSING;
	for (i = s->promised; i-- > 0;)
		if (asks_for(&h->op[s->promise[i]].ask, name))
			drop_promise(h, s, h->op[s->promise[i]].begin, true);
	while ((op = first_in_line(h, s, name)) != OPS)
		if (!end_wait(h, s, op, GOT_REMOVED, name, false, false))
			return false;
	s->name[name] = (struct name_state){ .done = 0 };
	return true;
}

/* ---- waits ------------------------------------------------------------------- */

static bool
is_clear(const struct history *h, const struct state_model *s, unsigned op, unsigned name)
{
	unsigned first;

	if (s->name[name].done == COMPL_ALL)
		return true;
	first = first_in_line(h, s, name);
	return first == (state_model_is_in_line(s, op) ? op : OPS) &&
	       s->name[name].done >= h->op[op].ask.tokens;
}

/* Which name it is granted from, 0 for all of them; -1: it is not granted. */
static int
granted(const struct history *h, const struct state_model *s, unsigned op)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i;

	for (i = 0; i < a->count; i++)
		if (is_clear(h, s, op, a->names[i]) == a->any)
			return a->any ? (int)i : -1;
	return a->any ? -1 : 0;
}

static void
take(struct name_state *n, uint32_t tokens)
{
	if (n->done == COMPL_ALL)
		return;
	n->done -= tokens;
	if (n->done == 0 && !n->init)
		*n = (struct name_state){ .done = 0 };
}

static bool
grant(const struct history *h, struct state_model *s, unsigned op, int from)
{
	const struct ask *a = &h->op[op].ask;
	struct end e = { .result = GOT_OK, .which = (uint8_t)from };
	unsigned i;

	note_states(s, a, &e);
	if (!a->any)
		e.which = first_failed(a, &e);
	for (i = 0; i < a->count; i++)
		if (!a->any || (int)i == from)
			take(&s->name[a->names[i]], a->tokens);
	leave_line(s, op);
	return agrees(&h->op[op], &e);
}

/* The name that ends it because a producer died, or -1. */
static int
dead_producer(const struct history *h, const struct state_model *s, unsigned op)
{
	const struct ask *a = &h->op[op].ask;
	int from = granted(h, s, op);
	unsigned i;

	for (i = 0; i < a->count; i++)
		if (s->name[a->names[i]].producer_died && (!a->any || (int)i == from))
			return (int)i;
	return -1;
}

/* Every way in which the first look ends a wait; GOT_NOTHING: it does not. */
static enum result
look(const struct history *h, const struct state_model *s, unsigned op, struct end *e)
{
	const struct ask *a = &h->op[op].ask;
	unsigned i;

	for (i = 0; i < a->count; i++)
		if (a->existing && !state_model_exists(h, s, a->names[i]))
			return GOT_MISSING;
	note_states(s, a, e);
	if (dead_producer(h, s, op) >= 0) {
		e->which = (uint8_t)dead_producer(h, s, op);
		return GOT_PRODUCER_DIED;
	}
	e->which = first_failed(a, e);
	if (a->fail_fast && e->states[e->which].status) {
		e->failed_fast = true;
		return GOT_OK;
	}
	if (granted(h, s, op) >= 0)
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
	if (e.result == GOT_OK && !e.failed_fast)
		return grant(h, s, op, granted(h, s, op));
	s->phase[op] = PHASE_OVER;
	return agrees(&h->op[op], &e);
}

static bool
look_and_join(const struct history *h, struct state_model *s, unsigned op)
{
	struct end e = { .result = GOT_OK };

	if (s->waiting == STANDING || look(h, s, op, &e) != GOT_NOTHING)
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
	unsigned i = 0;

	if (!state_model_is_in_line(s, op) ||
	    !(o->got.result == GOT_KILLED || o->got.result == GOT_SIGNALLED))
		return false;
	while (s->line[i].op != op)
		i++;
	return ++s->line[i].left < o->ask.count;
}

/* It is in line, and has not begun to die. */
static bool
is_not_dying(const struct state_model *s, unsigned op)
{
	unsigned i;

	for (i = 0; i < s->waiting; i++)
		if (s->line[i].op == op)
			return s->line[i].left == 0;
	return false;
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

/* ---- looking ----------------------------------------------------------------- */

/* A wait that leaves without the lock may be shown in one line and not in the next. */
static bool
may_leave_meanwhile(const struct op *o, const struct op *list)
{
	return list->ask.kind == OP_LIST && o->end > list->begin &&
	       (o->got.result == GOT_TIMED_OUT || o->got.result == GOT_INTERRUPTED ||
		o->got.result == GOT_SIGNALLED || o->got.result == GOT_KILLED);
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
		if (n < shot->name[name].waiters && shot->name[name].line[n].pid == o->pid &&
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
		const struct op *o = &h->op[s->promise[i]];

		if (!asks_for(&o->ask, name))
			continue;
		if (n == shot->name[name].producers || shot->name[name].producer[n++] != o->pid)
			return false;
	}
	return n == shot->name[name].producers;
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
	return s->name[name].init || s->name[name].done || count_producers(h, s, name) > 0;
}

static bool
shows_existence(const struct history *h, const struct state_model *s, const struct shot *shot,
		unsigned name, const struct op *list)
{
	const struct name_state *l = &shot->name[name].state;

	if (!shot->name[name].listed)
		return !exists_meanwhile(h, s, name, list);
	return state_model_exists(h, s, name) &&
	       (l->init || l->done || shot->name[name].waiters || shot->name[name].producers);
}

static bool
shows(const struct history *h, const struct state_model *s, const struct op *list)
{
	const struct shot *shot = &h->shot[list->got.shot];
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		const struct name_state *a = &s->name[n], *b = &shot->name[n].state;

		if (!shows_existence(h, s, shot, n, list) || a->done != b->done ||
		    a->init != b->init || a->status != b->status || a->value != b->value ||
		    !shows_line(h, s, shot, n, list) || !shows_producers(h, s, shot, n))
			return false;
	}
	return true;
}

/* Every wait that has begun and not ended is in line (none was released and sleeps), and none of
 * them can be granted. */
static bool
is_at_rest(const struct history *h, const struct state_model *s, const struct op *rest)
{
	unsigned i;

	for (i = 0; i < h->count; i++)
		if (h->op[i].ask.kind == OP_WAIT && h->op[i].begin < rest->begin &&
		    h->op[i].end > rest->begin && !state_model_is_in_line(s, i))
			return false;
	for (i = 0; i < s->waiting; i++)
		if (granted(h, s, s->line[i].op) >= 0)
			return false;
	return true;
}

/* ---- events ------------------------------------------------------------------ */

/* One step of an operation that is not a wait.  more: of tokens that it posts. */
static bool
step(const struct history *h, struct state_model *s, unsigned op, uint32_t more,
     enum result *result)
{
	const struct ask *a = &h->op[op].ask;
	unsigned name = a->names[s->phase[op]];

	switch (a->kind) {
	case OP_DONE:
		return post(h, s, a, name, more, result);
	case OP_TEST:
		*result = s->name[name].done ? GOT_OK : GOT_NOT_DONE;
		return true;
	case OP_INIT:
		*result = init(&s->name[name], a->lenient);
		return true;
	case OP_REINIT:
		*result = reinit(h, s, name, a->lenient);
		return true;
	case OP_RM:
		return rm(h, s, name, a->lenient, result);
	case OP_PROMISE:
		*result = promise(h, s, op, name);
		return true;
	case OP_KEEP:
		return keep(h, s, op, result);
	case OP_BREAK:
		return break_promise(h, s, op, result);
	case OP_DEATH:
		return die(h, s, op, result);
	case OP_REST:
		if (!is_at_rest(h, s, &h->op[op]))
			return false;
		break;
	default:
		break;
	}
	*result = GOT_OK;
	return shows(h, s, &h->op[op]);
}

static bool
act(const struct history *h, struct state_model *s, unsigned op, uint32_t more)
{
	const struct op *o = &h->op[op];
	unsigned steps = o->ask.count ? o->ask.count : 1;
	enum result result;
	bool last;

	if (!may_look(h, s, op) || !step(h, s, op, more, &result))
		return false;
	last = ++s->phase[op] == steps || result != GOT_OK;
	if (last)
		s->phase[op] = PHASE_OVER;
	if (!last || o->got.result == GOT_KILLED || o->got.result == result)
		return true;
	return o->got.result == GOT_REFUSED &&
	       (result == GOT_MISSING || result == GOT_EXISTS || result == GOT_BUSY);
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

bool
state_model_apply(const struct history *h, struct state_model *s, unsigned op, enum event event)
{
	const struct op *o = &h->op[op];
	bool in_line = state_model_is_in_line(s, op);

	if (o->ask.kind != OP_WAIT) {
		if (event == EVENT_ACT)
			return act(h, s, op, 0);
		if (event == EVENT_JOIN)
			return act_late(h, s, op);
		s->phase[op] = PHASE_OVER;
		return event == EVENT_LEAVE && o->got.result == GOT_KILLED;
	}
	switch (event) {
	case EVENT_ACT:
		return !in_line && may_look(h, s, op) && !(o->seen && s->phase[op] == 0) &&
		       look_and_end(h, s, op);
	case EVENT_JOIN:
		return !in_line && may_look(h, s, op) && look_and_join(h, s, op);
	case EVENT_GRANT:
		return is_not_dying(s, op) && granted(h, s, op) >= 0 &&
		       grant(h, s, op, granted(h, s, op));
	default:
		return !(o->seen && s->phase[op] == 0) && leave(h, s, op);
	}
}
