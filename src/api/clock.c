/* SPDX-License-Identifier: ISC
 *
 * clock.c - reads the clock; no other file does
 */
#include "api/clock.h"

int64_t
clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * CLOCK_SECOND_NS + ts.tv_nsec;
}

int64_t
clock_boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * CLOCK_SECOND_NS + ts.tv_nsec;
}

struct timespec
clock_timespec(int64_t ns)
{
	if (ns < 0)
		ns = 0;
	return (struct timespec){ .tv_sec = (time_t)(ns / CLOCK_SECOND_NS),
				  .tv_nsec = (long)(ns % CLOCK_SECOND_NS) };
}

int64_t
clock_sooner(int64_t deadline_ns, int64_t timeout_ns)
{
	int64_t then = clock_now_ns() + timeout_ns;

	return then < deadline_ns ? then : deadline_ns;
}
