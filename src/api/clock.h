/* SPDX-License-Identifier: ISC
 *
 * clock.h - the time, deadlines and timeouts
 *
 * A deadline is a point of time of CLOCK_MONOTONIC in nanoseconds, or CLOCK_NEVER.  A timeout is a
 * length of time.  Setting the wall clock changes neither.
 */
#ifndef API_CLOCK_H
#define API_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER	INT64_MAX
#define CLOCK_SECOND_NS INT64_C(1000000000)

int64_t clock_now_ns(void);

/* Does what clock_now_ns() does, by a system call.  For processes that ask once: before libc's way
 * without one first works, it looks through pages that nobody else needs. */
int64_t clock_now_by_call_ns(void);

/* The wall clock, CLOCK_REALTIME, in microseconds since 1970; 0 if it is before that.  Nothing
 * sleeps by it. */
int64_t clock_wall_us(void);

/* The time since the machine was started, by CLOCK_BOOTTIME: also while it was suspended. */
int64_t clock_boot_ns(void);

/* Converts a point or a length of time for system calls.  A negative ns becomes 0. */
struct timespec clock_timespec(int64_t ns);

/* How long ago since_ns was.  0 if it is later than now_ns.  since_ns may be any bytes. */
static inline uint64_t
clock_elapsed(int64_t since_ns, int64_t now_ns)
{
	return now_ns > since_ns ? (uint64_t)now_ns - (uint64_t)since_ns : 0;
}

/* Whether this time has come, and was less than a millisecond ago. */
bool clock_has_just_come(int64_t then_ns);

/* The deadline that comes first: deadline_ns, or timeout_ns from now. */
int64_t clock_sooner(int64_t deadline_ns, int64_t timeout_ns);

#endif
