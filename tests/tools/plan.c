/* SPDX-License-Identifier: ISC
 *
 * plan.c - draws the operations and signals of a round from its seed
 */
#include "plan.h"

#include <signal.h>
#include <string.h>

/* ---- chance ------------------------------------------------------------------ */

struct dice {
	uint64_t state;
};

static uint64_t
roll(struct dice *d)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned
below(struct dice *d, unsigned limit)
{
	return limit ? (unsigned)(roll(d) >> 32) % limit : 0;
}

static bool
chance(struct dice *d, unsigned percent)
{
	return below(d, 100) < percent;
}

/* Draws one of the shares, given in per cent; the last one has what is left over. */
static unsigned
share(struct dice *d, const uint8_t *shares, unsigned count)
{
	unsigned dart = below(d, 100), i;

	for (i = 0; i < count; i++) {
		if (dart < shares[i])
			return i;
		dart -= shares[i];
	}
	return count;
}

/* Mostly short, sometimes long: most interesting moments are close to the beginning. */
static uint32_t
some_us(struct dice *d)
{
	static const uint32_t limits[] = { 10, 40, 200, 1000, 4000 };

	return 1 + below(d, limits[below(d, 5)]);
}

/* How often what happens in this round: rounds differ in this. */
struct profile {
	unsigned names;
	unsigned barrier, parties; /* the name of most barriers, and how many make a round */
	unsigned commands, faults, naps, states, promises, quorums, barriers, generations, loans,
		readiness; /* per cent */
};

/* What a worker will have, as far as can be foreseen. */
struct outlook {
	bool promised, ready, lent;
};

/* ---- what is asked ----------------------------------------------------------- */

static void
choose_names(struct dice *d, struct ask *a, unsigned names, unsigned count)
{
	unsigned i;

	while (a->count < count) {
		uint8_t name = (uint8_t)below(d, names);

		for (i = 0; i < a->count && a->names[i] != name; i++)
			;
		if (i == a->count)
			a->names[a->count++] = name;
	}
}

static unsigned
how_many_names(struct dice *d, unsigned names, unsigned percent)
{
	unsigned count = chance(d, percent) ? 2 + chance(d, 30) : 1;

	return count < names ? count : names;
}

static void
choose_post(struct dice *d, struct ask *a, const struct profile *profile, uint16_t value)
{
	const uint8_t shares[] = { (uint8_t)(76 - profile->states), 12, (uint8_t)profile->states };

	a->tokens = 1;
	switch (share(d, shares, 3)) {
	case 0:
		break;
	case 1:
		a->tokens = 2 + below(d, 2);
		break;
	case 2:
		a->all = true;
		a->tokens = 0;
		break;
	default:
		a->waiting = true;
		a->tokens = 0;
	}
	a->status = chance(d, 20) ? (uint8_t)(1 + below(d, 3)) : 0;
	a->value = chance(d, 60) ? value : 0;
	a->existing = chance(d, 6);
}

static void
choose_patience(struct dice *d, struct task *task)
{
	struct ask *a = &task->ask;

	a->at_once = chance(d, 18);
	a->patient = !a->at_once && chance(d, 45);
	task->timeout_us = some_us(d);
	task->interruptible = chance(d, 40);
	task->escapes = chance(d, 40);
}

static void
choose_wait(struct dice *d, struct task *task, const struct profile *profile)
{
	bool quorum = chance(d, profile->quorums);
	unsigned names = profile->names;
	struct ask *a = &task->ask;

	choose_names(d, a, names, how_many_names(d, names, quorum ? 90 : 35));
	a->tokens = chance(d, 75) ? 1 : 2 + below(d, 2);
	if (quorum)
		a->at_least = (uint8_t)(1 + below(d, a->count));
	else
		a->any = a->count > 1 ? chance(d, 45) : chance(d, 8);
	a->fail_fast = chance(d, 20);
	a->existing = chance(d, 6);
	choose_patience(d, task);
}

/* Binds a post, a wait or a test to a generation that some worker was told; mostly the latest. */
static void
choose_generation(struct dice *d, struct task *task, const struct profile *profile)
{
	struct ask *a = &task->ask;

	if (a->count != 1 || !chance(d, profile->generations))
		return;
	if (a->kind == OP_REINIT)
		a->print = true;
	else if (a->kind == OP_DONE || a->kind == OP_WAIT || a->kind == OP_TEST)
		task->bound = (uint8_t)(1 + (chance(d, 70) ? 0 : below(d, TOLD)));
}

