/* SPDX-License-Identifier: ISC
 *
 * round.c - plays a round: deeds, rest, closings, rest, and the end of all workers
 */
#include "round.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "api/proc.h"
#include "by-library.h"
#include "crew.h"
#include "others.h"
#include "process.h"
#include "seen.h"
#include "timing.h"

#define HANG_NS	   INT64_C(3000000000)
#define STARVED_NS INT64_C(60000000000)

/* ---- rest -------------------------------------------------------------------- */

/* It has done all; or it sleeps in a wait without a deadline, and nothing more will strike it. */
static bool
rests(unsigned i, uint64_t *sum)
{
	struct op *o = crew_open_op(i);
	const struct deed *deed;

	if (!crew_hands[i].pid)
		return true;
	if (!o || o->ask.kind != OP_WAIT || !o->ask.patient || crew_hands[i].stopped_until)
		return false;
	deed = crew_deed_of(o);
	if (deed->signal && !peruse(&books->worker[i].hit))
		return false;
	*sum = *sum * 31 + (uint64_t)crew_hands[i].pid * 7 + process_switches(crew_hands[i].pid);
	return process_is_asleep(crew_hands[i].pid) && peruse(&o->end) == 0;
}

static bool
all_rest(uint64_t *sum)
{
	unsigned i;

	*sum = peruse(&books->stamp);
	for (i = 0; i < books->plan.workers; i++)
		if (!rests(i, sum))
			return false;
	return true;
}

static bool
anybody_runs(void)
{
	char stat[256], *state;
	unsigned i;

	for (i = 0; i < books->plan.workers; i++) {
		if (!crew_hands[i].pid || !proc_read(crew_hands[i].pid, "stat", stat, sizeof stat))
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
static void
be_patient(struct patience *p, bool progress)
{
	int64_t now = now_ns();

	if (progress || p->since_ns == 0 || peruse(&books->stamp) != p->stamp) {
		*p = (struct patience){ .stamp = peruse(&books->stamp), .since_ns = now };
		return;
	}
	if (now - p->since_ns > STARVED_NS || (now - p->since_ns > HANG_NS && !anybody_runs()))
		give_up("no progress for three seconds");
}

/* Two looks, between which nobody ran. */
static void
settle(void)
{
	struct patience patience = { .since_ns = 0 };
	uint64_t before = 0, sum;

	for (;;) {
		bool any = crew_conduct();

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

struct compl_space *round_space;
static unsigned own_ops;

static void
do_own(const struct deed *deed)
{
	struct op *o = &books->history.op[WORKERS * DEEDS + own_ops];

	if (WORKERS * DEEDS + ++own_ops > OPS)
		give_up("more operations than a history holds");
	seen_look();
	books_begin_op(o, &deed->ask, getpid());
	alarm(30);
	by_library(round_space, deed, o);
	alarm(0);
	books_end_op(o);
}

static void
look_around(enum kind kind)
{
	unsigned i;

	/* All that waited for a dead process have been told of it by now. */
	for (i = 0; i < books->death_count; i++)
		if (!books->deaths[i].end)
			books_end_op(&books->deaths[i]);
	do_own(&(struct deed){ .how = BY_LIBRARY, .ask = { .kind = kind } });
	crew_tally.rests++;
}

static void
finish_all(void)
{
	struct patience patience = { .since_ns = 0 };
	bool shot[WORKERS] = { false }, left = true;
	unsigned i;

	enter(&books->go, 2);
	while (left) {
		bool any = crew_conduct();

		left = false;
		for (i = 0; i < books->plan.workers; i++) {
			left |= crew_hands[i].pid != 0;
			if (!crew_hands[i].pid || shot[i])
				continue;
			kill(crew_hands[i].pid, books->plan.endings >> i & 1 ? SIGTERM : SIGKILL);
			shot[i] = true;
		}
		be_patient(&patience, any);
		if (left)
			pause_us(60);
	}
}

/* ---- a round ------------------------------------------------------------------ */

static void
round_begin(void)
{
	unsigned i;

	memset(&books->history, 0, sizeof books->history);
	books->death_count = 0;
	books->stamp = 0;
	own_ops = 0;
	enter(&books->go, 0);
	for (i = 0; i < WORKERS; i++) {
		crew_hands[i] = (struct hand){ .pid = 0 };
		books->worker[i].open = OPS;
		books->worker[i].next = 0;
		books->worker[i].promise = 0;
		books->worker[i].last = 0;
	}
	for (i = 0; i < books->plan.workers; i++)
		crew_hire(i);
	enter(&books->go, 1);
}

void
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

void
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

void
round_tidy(void)
{
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		enum compl_result result = compl_remove(round_space, name_text(n));

		if (result != COMPL_OK && result != COMPL_E_NO_NAME)
			give_up(compl_strresult(result));
	}
}
