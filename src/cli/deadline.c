/* SPDX-License-Identifier: ISC
 *
 * deadline.c - turns a timeout into a deadline, and a deadline into what is left of it
 */
#include "cli/deadline.h"

#include "api/clock.h"
#include "compl.h"

int64_t
deadline_after(int64_t timeout_ns)
{
	int64_t deadline;

	if (timeout_ns == COMPL_NEVER ||
	    __builtin_add_overflow(clock_now_ns(), timeout_ns, &deadline))
		return COMPL_NEVER;
	return deadline;
}

int64_t
deadline_left(int64_t deadline_ns)
{
	int64_t now;

	if (deadline_ns == COMPL_NEVER)
		return COMPL_NEVER;
	now = clock_now_ns();
	return deadline_ns > now ? deadline_ns - now : 0;
}
