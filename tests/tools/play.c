/* SPDX-License-Identifier: ISC
 *
 * play.c - notes the moments of a rehearsal, and goes to one of them
 */
#include "play.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "others.h"
#include "process.h"

#define CMD_MOMENTS 40 /* after the exec: CMD's own affairs are nobody else's */

struct play
play_begin(struct stage *s, struct victim *v, const struct scene *scene, const struct score *score)
{
	return (struct play){ s, v, scene, score, scene ? scene->asleep : NULL, 0 };
}

/* Something ends its sleep that we have not to do: a deadline, or the end of its CMD. */
static bool
wakes_by_itself(const char *victim)
{
	bool awaits_cmd = !strncmp(victim, "run ", 4) || !strncmp(victim, "scope ", 6);

	return strstr(victim, "SOON") || strstr(victim, "LATE") ||
	       (awaits_cmd && !strstr(victim, "sleep 1000"));
}

/* The victim has fallen asleep: false if it sleeps on for good. */
static bool
play_rouse(struct play *p)
{
	if (!p->scene)
		return false;
	if (stage_rouse(p->stage, p->victim, &p->actions))
		return true;
	if (!wakes_by_itself(p->scene->victim))
		return false;
	victim_await(p->victim, true);
	return true;
}

/* ---- the rehearsal ------------------------------------------------------------------ */

/* How often the address has been met, this time included. */
static unsigned
count_address(uint64_t address, bool anew)
{
	static struct {
		uint64_t address;
		unsigned count;
	} met[1 << 16];
	size_t i = address * UINT64_C(0x9e3779b97f4a7c15) >> 48;

	if (anew)
		memset(met, 0, sizeof met);
	while (met[i].count && met[i].address != address)
		i = (i + 1) % (1 << 16);
	met[i].address = address;
	return ++met[i].count;
}

static bool
has_run(struct stage *s)
{
	static unsigned long before;
	unsigned long switches = 0;
	bool ran;
	size_t i;

	for (i = 0; i < s->others; i++)
		switches += s->other[i].ended ? 1000000 : process_switches(s->other[i].pid);
	ran = switches != before;
	before = switches;
	return ran;
}

/* The rounds of one `rep stos` are one moment, unless something has changed. */
static void
note_moment(struct score *score, struct stage *s, struct victim *v, struct watch *w, unsigned step)
{
	struct moment *m = &score->at[score->count];
	bool first = score->count == 0;

	if (score->count + 1 >= MOMENTS_MAX)
		give_up("too many moments");
	m->changed = watch_changed(w, v->pid) || v->state == VICTIM_ASLEEP || first;
	m->matters = m->changed && !(v->state == VICTIM_STOPPED && w->only_log);
	m->address = victim_address(v);
	m->inside = m->address && !first && m[-1].address == m->address;
	if (m->inside && !m->changed)
		return;
	m->nth = m->inside ? 0 : count_address(m->address, first);
	m->step = step;
	m->ran = m->changed && has_run(s) && !first;
	m->holds = (watch_lock(w) & FUTEX_TID_MASK) == (uint32_t)v->pid;
	score->count++;
}

void
play_slowly(struct play p, struct score *score, struct watch *w)
{
	struct victim *v = p.victim;
	unsigned step = 0, last = MOMENTS_MAX;

	score->count = 0;
	while (v->state != VICTIM_ENDED && score->count < last) {
		if (!v->aside || v->state == VICTIM_ASLEEP)
			note_moment(score, p.stage, v, w, step);
		if (v->became && last == MOMENTS_MAX)
			last = score->count + CMD_MOMENTS;
		if (v->state == VICTIM_ASLEEP) {
			if (!play_rouse(&p))
				break;
			continue;
		}
		victim_step(v);
		step++;
	}
}

/* ---- the performance ---------------------------------------------------------------- */

/* A breakpoint that is met costs as much as so many steps. */
#define BREAKPOINT_STEPS 3

/* Where to go by breakpoint on the way to a moment: to itself, or, if it is the hundredth round
 * of a loop, to a moment shortly before that is sooner found, the rest in steps. */
static unsigned
landing(const struct play *p, unsigned to)
{
	const struct moment *at = p->score->at;
	unsigned best = to, cost = at[to].inside ? ~0u : at[to].nth * BREAKPOINT_STEPS;
	unsigned m, steps;

	for (m = to; m > p->at && at[m].address; m--) {
		steps = at[to].step - at[m].step;
		if (steps >= cost)
			break;
		if (!at[m].inside && steps + at[m].nth * BREAKPOINT_STEPS < cost) {
			cost = steps + at[m].nth * BREAKPOINT_STEPS;
			best = m;
		}
	}
	return best;
}

/* By breakpoint to a later moment, or to the end. */
static void
play_fast(struct play *p, unsigned to)
{
	const struct moment *at = p->score->at;
	struct victim *v = p->victim;
	uint64_t address = at[to].address;
	unsigned left = 0;

	for (; p->at < to; p->at++)
		left += at[p->at + 1].address == address && !at[p->at + 1].inside;
	while (left && v->state != VICTIM_ENDED) {
		if (v->state == VICTIM_STOPPED)
			victim_go(v, address);
		else if (!play_rouse(p))
			return;
		if (v->state == VICTIM_STOPPED)
			left -= victim_hit(v);
		else
			left -= v->state == VICTIM_ASLEEP && !address;
	}
}

/* At full speed to a later moment, or to the end. */
static void
play_on(struct play *p, unsigned to)
{
	const struct moment *at = p->score->at;
	unsigned near = landing(p, to);

	play_fast(p, near);
	victim_steps(p->victim, at[to].step - at[near].step);
	p->at = to;
}

void
play_to(struct play p, unsigned to, bool patient)
{
	unsigned moment;

	for (moment = 1; patient && moment <= to; moment++) {
		if (!p.score->at[moment].ran)
			continue;
		play_on(&p, moment);
		if (!others_settle(p.stage->other, p.stage->others))
			give_up("the others do not settle");
	}
	play_on(&p, to);
}

bool
play_somebody_ran(const struct score *score, unsigned to)
{
	unsigned moment;

	for (moment = 1; moment <= to; moment++)
		if (score->at[moment].ran)
			return true;
	return false;
}
