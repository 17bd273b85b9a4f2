/* SPDX-License-Identifier: ISC
 *
 * verdict.c - adds up who took what, and looks for sleepers who could go
 */
#include "verdict.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "peek.h"
#include "process.h"

bool
verdict_trouble(struct remains *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(r->trouble, sizeof r->trouble, format, arguments);
	va_end(arguments);
	return false;
}

static void
remains_look(struct remains *r, const struct stage *s)
{
	unsigned n;
	size_t i;

	*r = (struct remains){ .list = NULL };
	if (!peek(s->space, &r->list, &r->rescues))
		return;
	for (i = 0; i < r->list->count; i++)
		for (n = 0; n < NAMES; n++)
			if (!strcmp(compl_entry_at(r->list, i)->name, stage_name(n)))
				r->entry[n] = compl_entry_at(r->list, i);
	for (n = 0; n < NAMES; n++)
		r->left[n] = r->entry[n] ? r->entry[n]->done : 0;
}

bool
verdict_is_all(const struct remains *r, unsigned n)
{
	return r->left[n] == COMPL_ALL;
}

/* The place of pid in the line of n, from 0; -1: it stands there not. */
static int
entry_of(const struct remains *r, unsigned n, pid_t pid)
{
	size_t i;

	for (i = 0; r->entry[n] && i < r->entry[n]->waiter_count; i++)
		if (compl_waiter_at(r->entry[n], i)->pid == pid)
			return (int)i;
	return -1;
}

static bool
is_covered(const struct remains *r, unsigned n, pid_t pid, uint32_t count)
{
	return verdict_is_all(r, n) || (entry_of(r, n, pid) == 0 && r->left[n] >= count);
}

/* A living waiter stands in all its lines, and there is nothing for it to take.  (One that is
 * stopped cannot help it.) */
static bool
check_sleeper(struct remains *r, const struct stage *s, size_t i)
{
	const struct wish *w = &s->cast[i].wish;
	pid_t pid = s->other[i].pid;
	bool all = true, any = false;
	unsigned n;

	if (s->other[i].stopped)
		return true;
	if (process_is_at_lock(pid))
		return verdict_trouble(r, "waiter %zu sleeps on the lock, which nobody has", i);
	if (strcmp(w->verb, "wait"))
		return true;
	for (n = 0; n < NAMES; n++) {
		if (!(w->names >> n & 1))
			continue;
		if (!r->entry[n])
			return verdict_trouble(r, "waiter %zu sleeps, and %s is not there", i,
					       stage_name(n));
		if (entry_of(r, n, pid) < 0)
			return verdict_trouble(r, "waiter %zu sleeps, and is not in the line of %s",
					       i, stage_name(n));
		all &= is_covered(r, n, pid, w->count);
		any |= is_covered(r, n, pid, w->count);
	}
	if (w->any ? any : all)
		return verdict_trouble(r, "lost wake-up: waiter %zu sleeps and could go", i);
	return true;
}

/* Names of which a producer has been killed. */
static unsigned
orphaned(const struct stage *s)
{
	unsigned names = 0;
	size_t i;

	for (i = 0; i < s->victims; i++)
		if (!strcmp(s->dead[i].wish.verb, "run") && !s->dead[i].ended)
			names |= s->dead[i].wish.names;
	for (i = 0; i < s->others; i++)
		if (!strcmp(s->cast[i].wish.verb, "run") && s->cast[i].murdered)
			names |= s->cast[i].wish.names;
	return names;
}

static bool
check_ending(struct remains *r, const struct stage *s, size_t i, unsigned removable)
{
	const struct part *p = &s->cast[i];

	if (p->murdered || p->status < 100)
		return true;
	if (p->status == 120 && (p->wish.names & removable))
		return true;
	if (p->status == 121 && (p->wish.names & orphaned(s)))
		return true;
	return verdict_trouble(r, "waiter %zu ended with %d", i, p->status);
}

/* It is in line somewhere. */
static bool
stands(const struct remains *r, const struct stage *s, size_t i)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (entry_of(r, n, s->other[i].pid) >= 0)
			return true;
	return false;
}

static bool
has_all(const struct remains *r, const struct wish *w)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (w->names >> n & 1 && verdict_is_all(r, n))
			return true;
	return false;
}

