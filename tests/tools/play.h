/* SPDX-License-Identifier: ISC
 *
 * play - the moments of a scene: noted one by one in a rehearsal, and gone to at speed
 *
 * There are two ways to a moment.  In haste, the victim runs there as fast as it can, and those
 * whom it has woken on the way have hardly begun to run.  With patience it waits wherever in
 * the rehearsal others had run, until they have come as far as they can: to the lock, for
 * example, if it holds it.
 */
#ifndef PLAY_H
#define PLAY_H

#include "stage.h"

#define MOMENTS_MAX 200000

static struct moment moments[MOMENTS_MAX];

/* How often the address has been met, this time included. */
static inline unsigned
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

static inline void
note_moment(struct stage *s, struct victim *v, struct watch *w, unsigned *count)
{
	static unsigned long before;
	struct moment *m = &moments[*count];
	unsigned long switches = 0;
	size_t i;

	if (*count + 1 >= MOMENTS_MAX)
		give_up("too many moments");
	m->changed = watch_changed(w, v->pid) || v->state == VICTIM_ASLEEP || !*count;
	m->address = victim_address(v);
	m->nth = count_address(m->address, !*count);
	m->ran = false;
	if (m->changed) {
		for (i = 0; i < s->others; i++)
			switches += s->other[i].ended ? 1000000 : switches_of(s->other[i].pid);
		m->ran = switches != before && *count;
		before = switches;
	}
	++*count;
}

static inline bool
has_deadline(const struct scene *scene)
{
	return strstr(scene->victim, "SOON") != NULL;
}

/* Step by step to the end; notes all moments, returns their number. */
static inline unsigned
rehearse_moments(struct stage *s, struct victim *v, const struct scene *scene, struct watch *w)
{
	const char *const *actions = scene->asleep;
	unsigned count = 0;

	while (v->state != VICTIM_ENDED) {
		note_moment(s, v, w, &count);
		if (v->state != VICTIM_ASLEEP)
			victim_step(v);
		else if (!stage_rouse(s, v, &actions)) {
			if (!has_deadline(scene))
				break;
			victim_await(v, true);
		}
	}
	return count;
}

/* Where a performance has got to. */
struct play {
	struct stage *stage;
	struct victim *victim;
	const struct scene *scene;
	const char *const *actions; /* left */
	unsigned at;		    /* moment */
};

/* At full speed to a later moment, or to the end. */
static inline void
play_on(struct play *p, unsigned to)
{
	struct victim *v = p->victim;
	uint64_t address = moments[to].address;
	unsigned left = 0;

	for (; p->at < to; p->at++)
		left += moments[p->at + 1].address == address;
	while (left && v->state != VICTIM_ENDED) {
		if (v->state == VICTIM_STOPPED) {
			victim_go(v, address);
		} else if (!stage_rouse(p->stage, v, &p->actions)) {
			if (!has_deadline(p->scene))
				return;
			victim_await(v, true);
		}
		if (v->state == VICTIM_STOPPED)
			left -= victim_hit(v);
		else
			left -= v->state == VICTIM_ASLEEP && !address;
	}
}

/* From the start to a moment; with patience or in haste. */
static inline void
play_to(struct stage *s, struct victim *v, const struct scene *scene, unsigned to, bool patient)
{
	struct play p = { s, v, scene, scene->asleep, 0 };
	unsigned moment;

	for (moment = 1; patient && moment <= to; moment++) {
		if (!moments[moment].ran)
			continue;
		play_on(&p, moment);
		if (!others_settle(s->other, s->others))
			give_up("the others do not settle");
	}
	play_on(&p, to);
}

/* Somebody else ran on the way to this moment. */
static inline bool
somebody_ran(unsigned to)
{
	unsigned moment;

	for (moment = 1; moment <= to; moment++)
		if (moments[moment].ran)
			return true;
	return false;
}

#endif
