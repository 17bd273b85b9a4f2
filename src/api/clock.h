/* SPDX-License-Identifier: ISC
 *
 * clock.h - the only look at the time
 *
 * A deadline is a point of CLOCK_MONOTONIC in nanoseconds, INT64_MAX is
 * never; a timeout is a length.  Setting the wall clock changes neither.
 */
#ifndef API_CLOCK_H
#define API_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER	INT64_MAX
#define CLOCK_SECOND_NS INT64_C(1000000000)

int64_t clock_now_ns(void);

struct timespec clock_timespec(int64_t ns);

/* How long ago since_ns was, which may be any bytes; 0 if it lies ahead. */
static inline uint64_t
clock_elapsed(int64_t since_ns, int64_t now_ns)
{
	return now_ns > since_ns ? (uint64_t)now_ns - (uint64_t)since_ns : 0;
}

/* The earlier of deadline_ns and timeout_ns from now. */
int64_t clock_sooner(int64_t deadline_ns, int64_t timeout_ns);

#endif