/* Mostly of one name, which has little other use. */
static void
choose_barrier(struct dice *d, struct task *task, const struct profile *profile)
{
	struct ask *a = &task->ask;

	if (chance(d, 90))
		a->names[a->count++] = (uint8_t)profile->barrier;
	else
		choose_names(d, a, profile->names, 1);
	a->tokens = chance(d, 92) ? profile->parties : 1 + below(d, 4);
	choose_patience(d, task);
}

static void
choose_ask(struct dice *d, struct task *task, const struct profile *profile, uint16_t value)
{
	const uint8_t kinds[] = { 36, 38, 4, 4, (uint8_t)(profile->states / 4 + 4), 3 };
	static const uint8_t asked[] = { OP_DONE,   OP_WAIT, OP_TEST, OP_INIT,
					 OP_REINIT, OP_RM,   OP_LIST };
	unsigned names = profile->names;
	struct ask *a = &task->ask;

	a->kind = chance(d, profile->barriers) ? OP_BARRIER : asked[share(d, kinds, 6)];
	switch (a->kind) {
	case OP_WAIT:
		choose_wait(d, task, profile);
		return;
	case OP_BARRIER:
		choose_barrier(d, task, profile);
		return;
	case OP_LIST:
		task->how = BY_LIBRARY;
		return;
	case OP_DONE:
		choose_post(d, a, profile, value);
		break;
	default:
		a->lenient = chance(d, 50);
	}
	if (chance(d, profile->barriers / 8)) {
		a->names[a->count++] = (uint8_t)profile->barrier;
		return;
	}
	choose_names(d, a, names, task->how == BY_COMMAND ? how_many_names(d, names, 30) : 1);
}

/* The producer is ready, or ends in order. */
static void
choose_readiness(struct dice *d, struct ask *a, uint16_t value, struct outlook *will)
{
	a->kind = chance(d, will->ready ? 20 : 85) ? OP_KEEP : OP_END;
	will->promised = will->ready = a->ready = a->stays = a->kind == OP_KEEP;
	if (a->ready)
		a->value = chance(d, 60) ? value : 0;
	else
		a->status = chance(d, 50) ? (uint8_t)(1 + below(d, 3)) : 0;
}

/* Turns a task of a worker that may promise into one about a promise. */
static void
choose_promise(struct dice *d, struct task *task, const struct profile *profile, uint16_t value,
	       struct outlook *will)
{
	struct ask *a = &task->ask;

	*task = (struct task){ .how = BY_LIBRARY };
	if (!will->promised) {
		a->kind = OP_PROMISE;
		a->single = chance(d, 30);
		a->anew = chance(d, profile->readiness);
		choose_names(d, a, profile->names, 1);
		will->promised = true;
		will->ready = false;
		return;
	}
	if (chance(d, profile->readiness)) {
		choose_readiness(d, a, value, will);
		return;
	}
	a->kind = chance(d, 75) ? OP_KEEP : OP_BREAK;
	a->stays = a->kind == OP_KEEP && chance(d, 25);
	will->promised = a->stays;
	if (a->kind == OP_BREAK)
		return;
	a->all = chance(d, 50);
	a->tokens = a->all ? 0 : 1 + below(d, 2);
	a->status = chance(d, 20) ? (uint8_t)(1 + below(d, 3)) : 0;
	a->value = chance(d, 60) ? value : 0;
}

/* Turns a task of a command into a run. */
static void
choose_run(struct dice *d, struct task *task, const struct profile *profile, uint16_t value)
{
	struct ask *a = &task->ask;

	*task = (struct task){ .how = BY_COMMAND, .command = task->command };
	a->kind = OP_RUN;
	a->anew = true;
	a->single = chance(d, 20);
	a->value = value;
	a->status = chance(d, 50) ? (uint8_t)(1 + below(d, 3)) : 0;
	choose_names(d, a, profile->names, 1);
	task->ready_us = some_us(d) / 2;
	task->end_us = task->ready_us + some_us(d);
}

/* The CMD of a run kills it, because the moment of a signal from elsewhere would seldom be one at
 * which it is ready. */
static void
choose_run_fault(struct dice *d, struct task *task, unsigned percent)
{
	if (chance(d, percent))
		task->kill_us = 1 + below(d, task->end_us);
}

/* Lets a wait borrow, or turns a task of a worker that has borrowed into giving back. */
static void
choose_loan(struct dice *d, struct task *task, const struct profile *profile, bool may,
	    struct outlook *will)
{
	struct ask *a = &task->ask;

