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
#include "timing.h"

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

bool
verdict_is_open(const struct remains *r, unsigned n)
{
	return verdict_is_all(r, n) || (r->entry[n] && r->entry[n]->ready);
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

/* Whether a process has borrowed tokens: it stands in no line any more. */
static bool
has_borrowed(const struct remains *r, pid_t pid)
{
	unsigned n;
	size_t i;

	for (n = 0; n < NAMES; n++)
		for (i = 0; r->entry[n] && i < r->entry[n]->borrower_count; i++)
			if (compl_borrower_at(r->entry[n], i)->pid == pid)
				return true;
	return false;
}

static bool
is_covered(const struct remains *r, unsigned n, pid_t pid, uint32_t count)
{
	return verdict_is_open(r, n) || (position_of(r, n, pid) == 0 && r->left[n] >= count);
}

/* Whether a victim that was ready has ended, and no other producer of n, and no post, is there for
 * the waits that stood in line then. */
static bool
is_forsaken(const struct remains *r, const struct fixture *f, unsigned n)
{
	size_t i;

	for (i = 0; i < f->victims; i++)
		if (f->victim_command[i].ended && f->victim_command[i].request.readiness &&
		    f->victim_command[i].request.names >> n & 1 &&
		    r->entry[n]->producer_count == 0 && r->left[n] == 0)
			return true;
	return false;
}

/* A participant of a barrier stands in it, and not all that make a round do. */
static bool
check_participant(struct remains *r, const struct request *request, pid_t pid, size_t i)
{
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		if (!(request->names >> n & 1))
			continue;
		if (position_of(r, n, pid) < 0)
			return verdict_fail(r, "participant %zu sleeps, and does not stand", i);
		if (r->entry[n]->waiter_count >= request->count)
			return verdict_fail(r, "participant %zu sleeps in a round of enough", i);
	}
	return true;
}

static unsigned
count_names(const struct request *request)
{
	return (unsigned)__builtin_popcount(request->names);
}

/* How many of its names a wait needs. */
static unsigned
count_needed(const struct request *request)
{
	if (request->at_least)
		return request->at_least;
	return request->any ? 1 : count_names(request);
}

/* Whether a wait that may do without some names goes on without this one. */
static bool
is_lost_to(const struct remains *r, const struct fixture *f, unsigned n, pid_t pid)
{
	return !r->entry[n] || r->entry[n]->failed || is_forsaken(r, f, n) ||
	       position_of(r, n, pid) < 0;
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

/* Whether a victim may have made names forget what they have lent. */
static bool
may_forget(const struct fixture *f)
{
	bool may = false;
	size_t i;

	for (i = 0; i < f->victims; i++)
		may |= !strcmp(f->victim_command[i].request.verb, "rm") ||
		       !strcmp(f->victim_command[i].request.verb, "reinit");
	return may;
}

/* Whether a bystander has borrowed what it waited for. */
static bool
is_past_its_line(const struct remains *r, const struct fixture *f, size_t i)
{
	return has_borrowed(r, f->bystander[i].pid) ||
	       (f->bystander_command[i].request.borrow && !is_queued(r, f, i) && may_forget(f));
}

/* A living waiter is in all its lines, and there is nothing for it to take.  (This says nothing
 * about a stopped waiter.) */
static bool
check_sleeper(struct remains *r, const struct fixture *f, size_t i)
{
	const struct request *request = &f->bystander_command[i].request;
	pid_t pid = f->bystander[i].pid;
	unsigned n, covered = 0, missing = 0;

	if (f->bystander[i].stopped)
		return true;
	if (process_is_at_lock(pid))
		return verdict_fail(r, "waiter %zu sleeps on the lock, which is free", i);
	if (!strcmp(request->verb, "barrier"))
		return check_participant(r, request, pid, i);
	if (strcmp(request->verb, "wait") || is_past_its_line(r, f, i))
		return true;
	for (n = 0; n < NAMES; n++) {
		if (!(request->names >> n & 1))
			continue;
		if (request->at_least && is_lost_to(r, f, n, pid)) {
			missing++;
			continue;
		}
		if (!r->entry[n])
			return verdict_fail(r, "waiter %zu sleeps, and %s is not there", i,
					    fixture_name(n));
		if (r->entry[n]->failed)
			return verdict_fail(r, "waiter %zu sleeps, and %s has failed", i,
					    fixture_name(n));
		if (is_forsaken(r, f, n))
			return verdict_fail(r, "waiter %zu sleeps, and no producer of %s is left",
					    i, fixture_name(n));
		if (position_of(r, n, pid) < 0)
			return verdict_fail(r, "waiter %zu sleeps, and is not in the line of %s", i,
					    fixture_name(n));
		if (request->generation && request->generation != r->entry[n]->generation)
			return verdict_fail(r, "waiter %zu sleeps, and its generation is over", i);
		covered += is_covered(r, n, pid, request->count);
	}
	if (request->at_least && count_names(request) - missing < request->at_least)
		return verdict_fail(r, "waiter %zu sleeps, and too few of its names are left", i);
	if (covered >= count_needed(request))
		return verdict_fail(r, "lost wake-up: waiter %zu sleeps and could go", i);
	return true;
}

/* Names that a producer has made ready, or may have. */
static unsigned
made_ready(const struct fixture *f)
{
	unsigned names = 0;
	size_t i;

	for (i = 0; i < f->victims; i++)
		if (f->victim_command[i].request.readiness)
			names |= f->victim_command[i].request.names;
	for (i = 0; i < f->bystanders; i++)
		if (f->bystander_command[i].request.readiness)
			names |= f->bystander_command[i].request.names;
	return names;
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

/* Whether the generation that it asks for is over. */
static bool
is_outdated(const struct remains *r, const struct request *request)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (request->names >> n & 1 && r->entry[n] &&
		    r->entry[n]->generation == request->generation)
			return false;
	return request->generation != 0;
}

static bool
check_ending(struct remains *r, const struct fixture *f, size_t i, unsigned removable)
{
	const struct command *command = &f->bystander_command[i];

	if (command->killed || command->status < 100)
		return true;
	if (command->status == 120 && (command->request.names & removable))
		return true;
	if (command->status == 123 && is_outdated(r, &command->request))
		return true;
	if (command->status == 121 &&
	    (command->request.names & (producer_killed(f) | made_ready(f))))
		return true;
	return verdict_fail(r, "waiter %zu ended with %d", i, command->status);
}

static bool
has_all(const struct remains *r, const struct request *request)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (request->names >> n & 1 && verdict_is_open(r, n))
			return true;
	return false;
}

