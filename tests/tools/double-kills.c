/* SPDX-License-Identifier: ISC
 *
 * double-kills.c - finds the second victims, and kills them
 */
#include "double-kills.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bystander.h"
#include "elf-range.h"
#include "fixture.h"
#include "trial.h"
#include "victim.h"
#include "watch.h"

/* Newcomers.  The first does nothing but recover.  Of the others each first kill gets one, in turn,
 * which is only killed where something changed. */
static const char *const newcomers[] = { "try d", "done a", "wait a --timeout 0", "done a --all",
					 "rm a",  "ls",	    "reinit a --force",	  "wait a b" };
#define NEWCOMERS (sizeof newcomers / sizeof *newcomers)

/* A second victim: a waiter, by its index, or the command line of a newcomer. */
struct second {
	size_t waiter;
	const char *line; /* or NULL */
	bool sparing;	  /* only where something changed */
	bool recovers;
};

static struct recording second_recording; /* its moments */

/* True if the lock still has the mark of its owner's death. */
static bool
look_for_dead_owner(const struct fixture *f)
{
	struct watch w;
	uint32_t lock;

	watch_begin(&w, f->space);
	lock = watch_lock(&w);
	watch_end(&w);
	return lock & FUTEX_OWNER_DIED;
}

static bool
can_be_second(const struct fixture *f, const struct second *second)
{
	size_t i = second->waiter;

	return second->line ||
	       (i < f->bystanders && !f->bystander[i].ended && !f->bystander[i].stopped &&
		strcmp(f->bystander_command[i].request.verb, "hold"));
}

/* Runs to the first kill, and to the second victim's first moment.  NULL: this one has nothing to
 * recover. */
static struct victim *
begin_second(struct fixture *f, const struct recording *recording, unsigned first,
	     struct second *second)
{
	struct victim *v = trial_begin(f, !VICTIM_BREAKPOINTS), *w = NULL;

	trial.moment = first;
	trial.where = recording->at[first].address;
	replay_to(replay_begin(f, v, trial.scenario, recording), first, true);
	if (!bystanders_await_rest(f->bystander, f->bystanders))
		give_up("the bystanders do not come to rest");
	if (!can_be_second(f, second)) {
		victim_kill(v);
		return NULL;
	}
	trial.second_victim = second->line ? second->line : "a waiter";
	trial.second = 0;
	if (!second->line)
		w = fixture_seize(f, second->waiter);
	if (!bystanders_await_rest(f->bystander, f->bystanders))
		give_up("the bystanders do not come to rest");
	victim_kill(v);
	fixture_let_go(f);
	if (!bystanders_await_rest(f->bystander, f->bystanders))
		give_up("the bystanders do not come to rest");
	second->recovers = look_for_dead_owner(f);
	if (second->line)
		return second->recovers ? fixture_victim(f, second->line, true) : NULL;
	return victim_take_wake(w) ? w : NULL;
}

static bool
end_second(struct fixture *f)
{
	unsigned outcome;
	size_t i;

	for (i = 0; i < f->victims; i++)
		victim_kill(&f->victim[i]);
	return trial_judge(f, &outcome);
}

/* Of the moments with the lock, keeps only those of the recovery. */
static void
forget_later_holds(const struct range *lock_range)
{
	struct moment *m = second_recording.at, *end = m + second_recording.count, *last;

	while (m < end && !m->holds)
		m++;
	for (last = m; m < end && m->holds; m++)
		if (!lock_range->to ||
		    (m->address >= lock_range->from && m->address < lock_range->to))
			last = m;
	for (m = last + 1; m < end; m++)
		m->holds = false;
}

/* Records the second's moments and returns their number; 0: there is no such second. */
static unsigned
record_second(const struct recording *recording, unsigned first, struct second *second, bool *sound)
{
	struct fixture f;
	struct victim *v = begin_second(&f, recording, first, second);
	struct watch w;

	second_recording.count = 0;
	if (v) {
		watch_begin(&w, f.space);
		replay_record(replay_begin(&f, v, NULL, NULL), &second_recording, &w);
		watch_end(&w);
		forget_later_holds(second->line ? &trial.lock_range : &trial.waiter_lock_range);
	}
	*sound &= end_second(&f);
	return second_recording.count;
}

static bool
kill_second(const struct recording *recording, unsigned first, struct second *second,
	    unsigned moment)
{
	struct fixture f;
	struct victim *v = begin_second(&f, recording, first, second);

	trial.second = moment;
	if (v)
		replay_to(replay_begin(&f, v, NULL, &second_recording), moment, false);
	return end_second(&f);
}

static bool
is_second_moment(const struct second *second, unsigned moment)
{
	const struct moment *m = &second_recording.at[moment];

	return m->changed || (second->recovers && m->holds && !second->sparing);
}

/* The nth possible second victim after a first kill; false: there are no more. */
static bool
nth_second(size_t n, unsigned first, struct second *second)
{
	if (n < BYSTANDERS)
		*second = (struct second){ .waiter = n };
	else if (n == BYSTANDERS)
		*second = (struct second){ .line = newcomers[0] };
	else
		*second = (struct second){ .line = newcomers[1 + first % (NEWCOMERS - 1)],
					   .sparing = true };
	return n <= BYSTANDERS + 1;
}

unsigned
double_kills_try_of(const struct recording *recording, unsigned first, bool *sound)
{
	struct second second;
	unsigned kills = 0, moment;
	size_t n;

	for (n = 0; nth_second(n, first, &second); n++) {
		unsigned count = record_second(recording, first, &second, sound);

		for (moment = 0; moment < count; moment++)
			if (is_second_moment(&second, moment)) {
				*sound &= kill_second(recording, first, &second, moment);
				kills++;
			}
	}
	return kills;
}

bool
double_kills_try_one(const struct recording *recording, unsigned first, bool *sound)
{
	struct second second;
	unsigned count, moment;

	nth_second((size_t)rand() % (BYSTANDERS + 2), first, &second);
	count = record_second(recording, first, &second, sound);
	if (!count)
		return false;
	do
		moment = (unsigned)rand() % count;
	while (!is_second_moment(&second, moment));
	*sound &= kill_second(recording, first, &second, moment);
	return true;
}

unsigned
double_kills_try_at(const struct recording *recording, unsigned first, unsigned moment, bool *sound)
{
	struct second second;
	unsigned kills = 0;
	size_t n;

	for (n = 0; nth_second(n, first, &second); n++)
		if (record_second(recording, first, &second, sound) > moment) {
			*sound &= kill_second(recording, first, &second, moment);
			kills++;
		}
	return kills;
}
