/* SPDX-License-Identifier: ISC
 *
 * linear.c - searches for an order of events that explains a history
 *
 * Searches all orders, depth first, in which no operation has an event before its beginning or
 * after its end, and an operation never comes before one that had ended before it began.  A state
 * that was seen before is not entered again.  So "no" is a proof: in every order, some event
 * contradicts what a process was told.  (States are remembered by 64 bits; so the search for a "no"
 * is repeated with other bits.)
 *
 * An event that changes nothing is applied as soon as it is possible.  No explanation is lost: it
 * can be put there into any order that explains the other events.  (A listing from which the model
 * learns the generation of a name changes something.)
 */
#include "linear.h"

#include <string.h>
#include <sys/mman.h>

#include "history-text.h"

struct linear *
linear_new(void)
{
	struct linear *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t *seen = mmap(NULL, LINEAR_SEEN * sizeof *seen, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (l == MAP_FAILED || seen == MAP_FAILED)
		return NULL;
	/* This makes a fork cheap. */
	madvise(l, sizeof *l, MADV_DONTFORK);
	madvise(seen, LINEAR_SEEN * sizeof *seen, MADV_DONTFORK);
	l->seen = seen;
	return l;
}

/* ---- the memory -------------------------------------------------------------- */

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const char *at = bytes;
	uint64_t word;

	for (; size > 0; at += 8) {
		size_t some = size < 8 ? size : 8;

		word = 0;
		memcpy(&word, at, some);
		hash = mix(hash, word);
		size -= some;
	}
	return hash;
}

static uint64_t
hash_model(const struct linear *l, const struct state_model *s)
{
	uint64_t hash = l->salt;
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		const struct name_state *name = &s->name[n];

		hash = mix(hash, (uint64_t)name->done << 32 | (uint64_t)name->value << 16 |
					 (uint64_t)name->status << 2 | name->producer_died << 1 |
					 name->init);
		hash = mix(mix(mix(hash, name->failed), name->generation), s->over[n]);
	}
	hash = hash_bytes(hash, s->phase, l->h->count);
	hash = hash_bytes(hash, s->line, s->waiting * sizeof s->line[0]);
	hash = hash_bytes(mix(hash, s->waiting), s->promise, s->promised * sizeof s->promise[0]);
	hash = hash_bytes(mix(hash, s->promised), s->loan, s->loans * sizeof s->loan[0]);
	return hash | 1;
}

/* Remembers a state; false: it was seen before. */
static bool
remember(struct linear *l, const struct state_model *s)
{
	uint64_t hash = hash_model(l, s);
	uint32_t at = (uint32_t)(hash >> 20) % LINEAR_SEEN;

	for (; l->seen[at]; at = (at + 1) % LINEAR_SEEN)
		if (l->seen[at] == hash)
			return false;
	l->seen[at] = hash;
	l->used[l->states++] = at;
	return true;
}

static void
forget(struct linear *l)
{
	while (l->states)
		l->seen[l->used[--l->states]] = 0;
}

/* ---- the search -------------------------------------------------------------- */

/* The stamp by which the operation must have had its next event. */
static uint32_t
due(const struct history *h, const struct state_model *s, unsigned op)
{
	const struct op *o = &h->op[op];

	if (s->phase[op] == PHASE_OVER)
		return UINT32_MAX;
	if (history_op_stands(o) && s->phase[op] == 0 && o->seen && o->seen < o->end)
		return o->seen;
	return o->end;
}

/* The operation that is due first, or OPS if all are over. */
static unsigned
most_urgent(const struct history *h, const struct state_model *s)
{
	unsigned i, best = OPS;
	uint32_t least = UINT32_MAX;

	for (i = 0; i < h->count; i++) {
		uint32_t stamp = due(h, s, i);

		if (stamp < least) {
			least = stamp;
			best = i;
		}
	}
	return best;
}

static bool
is_same_name(const struct name_state *a, const struct name_state *b)
{
	return a->done == b->done && a->generation == b->generation && a->value == b->value &&
	       a->status == b->status && a->init == b->init && a->failed == b->failed &&
	       a->producer_died == b->producer_died;
}

static bool
has_same_names(const struct state_model *a, const struct state_model *b)
{
	for (unsigned n = 0; n < NAMES; n++)
		if (!is_same_name(&a->name[n], &b->name[n]))
			return false;
	return true;
}

/* Applies all events that change nothing and can happen now; returns what is due first then. */
static unsigned
apply_idle(const struct history *h, struct state_model *s)
{
	unsigned urgent, i;
	bool again;

	do {
		uint32_t limit;

		again = false;
		urgent = most_urgent(h, s);
		limit = urgent == OPS ? 0 : due(h, s, urgent);
		for (i = 0; i < h->count; i++) {
			struct state_model next;

			if (s->phase[i] == PHASE_OVER || !history_op_is_idle(&h->op[i]) ||
			    h->op[i].begin >= limit)
				continue;
			next = *s;
			if (!state_model_apply(h, &next, i, EVENT_ACT) || !has_same_names(&next, s))
				continue;
			*s = next;
			again = true;
		}
	} while (again);
	return urgent;
}