/* Wrong: i came before j, wants no more than j of the same names, and still waits; but j went. */
static bool
check_order(struct remains *r, const struct fixture *f, size_t i)
{
	const struct request *request = &f->bystander_command[i].request;
	size_t j;

	if (strcmp(request->verb, "wait") || is_past_its_line(r, f, i))
		return true;
	if (f->bystander[i].stopped && (!is_queued(r, f, i) || has_all(r, request)))
		return true; /* it was released and has not gone; or it holds up no waiter */
	for (j = i + 1; j < f->bystanders; j++)
		if (!strcmp(f->bystander_command[j].request.verb, "wait") &&
		    f->bystander_command[j].ended && f->bystander_command[j].status < 100 &&
		    f->bystander_command[j].request.names == request->names &&
		    f->bystander_command[j].request.any == request->any &&
		    f->bystander_command[j].request.at_least == request->at_least &&
		    f->bystander_command[j].request.count >= request->count &&
		    !f->bystander_command[j].request.fail_fast)
			return verdict_fail(r, "waiter %zu was passed over by %zu", i, j);
	return true;
}

/* Whether this command is of a barrier on name n, and the process has passed it. */
static bool
has_passed(const struct command *command, unsigned n, bool is_released)
{
	return !strcmp(command->request.verb, "barrier") && command->request.names >> n & 1 &&
	       (command->ended ? command->status == 0 : is_released);
}

/* Each round is passed by as many as it should; a victim may have been one of them.  So may a
 * stopped participant that has left its line, if the name may have been removed. */
static bool
check_rounds(struct remains *r, const struct fixture *f, unsigned removable)
{
	for (unsigned n = 0; n < NAMES; n++) {
		unsigned passed = 0, unknown = 0, parties = 0;
		size_t i;

		for (i = 0; i < f->bystanders; i++) {
			const struct command *command = &f->bystander_command[i];
			bool is_released = f->bystander[i].stopped &&
					   position_of(r, n, f->bystander[i].pid) < 0;

			if (!strcmp(command->request.verb, "barrier") &&
			    command->request.names >> n & 1)
				parties = command->request.count;
			if (command->killed || !has_passed(command, n, is_released))
				continue;
			if (!command->ended && removable >> n & 1)
				unknown++;
			else
				passed++;
		}
		for (i = 0; i < f->victims; i++) {
			passed += has_passed(&f->victim_command[i], n, false);
			unknown += !f->victim_command[i].ended &&
				   !f->victim_command[i].took_nothing &&
				   has_passed(&f->victim_command[i], n, true);
		}
		if (parties != 0 && passed % parties != 0 && passed % parties + unknown < parties)
			return verdict_fail(r, "%u have passed %s, and %u more may have", passed,
					    fixture_name(n), unknown);
	}
	return true;
}

/* ---- the sums ----------------------------------------------------------------- */

