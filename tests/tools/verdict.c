/* SPDX-License-Identifier: ISC
 *
 * verdict.c - adds up which process took what, and looks for sleepers that could go on
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
verdict_fail(struct remains *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(r->trouble, sizeof r->trouble, format, arguments);
	va_end(arguments);
	return false;
}

static void
remains_look(struct remains *r, const struct fixture *f)
{
	unsigned n;
	size_t i;

	*r = (struct remains){ .list = NULL };
	if (!peek(f->space, &r->list, &r->lost_wakeups))
		return;
	for (i = 0; i < r->list->count; i++)
		for (n = 0; n < NAMES; n++)
			if (!strcmp(compl_entry_at(r->list, i)->name, fixture_name(n)))
				r->entry[n] = compl_entry_at(r->list, i);
	for (n = 0; n < NAMES; n++)
		r->left[n] = r->entry[n] ? r->entry[n]->done : 0;
}

bool
verdict_is_all(const struct remains *r, unsigned n)
{
	return r->left[n] == COMPL_ALL;
}

/* The position of pid in the line of n, from 0; -1: it is not there. */
static int
position_of(const struct remains *r, unsigned n, pid_t pid)
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
	return verdict_is_all(r, n) || (position_of(r, n, pid) == 0 && r->left[n] >= count);
}

/* A living waiter is in all its lines, and there is nothing for it to take.  (This says nothing
 * about a stopped waiter.) */
static bool
check_sleeper(struct remains *r, const struct fixture *f, size_t i)
{
	const struct request *request = &f->bystander_command[i].request;
	pid_t pid = f->bystander[i].pid;
	bool all = true, any = false;
	unsigned n;

	if (f->bystander[i].stopped)
		return true;
	if (process_is_at_lock(pid))
		return verdict_fail(r, "waiter %zu sleeps on the lock, which is free", i);
	if (strcmp(request->verb, "wait"))
		return true;
	for (n = 0; n < NAMES; n++) {
		if (!(request->names >> n & 1))
			continue;
		if (!r->entry[n])
			return verdict_fail(r, "waiter %zu sleeps, and %s is not there", i,
					    fixture_name(n));
		if (position_of(r, n, pid) < 0)
			return verdict_fail(r, "waiter %zu sleeps, and is not in the line of %s", i,
					    fixture_name(n));
		all &= is_covered(r, n, pid, request->count);
		any |= is_covered(r, n, pid, request->count);
	}
	if (request->any ? any : all)
		return verdict_fail(r, "lost wake-up: waiter %zu sleeps and could go", i);
	return true;
}

/* Names of which a producer has been killed. */
static unsigned
producer_killed(const struct fixture *f)
{
	unsigned names = 0;
	size_t i;

	for (i = 0; i < f->victims; i++)
		if (!strcmp(f->victim_command[i].request.verb, "run") &&
		    !f->victim_command[i].ended)
			names |= f->victim_command[i].request.names;
	for (i = 0; i < f->bystanders; i++)
		if (!strcmp(f->bystander_command[i].request.verb, "run") &&
		    f->bystander_command[i].killed)
			names |= f->bystander_command[i].request.names;
	return names;
}

static bool
check_ending(struct remains *r, const struct fixture *f, size_t i, unsigned removable)
{
	const struct command *command = &f->bystander_command[i];

	if (command->killed || command->status < 100)
		return true;
	if (command->status == 120 && (command->request.names & removable))
		return true;
	if (command->status == 121 && (command->request.names & producer_killed(f)))
		return true;
	return verdict_fail(r, "waiter %zu ended with %d", i, command->status);
}

/* Whether it is in any line. */
static bool
is_queued(const struct remains *r, const struct fixture *f, size_t i)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (position_of(r, n, f->bystander[i].pid) >= 0)
			return true;
	return false;
}

static bool
has_all(const struct remains *r, const struct request *request)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (request->names >> n & 1 && verdict_is_all(r, n))
			return true;
	return false;
}

