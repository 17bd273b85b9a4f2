/* SPDX-License-Identifier: ISC
 *
 * sequel.c - uses the names again after a kill
 */
#include "sequel.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compl.h"
#include "others.h"

unsigned
sequel_outcome(const struct stage *s, const struct remains *r)
{
	unsigned seen = r->moved | (unsigned)s->dead[0].ended << 2;
	size_t i;

	for (i = 0; i < s->others; i++)
		seen |= (unsigned)s->cast[i].ended << (i + 3);
	return seen;
}

static bool
stopped_go_on(struct stage *s, struct remains *r)
{
	bool stopped = false;
	size_t i;

	for (i = 0; i < s->others; i++) {
		stopped |= s->other[i].stopped && !s->other[i].ended;
		other_stop(&s->other[i], false);
	}
	if (!stopped)
		return true;
	if (!others_settle(s->other, s->others))
		return verdict_trouble(r, "going on: the others do not settle");
	stage_count(s);
	compl_list_free(r->list);
	return verdict(r, s);
}

/* Posts what a waiter wants and is not there. */
static void
serve(struct stage *s, const struct remains *r, const struct wish *w)
{
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		if (!(w->names >> n & 1) || verdict_is_all(r, n) || r->left[n] >= w->count)
			continue;
		stage_post(s, n, (uint32_t)(w->count - r->left[n]), false);
		if (w->any)
			break;
	}
}

/* Those who are left go in their order; moved: what the victims had done at the verdict. */
static bool
waiters_go(struct stage *s, struct remains *r, unsigned moved)
{
	size_t i;

	for (i = 0; i < s->others; i++) {
		if (s->cast[i].ended || strcmp(s->cast[i].wish.verb, "wait"))
			continue;
		serve(s, r, &s->cast[i].wish);
		compl_list_free(r->list);
		if (!others_settle(s->other, s->others))
			return verdict_trouble(r, "going on: the others do not settle");
		stage_count(s);
		if (!verdict(r, s))
			return false;
		if (r->moved != moved && s->victims == 1 && strcmp(s->dead[0].wish.verb, "rm"))
			return verdict_trouble(r, "going on: what the victim did has changed");
		if (!s->cast[i].ended)
			return verdict_trouble(r, "going on: waiter %zu does not go", i);
	}
	return true;
}

/* Each name as if it were new. */
static bool
names_work(struct stage *s, struct remains *r)
{
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		const char *name = stage_name(n);
		struct compl_request one = { .names = &name, .count = 1, .need = 1 };
		struct compl_outcome out = { 0 };

		stage_must(compl_reinit(s->c, name, true));
		stage_post(s, n, 1, false);
		stage_must(compl_try(s->c, &one, &out));
		if (compl_test(s->c, name) != COMPL_NOT_DONE)
			return verdict_trouble(r, "%s is done after a token was posted and taken",
					       name);
	}
	return true;
}

bool
sequel_goes_on(struct stage *s, struct remains *r)
{
	unsigned moved = r->moved;
	size_t faults = 0;

	compl_close(s->c); /* the namespace may be another now */
	s->c = NULL;
	if (!stopped_go_on(s, r) || !waiters_go(s, r, moved))
		return false;
	if (compl_check(stage_open(s), NULL, NULL, &faults) != COMPL_OK || faults)
		return verdict_trouble(r, "check finds %zu faults", faults);
	if (!names_work(s, r))
		return false;
	if (compl_lost_wakeups(s->c))
		return verdict_trouble(r, "a seat belt was needed");
	return true;
}