/* Tries all that the commands from `at` on may have done to the balance, which is
 * posted - taken - left - lent for each name and must become 0.  Commands: first those of the
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

/* A wait for K of its names: any K of them. */
static bool
balance_some(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
	     size_t at, const struct request *request)
{
	unsigned some = request->names;

	for (; some; some = (some - 1) & request->names)
		if ((unsigned)__builtin_popcount(some) == count_needed(request) &&
		    balance_with(r, f, sum, open, at, some, request->count))
			return true;
	return false;
}

/* A wait: all its names, or as many as it needs. */
static bool
balance_taker(struct remains *r, const struct fixture *f, int64_t sum[NAMES], unsigned open,
	      size_t at, const struct command *command)
{
	return balance_some(r, f, sum, open, at, &command->request);
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
	return command->status == 125 || command->status == 123 ||
	       (command->status == 124 && !strcmp(command->request.verb, "run"));
}

/* A wait that has ended with a status, and has taken nothing: with --fail-fast, or because a ready
 * producer has failed. */
static bool
has_failed(const struct fixture *f, const struct command *command)
{
	return command->status != 0 &&
	       (command->request.fail_fast || command->request.names & made_ready(f));
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
	if (command->request.borrow) /* what it took is lent, or has come back */
		return balance(r, f, sum, open, at + 1);
	if (strcmp(command->request.verb, "wait") && strcmp(command->request.verb, "try"))
		return balance(r, f, sum, open, at + 1);
	if (command->ended && command->status < 100 && !has_failed(f, command))
		return balance_taker(r, f, sum, open, at, command);
	if (victim && !command->ended && !command->took_nothing &&
	    balance_taker(r, f, sum, open, at, command)) {
		r->moved |= 1u << (at - f->bystanders);
		return true;
	}
	return balance(r, f, sum, open, at + 1);
}

/* Names that we or a victim may have removed. */
static unsigned
removable_names(const struct fixture *f)
{
	unsigned names = f->removed;
	size_t i;

	for (i = 0; i < f->victims; i++)
		if (!strcmp(f->victim_command[i].request.verb, "rm"))
			names |= f->victim_command[i].request.names;
	return names;
}

/* Names whose tokens are removed with the name, or are not counted, or from which a wait may go
 * without a token. */
static unsigned
uncounted(struct remains *r, const struct fixture *f)
{
	unsigned names = removable_names(f) | made_ready(f), n;
	size_t i;

	for (i = 0; i < f->victims; i++)
		if (!strcmp(f->victim_command[i].request.verb, "reinit") && f->victims > 1)
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

static bool
judge_once(struct remains *r, const struct fixture *f)
{
	unsigned closed, removable = removable_names(f), n;
	int64_t sum[NAMES];
	size_t i;

	remains_look(r, f);
	closed = uncounted(r, f);
	for (i = 0; i < f->bystanders; i++) {
		if (f->bystander_command[i].ended
			    ? !check_ending(r, f, i, removable)
			    : !check_sleeper(r, f, i) || !check_order(r, f, i))
			return false;
	}
	for (n = 0; n < NAMES; n++)
		sum[n] = f->posted[n] - r->left[n] - (r->entry[n] ? r->entry[n]->lent : 0);
	see_victims(r, f);
	if (!balance(r, f, sum, ~closed, 0))
		return verdict_fail(
			r, "tokens do not add up: left %lld %lld %lld of %lld %lld %lld",
			(long long)r->left[0], (long long)r->left[1], (long long)r->left[2],
			(long long)f->posted[0], (long long)f->posted[1], (long long)f->posted[2]);
	if (!check_rounds(r, f, removable))
		return false;
	if (r->lost_wakeups && !f->apart && !victim_was_released)
		return verdict_fail(r, "a wake-up was lost");
	return check_all(r, f);
}

static bool
somebody_borrows(const struct fixture *f)
{
	bool borrows = false;
	size_t i;

	for (i = 0; i < f->victims; i++)
		borrows |= f->victim_command[i].request.borrow;
	for (i = 0; i < f->bystanders; i++)
		borrows |= f->bystander_command[i].request.borrow;
	return borrows;
}

/* The CMD of a killed borrower may live for a moment, and the first in line looks for its end once
 * a second. */
bool
verdict(struct remains *r, struct fixture *f)
{
	int64_t end = now_us() + (somebody_borrows(f) ? limit_s(5) * INT64_C(1000000) : 0);

	while (!judge_once(r, f)) {
		if (now_us() >= end)
			return false;
		compl_list_free(r->list);
		r->list = NULL;
		pause_us(20000);
		if (!bystanders_await_rest(f->bystander, f->bystanders))
			return verdict_fail(r, "the bystanders do not come to rest");
		fixture_count(f);
	}
	return true;
}
