/* SPDX-License-Identifier: ISC
 *
 * generation.c - draws the generations of names
 *
 * The first generation of a segment is the microsecond of the wall clock at which it is drawn.
 * Each further one is larger by 1.
 *
 * Invariant: but for the first, a generation is smaller than the number of the microsecond in which
 * it is drawn.  So a segment that is made later begins with a larger one, as long as nobody sets
 * the wall clock back.  The brake keeps this when a program draws faster than one a microsecond.
 *
 * The wall clock is read once in the life of a segment.  After that CLOCK_MONOTONIC says how much
 * time has passed: it costs nothing, because the caller has read it anyway, and nobody can set it.
 *
 * Crash: header.generation is stored before the commit that gives the number to a name.  If we die
 * between the two, the number is skipped.
 */
#include "shm/names/generation.h"

#include "api/clock.h"

/* The longest time that one draw waits for the clock.  A number that is ahead by more cannot come
 * from drawing fast: the caller is in another time namespace, or the bytes are damaged. */
#define BRAKE_US 10

static uint64_t
load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Ordering: release, so that a segment with a generation has the epoch that belongs to it, and the
 * compiler keeps the order of the stores. */
static void
store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Draws the first generation of a segment.  Also the first after the last possible one, which only
 * damage, or a wall clock beyond the year 2255, can bring about.
 *
 * Crash: if we die between the two stores, the next call does both again. */
static uint64_t
draw_first(struct session *s)
{
	uint64_t wall_us = (uint64_t)clock_wall_us() % GENERATION_END;

	if (wall_us == 0)
		wall_us = 1;
	/* Read after the wall clock: then the time that passes in between makes the epoch earlier,
	   and the numbers stay behind the wall clock.  The other order would let them run ahead.
	   One less, because each of the two clocks is cut to a microsecond: if this one lost the
	   larger fraction, the numbers would be ahead by one. */
	store(&s->h->generation_epoch, wall_us - (uint64_t)(clock_now_ns() / 1000) - 1);
	store(&s->h->generation, wall_us);
	return wall_us;
}

/* Waits until the microsecond `next` has passed, unless it is far ahead. */
static void
brake(uint64_t epoch, uint64_t next)
{
	uint64_t ahead = 0;

	for (int i = 0; i < 1000 && ahead <= BRAKE_US; i++)
		ahead = next - epoch - (uint64_t)(clock_now_ns() / 1000);
}

uint64_t
generation_draw(struct session *s, int64_t now_ns)
{
	uint64_t next = load(&s->h->generation) + 1, epoch = load(&s->h->generation_epoch);

	if (next == 1 || next >= GENERATION_END)
		return draw_first(s);
	if (next - epoch >= (uint64_t)(now_ns / 1000))
		brake(epoch, next);
	store(&s->h->generation, next);
	return next;
}