/* i was there before j, wants no more than j, of the same names, and j went. */
static bool
check_order(struct remains *r, const struct stage *s, size_t i)
{
	const struct wish *w = &s->cast[i].wish;
	size_t j;

	if (strcmp(w->verb, "wait"))
		return true;
	if (s->other[i].stopped && (!stands(r, s, i) || has_all(r, w)))
		return true; /* released, though it has not gone; or nobody is held up */
	for (j = i + 1; j < s->others; j++)
		if (!strcmp(s->cast[j].wish.verb, "wait") && s->cast[j].ended &&
		    s->cast[j].status < 100 && s->cast[j].wish.names == w->names &&
		    s->cast[j].wish.any == w->any && s->cast[j].wish.count >= w->count &&
		    !s->cast[j].wish.fail_fast)
			return verdict_trouble(r, "waiter %zu was passed over by %zu", i, j);
	return true;
}

/* ---- the sums ----------------------------------------------------------------- */

/* Tries all that the parts from `at` on may have done to the balance, which is
 * posted - taken - left for each name and must become 0.  Parts: first the
 * others, then the victims. */
static bool balance(struct remains *r, const struct stage *s, int64_t sum[NAMES], unsigned open,
		    size_t at);

/* Part takes (sign 1) or posts (-1) count of the names in the set. */
static bool
balance_with(struct remains *r, const struct stage *s, int64_t sum[NAMES], unsigned open, size_t at,
	     unsigned names, int64_t change)
{
	int64_t after[NAMES];
	unsigned n;

	for (n = 0; n < NAMES; n++)
		after[n] = sum[n] - (names >> n & 1 ? change : 0);
	return balance(r, s, after, open, at + 1);
}

/* A wait: all its names, or with --any one of them. */
static bool
balance_taker(struct remains *r, const struct stage *s, int64_t sum[NAMES], unsigned open,
	      size_t at, const struct part *p)
{
	unsigned n;

	if (!p->wish.any)
		return balance_with(r, s, sum, open, at, p->wish.names, p->wish.count);
	for (n = 0; n < NAMES; n++)
		if (p->wish.names >> n & 1 &&
		    balance_with(r, s, sum, open, at, 1u << n, p->wish.count))
			return true;
	return false;
}

/* A post: on each of its names, or, of a victim, when it was killed on some of them. */
static bool
balance_poster(struct remains *r, const struct stage *s, int64_t sum[NAMES], unsigned open,
	       size_t at, const struct part *p)
{
	unsigned some = p->wish.names;

	for (;; some = (some - 1) & p->wish.names) {
		if (balance_with(r, s, sum, open, at, some, -(int64_t)p->wish.count)) {
			if (some & open && at >= s->others)
				r->moved |= 1u << (at - s->others);
			return true;
		}
		if (p->ended || !some)
			return false;
	}
}

/* A reinit: what was there is gone, or not. */
static bool
balance_reinit(struct remains *r, const struct stage *s, int64_t sum[NAMES], unsigned open,
	       size_t at, const struct part *p)
{
	int64_t after[NAMES];
	unsigned n;

	if (!p->ended && balance(r, s, sum, open, at + 1))
		return true;
	for (n = 0; n < NAMES; n++)
		after[n] = p->wish.names >> n & 1 && r->left[n] == 0 ? 0 : sum[n];
	if (!balance(r, s, after, open, at + 1))
		return false;
	r->moved |= 1u << (at - s->others);
	return true;
}

static bool
is_poster(const struct part *p)
{
	return !strcmp(p->wish.verb, "done") || !strcmp(p->wish.verb, "run");
}

/* Nothing has changed. */
static bool
is_refused(const struct part *p)
{
	return p->status == 125 || (p->status == 124 && !strcmp(p->wish.verb, "run"));
}

