/* SPDX-License-Identifier: ISC
 *
 * process.c - reads /proc about a process, and silences a child
 */
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/proc.h"

void
process_silence(void)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (null > 2)
		close(null);
}

bool
process_is_asleep(pid_t pid)
{
	char wchan[64], stat[256], *state;

	if (!proc_read(pid, "wchan", wchan, sizeof wchan) ||
	    (!strstr(wchan, "futex") && !strstr(wchan, "poll")))
		return false;
	if (!proc_read(pid, "stat", stat, sizeof stat))
		return false;
	state = strrchr(stat, ')');
	return state && state[2] == 'S';
}

bool
process_is_at_lock(pid_t pid)
{
	unsigned long call, word;
	char text[256];

	return proc_read(pid, "syscall", text, sizeof text) &&
	       sscanf(text, "%lu 0x%lx", &call, &word) == 2 && call == SYS_futex &&
	       word % 128 == 64;
}

unsigned long
process_switches(pid_t pid)
{
	unsigned long count;
	char text[4096], *line;

	if (proc_read(pid, "schedstat", text, sizeof text) &&
	    sscanf(text, "%*s %*s %lu", &count) == 1)
		return count;
	if (!proc_read(pid, "status", text, sizeof text))
		return 0;
	line = strstr(text, "\nvoluntary_ctxt_switches:");
	return line ? strtoul(line + 25, NULL, 10) : 0;
}
