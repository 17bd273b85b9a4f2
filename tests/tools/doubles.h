/* SPDX-License-Identifier: ISC
 *
 * doubles - two kills: of the scene's victim, and then of whoever repairs
 *
 * The first kill is at each moment at which something changed that outlives the victim, but for
 * entries of the redo log that have not been committed and that nobody reads; another
 * instruction in between leaves the same behind.  Who comes to the lock next is
 *
 *	a waiter	whom the first one's death, or the first one itself, has woken
 *	a newcomer	if nobody else has: the lock is still as the dead one left it
 *
 * and each in turn is the second victim, from its wake, or from its open of the segment, to
 * its next sleep or its end.  It is killed at each moment at which something changed, and, if
 * the lock was left to be repaired, before every instruction of the repair: from taking the
 * lock to the return of repair_enter() (of a program without symbols, to releasing it).
 */
#ifndef DOUBLES_H
#define DOUBLES_H

#include "performance.h"

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

static inline bool
is_left_locked(const struct stage *s)
{
	struct watch w;
	uint32_t lock;

	watch_begin(&w, s->space);
	lock = watch_lock(&w);
	watch_end(&w);
	return lock & FUTEX_OWNER_DIED;
}

static inline bool
can_be_second(const struct stage *s, const struct second *second)
{
	size_t i = second->waiter;

	return second->line || (i < s->others && !s->other[i].ended && !s->other[i].stopped &&
				strcmp(s->cast[i].wish.verb, "hold"));
}

/* Plays to the first kill, and to the second victim's first moment.  NULL: there is nothing to
 * repair for this one. */
static inline struct victim *
enter_second(struct stage *s, const struct score *score, unsigned first, struct second *second)
{
	struct victim *v = enter(s, !VICTIM_BREAKPOINTS), *w = NULL;

	now.moment = first;
	now.where = score->at[first].address;
	play_to(play_begin(s, v, now.scene, score), first, true);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	if (!can_be_second(s, second)) {
		victim_kill(v);
		return NULL;
	}
	now.repairer = second->line ? second->line : "a waiter";
	now.second = 0;
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

static inline bool
leave_second(struct stage *s)
{
	unsigned outcome;
	size_t i;

	for (i = 0; i < s->victims; i++)
		victim_kill(&s->victim[i]);
	return judge(s, &outcome);
}

/* Of the moments with the lock leaves those of the repair. */
static inline void
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
static inline unsigned
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
		forget_later_holds(second->line ? &now.repair : &now.waiter_repair);
	}
	*sound &= leave_second(&s);
	return second_score.count;
}

static inline bool
kill_second(const struct score *score, unsigned first, struct second *second, unsigned moment)
{
	struct stage s;
	struct victim *v = enter_second(&s, score, first, second);

	now.second = moment;
	if (v)
		play_to(play_begin(&s, v, NULL, &second_score), moment, false);
	return leave_second(&s);
}

static inline bool
is_second_moment(const struct second *second, unsigned moment)
{
	const struct moment *m = &second_score.at[moment];

	return m->changed || (second->repairs && m->holds && !second->sparing);
}

/* The nth of those who may be the second after a first kill; false: there are no more. */
static inline bool
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

/* All double kills of one first kill; returns how many. */
static inline unsigned
try_doubles_of(const struct score *score, unsigned first, bool *sound)
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

/* One of them, at random; false: this one cannot be the second. */
static inline bool
try_double(const struct score *score, unsigned first, bool *sound)
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

/* One certain moment, of each who may be the second; returns how many there were. */
static inline unsigned
try_doubles_at(const struct score *score, unsigned first, unsigned moment, bool *sound)
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

#endif
