/* SPDX-License-Identifier: ISC
 *
 * proc.c - reads the small files of /proc
 */
#include "proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void
proc_silence(void)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (null > 2)
		close(null);
}

bool
proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

bool
proc_is_asleep(pid_t pid)
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
proc_is_at_lock(pid_t pid)
{
	unsigned long call, word;
	char text[256];

	return proc_read(pid, "syscall", text, sizeof text) &&
	       sscanf(text, "%lu 0x%lx", &call, &word) == 2 && call == SYS_futex &&
	       word % 128 == 64;
}

unsigned long
proc_switches(pid_t pid)
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
