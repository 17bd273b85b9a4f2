/* SPDX-License-Identifier: ISC
 *
 * doubles.c - finds the second victims, and kills them
 */
#include "doubles.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf-range.h"
#include "others.h"
#include "performance.h"
#include "stage.h"
#include "victim.h"
#include "watch.h"

/* Newcomers; the first does nothing but repair.  Of the others there is one for each first
 * kill, in turn, and it is only killed where something changed. */
static const char *const newcomers[] = { "try d", "done a", "wait a --timeout 0", "done a --all",
					 "rm a",  "ls",	    "reinit a --force",	  "wait a b" };
#define NEWCOMERS (sizeof newcomers / sizeof *newcomers)

/* A second victim: a waiter that was started as the so manyeth, or a newcomer's line. */
struct second {
	size_t waiter;
	const char *line; /* or NULL */
	bool sparing;	  /* only where something changed */
	bool repairs;
};

static struct score second_score; /* its moments */

static bool
is_left_locked(const struct stage *s)
{
	struct watch w;
	uint32_t lock;

	watch_begin(&w, s->space);
	lock = watch_lock(&w);
	watch_end(&w);
	return lock & FUTEX_OWNER_DIED;
}

static bool
can_be_second(const struct stage *s, const struct second *second)
{
	size_t i = second->waiter;

	return second->line || (i < s->others && !s->other[i].ended && !s->other[i].stopped &&
				strcmp(s->cast[i].wish.verb, "hold"));
}

/* Plays to the first kill, and to the second victim's first moment.  NULL: there is nothing to
 * repair for this one. */
static struct victim *
enter_second(struct stage *s, const struct score *score, unsigned first, struct second *second)
{
	struct victim *v = performance_enter(s, !VICTIM_BREAKPOINTS), *w = NULL;

	performance.moment = first;
	performance.where = score->at[first].address;
	play_to(play_begin(s, v, performance.scene, score), first, true);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	if (!can_be_second(s, second)) {
		victim_kill(v);
		return NULL;
	}
	performance.repairer = second->line ? second->line : "a waiter";
	performance.second = 0;
	if (!second->line)
		w = stage_seize(s, second->waiter);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	victim_kill(v);
	stage_let_go(s);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	second->repairs = is_left_locked(s);
	if (second->line)
		return second->repairs ? stage_victim(s, second->line, true) : NULL;
	return victim_wakes(w) ? w : NULL;
}

static bool
leave_second(struct stage *s)
{
	unsigned outcome;
	size_t i;

	for (i = 0; i < s->victims; i++)
		victim_kill(&s->victim[i]);
	return performance_judge(s, &outcome);
}

/* Of the moments with the lock leaves those of the repair. */
static void
forget_later_holds(const struct range *repair)
{
	struct moment *m = second_score.at, *end = m + second_score.count, *last;

	while (m < end && !m->holds)
		m++;
	for (last = m; m < end && m->holds; m++)
		if (!repair->to || (m->address >= repair->from && m->address < repair->to))
			last = m;
	for (m = last + 1; m < end; m++)
		m->holds = false;
}

/* The second's moments; 0: there is no such second. */
static unsigned
rehearse_second(const struct score *score, unsigned first, struct second *second, bool *sound)
{
	struct stage s;
	struct victim *v = enter_second(&s, score, first, second);
	struct watch w;

	second_score.count = 0;
	if (v) {
		watch_begin(&w, s.space);
		play_slowly(play_begin(&s, v, NULL, NULL), &second_score, &w);
		watch_end(&w);
		forget_later_holds(second->line ? &performance.repair : &performance.waiter_repair);
	}
	*sound &= leave_second(&s);
	return second_score.count;
}

static bool
kill_second(const struct score *score, unsigned first, struct second *second, unsigned moment)
{
	struct stage s;
	struct victim *v = enter_second(&s, score, first, second);

	performance.second = moment;
	if (v)
		play_to(play_begin(&s, v, NULL, &second_score), moment, false);
	return leave_second(&s);
}

static bool
is_second_moment(const struct second *second, unsigned moment)
{
	const struct moment *m = &second_score.at[moment];

	return m->changed || (second->repairs && m->holds && !second->sparing);
}

/* The nth of those who may be the second after a first kill; false: there are no more. */
static bool
nth_second(size_t n, unsigned first, struct second *second)
{
	if (n < OTHERS)
		*second = (struct second){ .waiter = n };
	else if (n == OTHERS)
		*second = (struct second){ .line = newcomers[0] };
	else
		*second = (struct second){ .line = newcomers[1 + first % (NEWCOMERS - 1)],
					   .sparing = true };
	return n <= OTHERS + 1;
}

unsigned
doubles_try_of(const struct score *score, unsigned first, bool *sound)
{
	struct second second;
	unsigned kills = 0, moment;
	size_t n;

	for (n = 0; nth_second(n, first, &second); n++) {
		unsigned count = rehearse_second(score, first, &second, sound);

		for (moment = 0; moment < count; moment++)
			if (is_second_moment(&second, moment)) {
				*sound &= kill_second(score, first, &second, moment);
				kills++;
			}
	}
	return kills;
}

bool
doubles_try_one(const struct score *score, unsigned first, bool *sound)
{
	struct second second;
	unsigned count, moment;

	nth_second((size_t)rand() % (OTHERS + 2), first, &second);
	count = rehearse_second(score, first, &second, sound);
	if (!count)
		return false;
	do
		moment = (unsigned)rand() % count;
	while (!is_second_moment(&second, moment));
	*sound &= kill_second(score, first, &second, moment);
	return true;
}

unsigned
doubles_try_at(const struct score *score, unsigned first, unsigned moment, bool *sound)
{
	struct second second;
	unsigned kills = 0;
	size_t n;

	for (n = 0; nth_second(n, first, &second); n++)
		if (rehearse_second(score, first, &second, sound) > moment) {
			*sound &= kill_second(score, first, &second, moment);
			kills++;
		}
	return kills;
}