/* Wrong: i came before j, wants no more than j of the same names, and still waits; but j went. */
static bool
check_order(struct remains *r, const struct fixture *f, size_t i)
{
	const struct request *request = &f->bystander_command[i].request;
	size_t j;

	if (strcmp(request->verb, "wait"))
		return true;
	if (f->bystander[i].stopped && (!is_queued(r, f, i) || has_all(r, request)))
		return true; /* it was released and has not gone; or it holds up no waiter */
	for (j = i + 1; j < f->bystanders; j++)
		if (!strcmp(f->bystander_command[j].request.verb, "wait") &&
		    f->bystander_command[j].ended && f->bystander_command[j].status < 100 &&
		    f->bystander_command[j].request.names == request->names &&
		    f->bystander_command[j].request.any == request->any &&
		    f->bystander_command[j].request.count >= request->count &&
		    !f->bystander_command[j].request.fail_fast)
			return verdict_fail(r, "waiter %zu was passed over by %zu", i, j);
	return true;
}

/* ---- the sums ----------------------------------------------------------------- */

/* Tries all that the commands from `at` on may have done to the balance, which is
 * posted - taken - left for each name and must become 0.  Commands: first those of the
 * bystanders, then those of the victims. */
static bool balance(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
		    size_t at);

/* The command takes (change > 0) or posts (change < 0) tokens of the names in the set. */
static bool
balance_with(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
	     size_t at, unsigned names, int64_t change)
{
	int64_t after[NAMES];
	unsigned n;

	for (n = 0; n < NAMES; n++)
		after[n] = sum[n] - (names >> n & 1 ? change : 0);
	return balance(r, f, after, open, at + 1);
}

/* A wait: all its names, or with --any one of them. */
static bool
balance_taker(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
	      size_t at, const struct command *command)
{
	unsigned n;

	if (!command->request.any)
		return balance_with(r, f, sum, open, at, command->request.names,
				    command->request.count);
	for (n = 0; n < NAMES; n++)
		if (command->request.names >> n & 1 &&
		    balance_with(r, f, sum, open, at, 1u << n, command->request.count))
			return true;
	return false;
}

/* A post: on each of its names, or, of a victim, when it was killed on some of them. */
static bool
balance_poster(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
	       size_t at, const struct command *command)
{
	unsigned some = command->request.names;

	for (;; some = (some - 1) & command->request.names) {
		if (balance_with(r, f, sum, open, at, some, -(int64_t)command->request.count)) {
			if (some & open && at >= f->bystanders)
				r->moved |= 1u << (at - f->bystanders);
			return true;
		}
		if (command->ended || !some)
			return false;
	}
}

/* A reinit: the tokens that were there are gone, or not. */
static bool
balance_reinit(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
	       size_t at, const struct command *command)
{
	int64_t after[NAMES];
	unsigned n;

	if (!command->ended && balance(r, f, sum, open, at + 1))
		return true;
	for (n = 0; n < NAMES; n++)
		after[n] = command->request.names >> n & 1 && r->left[n] == 0 ? 0 : sum[n];
	if (!balance(r, f, after, open, at + 1))
		return false;
	r->moved |= 1u << (at - f->bystanders);
	return true;
}

static bool
is_poster(const struct command *command)
{
	return !strcmp(command->request.verb, "done") || !strcmp(command->request.verb, "run");
}

/* Nothing has changed. */
static bool
is_refused(const struct command *command)
{
	return command->status == 125 ||
	       (command->status == 124 && !strcmp(command->request.verb, "run"));
}

static bool
balance(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open, size_t at)
{
	const struct command *command = at < f->bystanders ? &f->bystander_command[at]
							   : &f->victim_command[at - f->bystanders];
	bool victim = at >= f->bystanders;
	unsigned n;

	if (at == f->bystanders + f->victims) {
		for (n = 0; n < NAMES; n++)
			if (open >> n & 1 && sum[n])
				return false;
		return true;
	}
	if (victim && command->ended && is_refused(command))
		return balance(r, f, sum, open, at + 1);
	if (!victim && command->killed)
		return balance(r, f, sum, open,
			       at + 1); /* it is one of the victims, or took nothing */
	if (is_poster(command) && !command->request.all &&
	    (victim || strcmp(command->request.verb, "run")))
		return balance_poster(r, f, sum, open, at, command);
	if (!strcmp(command->request.verb, "reinit"))
		return balance_reinit(r, f, sum, open, at, command);
	if (strcmp(command->request.verb, "wait") && strcmp(command->request.verb, "try"))
		return balance(r, f, sum, open, at + 1);
	if (command->ended && command->status < 100 &&
	    !(command->request.fail_fast && command->status))
		return balance_taker(r, f, sum, open, at, command);
	if (victim && !command->ended && !command->took_nothing &&
	    balance_taker(r, f, sum, open, at, command)) {
		r->moved |= 1u << (at - f->bystanders);
		return true;
	}
	return balance(r, f, sum, open, at + 1);
}

