/* SPDX-License-Identifier: ISC
 *
 * round.c - runs a round: tasks, rest, closings, rest, and the end of all workers
 */
#include "round.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "api/proc.h"
#include "by-library.h"
#include "bystander.h"
#include "observer.h"
#include "process.h"
#include "timing.h"
#include "workers.h"

#define HANG_NS	   INT64_C(3000000000)
#define STARVED_NS INT64_C(60000000000)
#define GAP_NS	   INT64_C(500000000)

/* ---- rest -------------------------------------------------------------------- */

/* It has done all its tasks; or it sleeps in a wait without a deadline, and will get no signal. */
static bool
rests(unsigned i, uint64_t *sum)
{
	struct op *o = workers_open_op(i);
	const struct task *task;

	if (!workers_process[i].pid)
		return true;
	if (!o || !history_op_stands(o) || !o->ask.patient || workers_process[i].stopped_until)
		return false;
	/* It has borrowed, and its CMD has not ended. */
	if (process_is_at_poll(workers_process[i].pid))
		return false;
	task = workers_deed_of(o);
	if (task->signal && !ledger_load(&ledger->worker[i].hit))
		return false;
	/* The owner of the lock may have died without a report: then it comes back in a second. */
	if (workers_setup.released && process_is_at_lock(workers_process[i].pid))
		return false;
	*sum = *sum * 31 + (uint64_t)workers_process[i].pid * 7 +
	       process_switches(workers_process[i].pid);
	return process_is_asleep(workers_process[i].pid) && ledger_load(&o->end) == 0;
}

static bool
all_rest(uint64_t *sum)
{
	unsigned i;

	*sum = ledger_load(&ledger->stamp);
	for (i = 0; i < ledger->plan.workers; i++)
		if (!rests(i, sum))
			return false;
	return true;
}

static bool
anybody_runs(void)
{
	char stat[256], *state;
	unsigned i;

	for (i = 0; i < ledger->plan.workers; i++) {
		if (!workers_process[i].pid ||
		    !proc_read(workers_process[i].pid, "stat", stat, sizeof stat))
			continue;
		state = strrchr(stat, ')');
		if (state && state[2] != 'S')
			return true;
	}
	return false;
}

struct progress {
	uint32_t stamp;
	int64_t since_ns, looked_ns;
};

/* Three seconds without progress are a hang, unless a worker waits for a processor.  They begin
 * anew if half a second has passed since the last look: then the whole machine has stood still, and
 * the workers may not have run since, although their timers are over. */
static void
check_progress(struct progress *p, bool any)
{
	int64_t now = now_ns();
	bool has_gap = now - p->looked_ns > GAP_NS;

	p->looked_ns = now;
	if (any || has_gap || ledger_load(&ledger->stamp) != p->stamp) {
		p->stamp = ledger_load(&ledger->stamp);
		p->since_ns = now;
		return;
	}
	if (now - p->since_ns > STARVED_NS || (now - p->since_ns > HANG_NS && !anybody_runs()))
		give_up("no progress for three seconds");
}

/* Until two looks find all workers at rest, and none ran between the looks. */
static void
await_rest(void)
{
	struct progress progress = { .looked_ns = 0 };
	uint64_t before = 0, sum;

	for (;;) {
		bool any = workers_poll();

		if (all_rest(&sum)) {
			if (sum == before)
				return;
			before = sum;
			continue;
		}
		before = 0;
		check_progress(&progress, any);
		pause_us(60);
	}
}

/* ---- the operations of the coordinator ------------------------------------------ */

struct compl_space *round_space;
static unsigned coordinator_ops;

/* A wait and a barrier that have succeeded leave signals blocked. */
static void
do_as_coordinator(const struct task *task)
{
	struct op *o = &ledger->history.op[WORKERS * TASKS + coordinator_ops];
	struct task now = workers_bind(task);
	sigset_t before;

	if (WORKERS * TASKS + ++coordinator_ops > OPS)
		give_up("more operations than a history holds");
	observer_look();
	sigprocmask(SIG_BLOCK, NULL, &before);
	ledger_begin_op(o, &now.ask, getpid());
	alarm(limit_s(30));
	by_library(round_space, &now, o);
	alarm(0);
	ledger_end_op(o);
	sigprocmask(SIG_SETMASK, &before, NULL);
	ledger_tell(o);
}

