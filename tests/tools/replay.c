/* SPDX-License-Identifier: ISC
 *
 * replay.c - records the moments of a run, and runs to one of them
 */
#include "replay.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bystander.h"
#include "process.h"

#define CMD_MOMENTS 40 /* after the exec: what CMD does matters to no other process */

struct replay
replay_begin(struct fixture *f, struct victim *v, const struct scenario *scenario,
	     const struct recording *recording)
{
	return (struct replay){ f, v, scenario, recording, scenario ? scenario->asleep : NULL, 0 };
}

/* Its sleep ends without an action of ours: by a deadline, or by the end of its CMD. */
static bool
wakes_by_itself(const char *victim)
{
	bool awaits_cmd = !strncmp(victim, "run ", 4) || !strncmp(victim, "scope ", 6) ||
			  strstr(victim, "--borrow");

	return strstr(victim, "SOON") || strstr(victim, "LATE") ||
	       (awaits_cmd && !strstr(victim, "sleep 1000"));
}

/* The victim has fallen asleep: false if it sleeps on for ever. */
static bool
replay_wake(struct replay *p)
{
	if (!p->scenario)
		return false;
	if (fixture_wake(p->fixture, p->victim, &p->actions))
		return true;
	if (!wakes_by_itself(p->scenario->victim))
		return false;
	victim_await(p->victim, true);
	return true;
}

/* ---- recording ---------------------------------------------------------------------- */

/* Notes that the address was reached once more, and returns how often, this time included.  anew:
 * forgets all addresses first. */
static unsigned
note_address(uint64_t address, bool anew)
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

/* Notes how often the other processes have run; true if one has since the last call. */
static bool
note_runs(struct fixture *f)
{
	static unsigned long before;
	unsigned long switches = 0;
	bool ran;
	size_t i;

	for (i = 0; i < f->bystanders; i++)
		switches += f->bystander[i].ended ? 1000000 : process_switches(f->bystander[i].pid);
	ran = switches != before;
	before = switches;
	return ran;
}

/* The rounds of one `rep stos` are one moment, unless something has changed. */
static void
note_moment(struct recording *recording, struct fixture *f, struct victim *v, struct watch *w,
	    unsigned step)
{
	struct moment *m = &recording->at[recording->count];
	bool first = recording->count == 0;

	if (recording->count + 1 >= MOMENTS_MAX)
		give_up("too many moments");
	m->changed = watch_changed(w, v->pid) || v->state == VICTIM_ASLEEP || first;
	m->matters = m->changed && !(v->state == VICTIM_STOPPED && w->only_log);
	m->address = victim_address(v);
	m->inside = m->address && !first && m[-1].address == m->address;
	if (m->inside && !m->changed)
		return;
	m->nth = m->inside ? 0 : note_address(m->address, first);
	m->step = step;
	m->ran = m->changed && note_runs(f) && !first;
	m->holds = (watch_lock(w) & FUTEX_TID_MASK) == (uint32_t)v->pid;
	recording->count++;
}

void
replay_record(struct replay p, struct recording *recording, struct watch *w)
{
	struct victim *v = p.victim;
	unsigned step = 0, last = MOMENTS_MAX;

	recording->count = 0;
	while (v->state != VICTIM_ENDED && recording->count < last) {
		if (!v->between_moments || v->state == VICTIM_ASLEEP)
			note_moment(recording, p.fixture, v, w, step);
		if (v->is_cmd && last == MOMENTS_MAX)
			last = recording->count + CMD_MOMENTS;
		if (v->state == VICTIM_ASLEEP) {
			if (!replay_wake(&p))
				break;
			continue;
		}
		victim_step(v);
		step++;
	}
}

/* ---- replaying ---------------------------------------------------------------------- */

/* A breakpoint that is hit costs as much as this many steps. */
#define BREAKPOINT_STEPS 3

/* Where to go by breakpoint on the way to a moment: to the moment itself, or, if it is the
 * hundredth round of a loop, to a moment shortly before it that is found sooner; the rest is done
 * in steps. */
static unsigned
landing(const struct replay *p, unsigned to)
{
	const struct moment *at = p->recording->at;
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

/* Goes by breakpoint to a later moment, or to the end. */
static void
replay_fast(struct replay *p, unsigned to)
{
	const struct moment *at = p->recording->at;
	struct victim *v = p->victim;
	uint64_t address = at[to].address;
	unsigned left = 0;

	for (; p->at < to; p->at++)
		left += at[p->at + 1].address == address && !at[p->at + 1].inside;
	while (left && v->state != VICTIM_ENDED) {
		if (v->state == VICTIM_STOPPED)
			victim_go(v, address);
		else if (!replay_wake(p))
			return;
		if (v->state == VICTIM_STOPPED)
			left -= victim_take_hit(v);
		else
			left -= v->state == VICTIM_ASLEEP && !address;
	}
}

/* Goes at full speed to a later moment, or to the end. */
static void
replay_on(struct replay *p, unsigned to)
{
	const struct moment *at = p->recording->at;
	unsigned near = landing(p, to);

	replay_fast(p, near);
	victim_steps(p->victim, at[to].step - at[near].step);
	p->at = to;
}

void
replay_to(struct replay p, unsigned to, bool patient)
{
	unsigned moment;

	for (moment = 1; patient && moment <= to; moment++) {
		if (!p.recording->at[moment].ran)
			continue;
		replay_on(&p, moment);
		if (!bystanders_await_rest(p.fixture->bystander, p.fixture->bystanders))
			give_up("the bystanders do not come to rest");
	}
	replay_on(&p, to);
}

bool
replay_others_ran(const struct recording *recording, unsigned to)
{
	unsigned moment;

	for (moment = 1; moment <= to; moment++)
		if (recording->at[moment].ran)
			return true;
	return false;
}