static bool
balance(struct remains *r, const struct stage *s, int64_t sum[NAMES], unsigned open, size_t at)
{
	const struct part *p = at < s->others ? &s->cast[at] : &s->dead[at - s->others];
	bool victim = at >= s->others;
	unsigned n;

	if (at == s->others + s->victims) {
		for (n = 0; n < NAMES; n++)
			if (open >> n & 1 && sum[n])
				return false;
		return true;
	}
	if (victim && p->ended && is_refused(p))
		return balance(r, s, sum, open, at + 1);
	if (!victim && p->murdered)
		return balance(r, s, sum, open, at + 1); /* among the victims, or took nothing */
	if (is_poster(p) && !p->wish.all && (victim || strcmp(p->wish.verb, "run")))
		return balance_poster(r, s, sum, open, at, p);
	if (!strcmp(p->wish.verb, "reinit"))
		return balance_reinit(r, s, sum, open, at, p);
	if (strcmp(p->wish.verb, "wait") && strcmp(p->wish.verb, "try"))
		return balance(r, s, sum, open, at + 1);
	if (p->ended && p->status < 100 && !(p->wish.fail_fast && p->status))
		return balance_taker(r, s, sum, open, at, p);
	if (victim && !p->ended && !p->untaken && balance_taker(r, s, sum, open, at, p)) {
		r->moved |= 1u << (at - s->others);
		return true;
	}
	return balance(r, s, sum, open, at + 1);
}

/* Names whose tokens vanish with them, or are not counted. */
static unsigned
uncounted(struct remains *r, const struct stage *s)
{
	unsigned names = s->removed, n;
	size_t i;

	for (i = 0; i < s->victims; i++)
		if (!strcmp(s->dead[i].wish.verb, "rm") ||
		    (!strcmp(s->dead[i].wish.verb, "reinit") && s->victims > 1))
			names |= s->dead[i].wish.names;
	for (n = 0; n < NAMES; n++)
		names |= (unsigned)verdict_is_all(r, n) << n;
	return names;
}

/* "All" and rm are seen by their effect. */
static void
see_victims(struct remains *r, const struct stage *s)
{
	unsigned n;
	size_t i;

	for (i = 0; i < s->victims; i++) {
		const struct wish *w = &s->dead[i].wish;

		for (n = 0; n < NAMES; n++) {
			if (!(w->names >> n & 1))
				continue;
			if ((w->all && strcmp(w->verb, "rm") && verdict_is_all(r, n)) ||
			    (!strcmp(w->verb, "rm") && !r->entry[n]) ||
			    (!strcmp(w->verb, "reinit") && s->all >> n & 1 &&
			     !verdict_is_all(r, n)) ||
			    (!strcmp(w->verb, "init") && r->entry[n] && r->entry[n]->initialised))
				r->moved |= 1u << i;
		}
	}
}

/* "All" is there if it was posted, and gone only if somebody took it away. */
static bool
check_all(struct remains *r, const struct stage *s)
{
	unsigned n;
	size_t i;

	for (n = 0; n < NAMES; n++) {
		bool may = (s->all | orphaned(s)) >> n & 1;
		bool must_be = s->all >> n & 1 && !(s->removed >> n & 1);

		for (i = 0; i < s->victims; i++) {
			const struct wish *w = &s->dead[i].wish;

			if (!(w->names >> n & 1))
				continue;
			may |= w->all && strcmp(w->verb, "rm");
			must_be &= strcmp(w->verb, "reinit") && strcmp(w->verb, "rm") &&
				   strcmp(w->verb, "run");
		}
		if (verdict_is_all(r, n) ? !may : must_be)
			return verdict_trouble(r, "%s is at %lld", stage_name(n),
					       (long long)r->left[n]);
	}
	return true;
}

bool
verdict(struct remains *r, const struct stage *s)
{
	unsigned closed, removable = s->removed, n;
	int64_t sum[NAMES];
	size_t i;

	remains_look(r, s);
	closed = uncounted(r, s);
	for (i = 0; i < s->victims; i++)
		if (!strcmp(s->dead[i].wish.verb, "rm"))
			removable |= s->dead[i].wish.names;
	for (i = 0; i < s->others; i++) {
		if (s->cast[i].ended ? !check_ending(r, s, i, removable)
				     : !check_sleeper(r, s, i) || !check_order(r, s, i))
			return false;
	}
	for (n = 0; n < NAMES; n++)
		sum[n] = s->posted[n] - r->left[n];
	see_victims(r, s);
	if (!balance(r, s, sum, ~closed, 0))
		return verdict_trouble(
			r, "tokens do not add up: left %lld %lld %lld of %lld %lld %lld",
			(long long)r->left[0], (long long)r->left[1], (long long)r->left[2],
			(long long)s->posted[0], (long long)s->posted[1], (long long)s->posted[2]);
	if (r->rescues)
		return verdict_trouble(r, "a seat belt was needed");
	return check_all(r, s);
}