	if (!chance(d, profile->loans))
		return;
	if (task->how == BY_COMMAND) {
		a->borrow = a->cmd = a->kind == OP_WAIT;
	} else if (may && !will->lent) {
		*task = (struct task){ .how = BY_LIBRARY, .ask = { .kind = OP_WAIT } };
		choose_wait(d, task, profile);
		will->lent = task->ask.borrow = true;
	} else if (will->lent) {
		*task = (struct task){ .how = BY_LIBRARY, .ask = { .kind = OP_GIVE } };
		will->lent = false;
	}
}

/* ---- what is done to it ------------------------------------------------------ */

static void
choose_fault(struct dice *d, struct task *task, unsigned percent)
{
	static const uint8_t shares[] = { 45, 20, 15, 8, 8 };
	static const uint8_t signals[] = { SIGKILL, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP };

	if (!chance(d, percent))
		return;
	task->signal = signals[share(d, shares, 5)];
	task->delay_us = some_us(d) + (task->how == BY_COMMAND ? below(d, 1500) : 0);
	task->stop_us = some_us(d) * 3;
	/* Only the command handles SIGTSTP. */
	if (task->signal == SIGTSTP && task->how == BY_LIBRARY)
		task->signal = SIGSTOP;
}

/* ---- a round ----------------------------------------------------------------- */

static void
plan_closings(struct dice *d, struct plan *p, const struct profile *profile)
{
	unsigned i;

	p->closings = below(d, CLOSINGS);
	for (i = 0; i < p->closings; i++) {
		struct task *task = &p->closing[i];

		do {
			*task = (struct task){ .how = BY_LIBRARY };
			choose_ask(d, task, profile, (uint16_t)(900 + i));
			choose_generation(d, task, profile);
			if (task->ask.kind == OP_BARRIER)
				task->ask.at_once = !(task->ask.patient = false);
		} while (task->ask.kind == OP_WAIT || task->ask.kind == OP_LIST);
	}
}

static void
choose_profile(struct dice *d, struct profile *profile, unsigned commands)
{
	profile->commands = commands == 0 ? 0 : below(d, 4) == 0 ? 50 : 6;
	profile->faults = below(d, 3) * 30;
	profile->naps = below(d, 3) * 30;
	profile->promises = below(d, 3) * 20;
	profile->states = below(d, 3) ? 12 : 50;
	profile->names = 1 + below(d, NAMES);
	profile->quorums = below(d, 3) * 30;
	profile->generations = below(d, 3) * 30;
	profile->loans = below(d, 3) * 30;
	profile->readiness = below(d, 3) * 45;
	if (profile->readiness)
		profile->promises += 30;
	profile->barriers = below(d, 3) ? 0 : 10 + below(d, 40);
	profile->parties = 2 + below(d, 3);
	if (profile->barriers && profile->names == NAMES)
		profile->names--;
	profile->barrier = profile->names % NAMES;
}

void
plan_make(struct plan *p, uint64_t seed, uint64_t round, unsigned commands)
{
	struct dice dice = { seed ^ round * UINT64_C(0xd1342543de82ef95) }, *d = &dice;
	struct profile profile;
	unsigned i, k;
	struct outlook will;

	memset(p, 0, sizeof *p);
	roll(d);
	choose_profile(d, &profile, commands);
	p->workers = WORKERS_MIN + below(d, WORKERS - WORKERS_MIN + 1);
	for (i = 0; i < p->workers; i++) {
		will = (struct outlook){ .promised = false };
		p->tasks[i] = 2 + below(d, TASKS - 1);
		for (k = 0; k < p->tasks[i]; k++) {
			struct task *task = &p->task[i][k];

			task->how = chance(d, profile.commands) ? BY_COMMAND : BY_LIBRARY;
			task->command = (uint8_t)below(d, 16);
			choose_ask(d, task, &profile, (uint16_t)(1 + i * TASKS + k));
			choose_generation(d, task, &profile);
			if (plan_may_promise(i) && chance(d, profile.promises))
				choose_promise(d, task, &profile, (uint16_t)(1 + i * TASKS + k),
					       &will);
			if (task->how == BY_COMMAND && chance(d, profile.readiness / 3))
				choose_run(d, task, &profile, (uint16_t)(1 + i * TASKS + k));
			choose_loan(d, task, &profile, plan_may_promise(i), &will);
			if (task->ask.kind == OP_RUN)
				choose_run_fault(d, task, profile.faults);
			else
				choose_fault(d, task, profile.faults);
			task->nap_us = chance(d, profile.naps) ? some_us(d) / 2 : 0;
		}
	}
	plan_closings(d, p, &profile);
	p->endings = roll(d);
}