/* Names whose tokens are removed with the name, or are not counted. */
static unsigned
uncounted(struct remains *r, const struct fixture *f)
{
	unsigned names = f->removed, n;
	size_t i;

	for (i = 0; i < f->victims; i++)
		if (!strcmp(f->victim_command[i].request.verb, "rm") ||
		    (!strcmp(f->victim_command[i].request.verb, "reinit") && f->victims > 1))
			names |= f->victim_command[i].request.names;
	for (n = 0; n < NAMES; n++)
		names |= (unsigned)verdict_is_all(r, n) << n;
	return names;
}

/* The effect of "all", rm, reinit and init shows that a victim has done its work. */
static void
see_victims(struct remains *r, const struct fixture *f)
{
	unsigned n;
	size_t i;

	for (i = 0; i < f->victims; i++) {
		const struct request *request = &f->victim_command[i].request;

		for (n = 0; n < NAMES; n++) {
			if (!(request->names >> n & 1))
				continue;
			if ((request->all && strcmp(request->verb, "rm") && verdict_is_all(r, n)) ||
			    (!strcmp(request->verb, "rm") && !r->entry[n]) ||
			    (!strcmp(request->verb, "reinit") && f->all >> n & 1 &&
			     !verdict_is_all(r, n)) ||
			    (!strcmp(request->verb, "init") && r->entry[n] &&
			     r->entry[n]->initialised))
				r->moved |= 1u << i;
		}
	}
}

/* A name is at "all" if "all" was posted, unless a command has taken it away. */
static bool
check_all(struct remains *r, const struct fixture *f)
{
	unsigned n;
	size_t i;

	for (n = 0; n < NAMES; n++) {
		bool may = (f->all | producer_killed(f)) >> n & 1;
		bool must_be = f->all >> n & 1 && !(f->removed >> n & 1);

		for (i = 0; i < f->victims; i++) {
			const struct request *request = &f->victim_command[i].request;

			if (!(request->names >> n & 1))
				continue;
			may |= request->all && strcmp(request->verb, "rm");
			must_be &= strcmp(request->verb, "reinit") && strcmp(request->verb, "rm") &&
				   strcmp(request->verb, "run");
		}
		if (verdict_is_all(r, n) ? !may : must_be)
			return verdict_fail(r, "%s is at %lld", fixture_name(n),
					    (long long)r->left[n]);
	}
	return true;
}

bool
verdict(struct remains *r, const struct fixture *f)
{
	unsigned closed, removable = f->removed, n;
	int64_t sum[NAMES];
	size_t i;

	remains_look(r, f);
	closed = uncounted(r, f);
	for (i = 0; i < f->victims; i++)
		if (!strcmp(f->victim_command[i].request.verb, "rm"))
			removable |= f->victim_command[i].request.names;
	for (i = 0; i < f->bystanders; i++) {
		if (f->bystander_command[i].ended
			    ? !check_ending(r, f, i, removable)
			    : !check_sleeper(r, f, i) || !check_order(r, f, i))
			return false;
	}
	for (n = 0; n < NAMES; n++)
		sum[n] = f->posted[n] - r->left[n];
	see_victims(r, f);
	if (!balance(r, f, sum, ~closed, 0))
		return verdict_fail(
			r, "tokens do not add up: left %lld %lld %lld of %lld %lld %lld",
			(long long)r->left[0], (long long)r->left[1], (long long)r->left[2],
			(long long)f->posted[0], (long long)f->posted[1], (long long)f->posted[2]);
	if (r->lost_wakeups && !f->apart && !victim_was_released)
		return verdict_fail(r, "a wake-up was lost");
	return check_all(r, f);
}
