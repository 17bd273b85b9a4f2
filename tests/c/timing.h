/* SPDX-License-Identifier: ISC
 *
 * timing.h - the monotonic clock, limits, and short pauses
 */
#ifndef TIMING_H
#define TIMING_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t
now_us(void)
{
	return now_ns() / 1000;
}

/* The time that is this many milliseconds from now, as compl_wait() takes a deadline. */
static inline int64_t
in_ms(int ms)
{
	return now_ns() + ms * INT64_C(1000000);
}

/* A limit of so many seconds that no sound run reaches: more on a slow machine.  (tests/run has
 * measured how slow it is.) */
static inline unsigned
limit_s(unsigned seconds)
{
	const char *slowness = getenv("COMPL_SLOWNESS");
	unsigned long factor = slowness ? strtoul(slowness, NULL, 10) : 1;

	return seconds * (unsigned)(factor > 1 ? factor : 1);
}

static inline void
pause_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* A pause between two looks at something. */
static inline void
nap(void)
{
	pause_us(300);
}

#endif