static void
note_best(struct linear *l, const struct state_model *s)
{
	unsigned i, over = 0;

	for (i = 0; i < l->h->count; i++)
		over += s->phase[i] == PHASE_OVER;
	if (over < l->over)
		return;
	l->over = over;
	l->best = *s;
}

static enum verdict search(struct linear *l, const struct state_model *s);

/* Tries each event of one operation that can be next. */
static enum verdict
try_op(struct linear *l, const struct state_model *s, unsigned op, bool urgent)
{
	unsigned event;

	for (event = 0; event < EVENTS; event++) {
		struct state_model next = *s;
		enum verdict verdict;

		/* A wait that never joined need not end early: that explains nothing more. */
		if (event == EVENT_LEAVE && !state_model_is_in_line(s, op) && !urgent)
			continue;
		if (!state_model_apply(l->h, &next, op, (enum event)event))
			continue;
		verdict = search(l, &next);
		if (verdict != LINEAR_NO)
			return verdict;
	}
	return LINEAR_NO;
}

/* Tries what is due first: that explains most histories at once. */
static enum verdict
search(struct linear *l, const struct state_model *before)
{
	struct state_model s = *before;
	unsigned urgent = apply_idle(l->h, &s), op, i;
	uint32_t limit, from = 0;

	if (urgent == OPS)
		return LINEAR_YES;
	if (l->states == LINEAR_LIMIT)
		return LINEAR_TOO_LONG;
	if (!remember(l, &s))
		return LINEAR_NO;
	note_best(l, &s);
	limit = due(l->h, &s, urgent);
	for (;;) {
		enum verdict verdict;
		uint32_t least = UINT32_MAX;

		for (op = OPS, i = 0; i < l->h->count; i++) {
			uint32_t stamp = due(l->h, &s, i);

			if (stamp < least && stamp > from && l->h->op[i].begin < limit) {
				least = stamp;
				op = i;
			}
		}
		if (op == OPS)
			return LINEAR_NO;
		verdict = try_op(l, &s, op, op == urgent);
		if (verdict != LINEAR_NO)
			return verdict;
		from = least;
	}
}

/* ---- the question ------------------------------------------------------------ */

static enum verdict
linear_ask(struct linear *l, const struct history *h, uint64_t salt)
{
	struct state_model s;

	memset(&s, 0, sizeof s);
	forget(l);
	l->h = h;
	l->salt = salt;
	l->over = 0;
	l->best = s;
	return search(l, &s);
}

static void
shot_add_waiter(struct shot *shot, unsigned name, const struct op *o)
{
	unsigned at = shot->name[name].waiters++;

	shot->name[name].barrier = o->ask.kind == OP_BARRIER;
	shot->name[name].line[at].pid = o->pid;
	shot->name[name].line[at].need = o->ask.tokens;
}

static void
shot_add_borrower(struct shot *shot, unsigned name, const struct op *o)
{
	unsigned at = shot->name[name].borrowers++;

	shot->name[name].borrower[at].pid = o->pid;
	shot->name[name].borrower[at].count = o->ask.tokens;
}

void
linear_explain(FILE *to, const struct linear *l)
{
	const struct state_model *s = &l->best;
	struct shot shot;
	unsigned n, i, op;

	memset(&shot, 0, sizeof shot);
	for (n = 0; n < NAMES; n++) {
		shot.name[n].state = state_model_view(l->h, s, n);
		shot.name[n].listed = state_model_exists(l->h, s, n);
	}
	for (i = 0; i < s->waiting; i++)
		for (n = 0; n < NAMES; n++)
			if (state_model_waits_for(l->h, s, i, n))
				shot_add_waiter(&shot, n, &l->h->op[s->line[i].op]);
	for (i = 0; i < s->promised; i++) {
		const struct op *o = &l->h->op[s->promise[i].op];

		n = o->ask.names[0];
		shot.name[n].producer[shot.name[n].producers].pid = o->pid;
		shot.name[n].producer[shot.name[n].producers++].ready = s->promise[i].ready;
	}
	for (i = 0; i < s->loans; i++)
		for (n = 0; n < NAMES; n++)
			if (state_model_lends(s, i, n))
				shot_add_borrower(&shot, n, &l->h->op[s->loan[i].op]);
	fprintf(to, "# at best, %u of %u operations have an explanation; the names are then",
		l->over, (unsigned)l->h->count);
	history_print_shot(to, &shot);
	op = most_urgent(l->h, s);
	if (op != OPS) {
		fprintf(to, "\n# and what is due next, by %u, is\n", (unsigned)due(l->h, s, op));
		history_print_op(to, l->h, &l->h->op[op]);
	}
}

enum verdict
linear_judge(struct linear *l, const struct history *h)
{
	enum verdict verdict = linear_ask(l, h, UINT64_C(0x243f6a8885a308d3));

	return verdict == LINEAR_NO ? linear_ask(l, h, UINT64_C(0x13198a2e03707344)) : verdict;
}
