/* SPDX-License-Identifier: ISC
 *
 * deadline.c - the only one of the command's files that reads a clock
 */
#include "cli/deadline.h"

#include <time.h>

#include "compl.h"

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
deadline_after(int64_t timeout_ns)
{
	int64_t deadline;

	if (timeout_ns == COMPL_NEVER || __builtin_add_overflow(now_ns(), timeout_ns, &deadline))
		return COMPL_NEVER;
	return deadline;
}

int64_t
deadline_left(int64_t deadline_ns)
{
	int64_t now;

	if (deadline_ns == COMPL_NEVER)
		return COMPL_NEVER;
	now = now_ns();
	return deadline_ns > now ? deadline_ns - now : 0;
}
