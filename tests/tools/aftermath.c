/* SPDX-License-Identifier: ISC
 *
 * aftermath.c - uses the names again after a kill
 */
#include "aftermath.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bystander.h"
#include "compl.h"

unsigned
aftermath_outcome(const struct fixture *f, const struct remains *r)
{
	unsigned seen = r->moved | (unsigned)f->victim_command[0].ended << 2;
	size_t i;

	for (i = 0; i < f->bystanders; i++)
		seen |= (unsigned)f->bystander_command[i].ended << (i + 3);
	return seen;
}

static bool
stopped_go_on(struct fixture *f, struct remains *r)
{
	bool stopped = false;
	size_t i;

	for (i = 0; i < f->bystanders; i++) {
		stopped |= f->bystander[i].stopped && !f->bystander[i].ended;
		bystander_stop(&f->bystander[i], false);
	}
	if (!stopped)
		return true;
	if (!bystanders_await_rest(f->bystander, f->bystanders))
		return verdict_fail(r, "going on: the bystanders do not come to rest");
	fixture_count(f);
	compl_list_free(r->list);
	return verdict(r, f);
}

/* Posts the tokens that a waiter lacks. */
static void
serve(struct fixture *f, const struct remains *r, const struct request *request)
{
	unsigned n, needed = request->any ? 1 : request->at_least;

	for (n = 0; n < NAMES; n++) {
		if (!(request->names >> n & 1) || (request->at_least && !r->entry[n]))
			continue;
		if (!verdict_is_open(r, n) && r->left[n] < request->count)
			fixture_post(f, n, (uint32_t)(request->count - r->left[n]), false);
		else if (request->any)
			continue;
		if (needed && !--needed)
			break;
	}
}

/* Lets more participants come, until the round is complete. */
static void
complete_round(struct fixture *f, size_t i)
{
	const struct request *request = &f->bystander_command[i].request;
	char action[64];

	snprintf(action, sizeof action, "barrier %s --parties %u",
		 fixture_first_name(request->names), (unsigned)request->count);
	while (f->bystanders < BYSTANDERS && !f->bystander[i].ended) {
		fixture_start(f, action);
		bystanders_await_rest(f->bystander, f->bystanders);
	}
}

/* The waiters that are left end in their order.  moved: what the victims had done at the
 * verdict. */
static bool
waiters_go(struct fixture *f, struct remains *r, unsigned moved)
{
	size_t i;

	for (i = 0; i < f->bystanders; i++) {
		const char *verb = f->bystander_command[i].request.verb;

		if (f->bystander_command[i].ended || f->bystander_command[i].killed ||
		    f->bystander_command[i].request.borrow ||
		    (strcmp(verb, "wait") && strcmp(verb, "barrier")))
			continue;
		if (!strcmp(verb, "barrier"))
			complete_round(f, i);
		else
			serve(f, r, &f->bystander_command[i].request);
		compl_list_free(r->list);
		if (!bystanders_await_rest(f->bystander, f->bystanders))
			return verdict_fail(r, "going on: the bystanders do not come to rest");
		fixture_count(f);
		if (!verdict(r, f))
			return false;
		if (r->moved != moved && f->victims == 1 &&
		    strcmp(f->victim_command[0].request.verb, "rm"))
			return verdict_fail(r, "going on: what the victim did has changed");
		if (!f->bystander_command[i].ended)
			return verdict_fail(r, "going on: waiter %zu does not go", i);
	}
	return true;
}

/* Each name works as if it were new. */
static bool
names_work(struct fixture *f, struct remains *r)
{
	unsigned n;

	for (n = 0; n < NAMES; n++) {
		const char *name = fixture_name(n);
		struct compl_request one = { .names = &name, .count = 1, .need = 1 };
		struct compl_outcome out = { 0 };

		fixture_must(compl_reinit(f->c, name, true, NULL));
		fixture_post(f, n, 1, false);
		fixture_must(compl_try(f->c, &one, &out));
		if (compl_test(f->c, name, 0) != COMPL_NOT_DONE)
			return verdict_fail(r, "%s is done after a token was posted and taken",
					    name);
	}
	return true;
}

static bool
ask_for_producer(struct fixture *f, const char *name)
{
	struct compl_listing *list;
	bool found = false;
	size_t i;

	fixture_must(compl_list(f->c, &list));
	for (i = 0; i < list->count; i++)
		found |= !strcmp(compl_entry_at(list, i)->name, name) &&
			 compl_entry_at(list, i)->producer_count > 0;
	compl_list_free(list);
	return found;
}

/* What the command of a killed producer has held is held no longer than that command lives, which
 * is told to end. */
static bool
nothing_is_held(struct fixture *f, struct remains *r)
{
	unsigned n, tries = 0;
	pid_t pid;

	for (n = 0; n < NAMES; n++)
		while (compl_holder(f->c, fixture_name(n), &pid) == COMPL_OK &&
		       !ask_for_producer(f, fixture_name(n))) {
			if (tries++ == 20000)
				return verdict_fail(r, "%s is held", fixture_name(n));
			usleep(1000);
		}
	return true;
}

bool
aftermath_works_on(struct fixture *f, struct remains *r)
{
	unsigned moved = r->moved;
	size_t faults = 0;

	compl_close(f->c); /* the namespace may be another now */
	f->c = NULL;
	if (!stopped_go_on(f, r) || !waiters_go(f, r, moved))
		return false;
	if (compl_check(fixture_open(f), NULL, NULL, &faults) != COMPL_OK || faults)
		return verdict_fail(r, "check finds %zu faults", faults);
	if (!names_work(f, r))
		return false;
	if (!nothing_is_held(f, r))
		return false;
	if (compl_lost_wakeups(f->c) && !victim_was_released)
		return verdict_fail(r, "a wake-up was lost");
	return true;
}
