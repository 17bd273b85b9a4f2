/* SPDX-License-Identifier: ISC
 *
 * clock.c - reads the clock; no other file does
 */
#include "api/clock.h"

#include <sys/syscall.h>
#include <unistd.h>

int64_t
clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * CLOCK_SECOND_NS + ts.tv_nsec;
}

/* The structure of the kernel, which need not be libc's. */
int64_t
clock_now_by_call_ns(void)
{
	long ts[2] = { 0 };

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, ts);
	return (int64_t)ts[0] * CLOCK_SECOND_NS + ts[1];
}

int64_t
clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec < 0 ? 0 : (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
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

bool
clock_has_just_come(int64_t then_ns)
{
	int64_t now_ns = clock_now_ns();

	return now_ns >= then_ns && now_ns - then_ns < CLOCK_SECOND_NS / 1000;
}

int64_t
clock_sooner(int64_t deadline_ns, int64_t timeout_ns)
{
	int64_t then = clock_now_ns() + timeout_ns;

	return then < deadline_ns ? then : deadline_ns;
}