/* Looks whether a stray has tokens: a process that has died, and whose descriptors are not closed
 * yet, or the CMD of a killed command. */
static bool
look_for_stray(void)
{
	struct compl_listing *list;
	bool stray = false;
	size_t i, k;

	if (compl_list(round_space, &list) != COMPL_OK)
		give_up("the namespace cannot be listed");
	for (i = 0; i < list->count; i++)
		for (k = 0; k < compl_entry_at(list, i)->borrower_count; k++)
			stray |= compl_borrower_at(compl_entry_at(list, i), k)->stray;
	compl_list_free(list);
	return stray;
}

/* Looks until all that was lent to the dead has come back: at the latest a second after their end,
 * but as soon as somebody looks. */
static void
await_returns(void)
{
	bool any = false;
	unsigned i;

	for (i = 0; i < ledger->death_count; i++)
		any |= !ledger->deaths[i].end && ledger->deaths[i].ask.kind == OP_RETURN;
	if (!any)
		return;
	alarm(limit_s(30));
	while (look_for_stray())
		pause_us(1000);
	alarm(0);
}

static void
await_rest_and_returns(void)
{
	await_rest();
	await_returns();
	await_rest();
}

static void
list_all(enum kind kind)
{
	unsigned i;

	/* By now all waits for a dead producer have been told of it, and all tokens are back. */
	for (i = 0; i < ledger->death_count; i++)
		if (!ledger->deaths[i].end)
			ledger_end_op(&ledger->deaths[i]);
	do_as_coordinator(&(struct task){ .how = BY_LIBRARY, .ask = { .kind = kind } });
	workers_totals.rests++;
}

static void
finish_all(void)
{
	struct progress progress = { .looked_ns = 0 };
	bool shot[WORKERS] = { false }, left = true;
	unsigned i;

	ledger_store(&ledger->go, 2);
	while (left) {
		bool any = workers_poll();

		left = false;
		for (i = 0; i < ledger->plan.workers; i++) {
			left |= workers_process[i].pid != 0;
			if (!workers_process[i].pid || shot[i])
				continue;
			if (ledger->plan.endings >> i & 1)
				kill(workers_process[i].pid, SIGTERM);
			else
				workers_kill(i, (unsigned)workers_process[i].pid);
			shot[i] = true;
		}
		check_progress(&progress, any);
		if (left)
			pause_us(60);
	}
}

/* ---- a round ------------------------------------------------------------------ */

static void
round_begin(void)
{
	unsigned i;

	memset(&ledger->history, 0, sizeof ledger->history);
	ledger->death_count = 0;
	ledger->stamp = 0;
	memset(ledger->told, 0, sizeof ledger->told);
	coordinator_ops = 0;
	ledger_store(&ledger->go, 0);
	for (i = 0; i < WORKERS; i++) {
		workers_process[i] = (struct worker_process){ .pid = 0 };
		ledger->worker[i].open = OPS;
		ledger->worker[i].next = 0;
		ledger->worker[i].promise = 0;
		ledger->worker[i].loan = 0;
		ledger->worker[i].last = 0;
	}
	for (i = 0; i < ledger->plan.workers; i++)
		workers_start(i);
	ledger_store(&ledger->go, 1);
}

void
round_run(void)
{
	unsigned i;

	round_begin();
	await_rest_and_returns();
	list_all(OP_REST);
	for (i = 0; i < ledger->plan.closings; i++) {
		do_as_coordinator(&ledger->plan.closing[i]);
		await_rest_and_returns();
		list_all(OP_REST);
	}
	finish_all();
	await_returns();
	list_all(OP_LIST);
}

void
round_collect(struct history *h)
{
	unsigned i;

	memcpy(h->shot, ledger->history.shot, sizeof h->shot);
	h->shots = ledger->history.shots;
	h->count = 0;
	for (i = 0; i < OPS; i++)
		if (ledger->history.op[i].begin)
			h->op[h->count++] = ledger->history.op[i];
	h->deaths = ledger->death_count;
	for (i = 0; i < h->deaths && h->count < OPS; i++)
		h->op[h->count++] = ledger->deaths[i];
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
