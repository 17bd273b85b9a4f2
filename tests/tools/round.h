/* SPDX-License-Identifier: ISC
 *
 * round - a short storm in a quiet sea: everybody does their deeds, then all rests, and is looked
 * at; something is posted or taken away, and all rests again; and at last nobody is left
 *
 * At rest nobody may sleep who could go: a lost wake-up shows there and then, whatever
 * deadline or seat belt would have hidden it later.
 */
#ifndef ROUND_H
#define ROUND_H

#include "crew.h"

#define HANG_NS	   INT64_C(3000000000)
#define STARVED_NS INT64_C(60000000000)

/* Prints all there is to know and ends everything; see storm.c. */
_Noreturn void fail(const char *why);

/* ---- rest -------------------------------------------------------------------- */

/* It has done all; or it sleeps in a wait without a deadline, and nothing more will strike it. */
static inline bool
rests(unsigned i, uint64_t *sum)
{
	struct op *o = open_op(i);
	const struct deed *deed;

	if (!hands[i].pid)
		return true;
	if (!o || o->ask.kind != OP_WAIT || !o->ask.patient || hands[i].stopped_until)
		return false;
	deed = deed_of(o);
	if (deed->signal && !peruse(&books->worker[i].hit))
		return false;
	*sum = *sum * 31 + (uint64_t)hands[i].pid * 7 + switches_of(hands[i].pid);
	return is_asleep(hands[i].pid) && peruse(&o->end) == 0;
}

static inline bool
all_rest(uint64_t *sum)
{
	unsigned i;

	*sum = peruse(&books->stamp);
	for (i = 0; i < books->plan.workers; i++)
		if (!rests(i, sum))
			return false;
	return true;
}

static inline bool
anybody_runs(void)
{
	char stat[256], *state;
	unsigned i;

	for (i = 0; i < books->plan.workers; i++) {
		if (!hands[i].pid || !read_proc(hands[i].pid, "stat", stat, sizeof stat))
			continue;
		state = strrchr(stat, ')');
		if (state && state[2] != 'S')
			return true;
	}
	return false;
}

struct patience {
	uint32_t stamp;
	int64_t since_ns;
};

/* Three seconds without progress are a hang, unless somebody has no processor to run on. */
static inline void
be_patient(struct patience *p, bool progress)
{
	int64_t now = now_ns();

	if (progress || p->since_ns == 0 || peruse(&books->stamp) != p->stamp) {
		*p = (struct patience){ .stamp = peruse(&books->stamp), .since_ns = now };
		return;
	}
	if (now - p->since_ns > STARVED_NS || (now - p->since_ns > HANG_NS && !anybody_runs()))
		fail("no progress for three seconds");
}

/* Two looks, between which nobody ran. */
static inline void
settle(void)
{
	struct patience patience = { .since_ns = 0 };
	uint64_t before = 0, sum;

	for (;;) {
		bool any = conduct();

		if (all_rest(&sum)) {
			if (sum == before)
				return;
			before = sum;
			continue;
		}
		before = 0;
		be_patient(&patience, any);
		pause_us(60);
	}
}

/* ---- what the conductor does himself ----------------------------------------- */

static struct compl_space *ours;
static unsigned own_ops;

static inline void
do_own(const struct deed *deed)
{
	struct op *o = &books->history.op[WORKERS * DEEDS + own_ops];

	if (WORKERS * DEEDS + ++own_ops > OPS)
		give_up("more operations than a history holds");
	seen_look();
	op_begin(o, &deed->ask, getpid());
	alarm(30);
	by_library(ours, deed, o);
	alarm(0);
	op_end(o);
}

static inline void
look_around(enum kind kind)
{
	unsigned i;

	/* Whoever waited for the dead has been told of it by now. */
	for (i = 0; i < books->death_count; i++)
		if (!books->deaths[i].end)
			op_end(&books->deaths[i]);
	do_own(&(struct deed){ .how = BY_LIBRARY, .ask = { .kind = kind } });
	tally.rests++;
}

static inline void
finish_all(void)
{
	struct patience patience = { .since_ns = 0 };
	bool shot[WORKERS] = { false }, left = true;
	unsigned i;

	enter(&books->go, 2);
	while (left) {
		bool any = conduct();

		left = false;
		for (i = 0; i < books->plan.workers; i++) {
			left |= hands[i].pid != 0;
			if (!hands[i].pid || shot[i])
				continue;
			kill(hands[i].pid, books->plan.endings >> i & 1 ? SIGTERM : SIGKILL);
			shot[i] = true;
		}
		be_patient(&patience, any);
		if (left)
			pause_us(60);
	}
}

/* ---- a round ------------------------------------------------------------------ */

static inline void
round_begin(void)
{
	unsigned i;

	memset(&books->history, 0, sizeof books->history);
	books->death_count = 0;
	books->stamp = 0;
	own_ops = 0;
	enter(&books->go, 0);
	for (i = 0; i < WORKERS; i++) {
		hands[i] = (struct hand){ .pid = 0 };
		books->worker[i].open = OPS;
		books->worker[i].next = 0;
		books->worker[i].promise = 0;
		books->worker[i].last = 0;
	}
	for (i = 0; i < books->plan.workers; i++)
		hire(i);
	enter(&books->go, 1);
}

static inline void
round_play(void)
{
	unsigned i;

	round_begin();
	settle();
	look_around(OP_REST);
	for (i = 0; i < books->plan.closings; i++) {
		do_own(&books->plan.closing[i]);
		settle();
		look_around(OP_REST);
	}
	finish_all();
	look_around(OP_LIST);
}

/* What was begun, for the checker. */
static inline void
round_collect(struct history *h)
{
	unsigned i;

	memcpy(h->shot, books->history.shot, sizeof h->shot);
	h->shots = books->history.shots;
	h->count = 0;
	for (i = 0; i < OPS; i++)
		if (books->history.op[i].begin)
			h->op[h->count++] = books->history.op[i];
	h->deaths = books->death_count;
	for (i = 0; i < h->deaths && h->count < OPS; i++)
		h->op[h->count++] = books->deaths[i];
}

/* All names as if nothing had been. */
static inline void
round_tidy(void)
{
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		enum compl_result result = compl_remove(ours, name_text(n));

		if (result != COMPL_OK && result != COMPL_E_MISSING)
			fail(compl_strresult(result));
	}
}

#endif
