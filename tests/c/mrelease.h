/* SPDX-License-Identifier: ISC
 *
 * mrelease.h - kills a process as earlyoom and the kernel's OOM reaper do: SIGKILL, and its private
 * memory is taken away before it can run
 *
 * The robust list of such a process is gone before the kernel goes along it, if the list lies in
 * private memory.  The victim must not run between the two calls, so it is put on the processor of
 * the caller, which the kernel prefers there.  A caller that may not do so (CAP_SYS_NICE) tries all
 * the same; then some of the deaths are ordinary ones.
 */
#ifndef MRELEASE_H
#define MRELEASE_H

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The numbers are the same on every architecture, and musl 1.2.3 lacks some names. */
#define MRELEASE_PIDFD_OPEN 434
#define MRELEASE	    448

/* Whether the kernel has the call: Linux 5.15. */
static inline bool
mrelease_is_there(void)
{
	return syscall(MRELEASE, -1, 0) == 0 || errno != ENOSYS;
}

/* Puts all threads of a process on these processors. */
static inline void
mrelease_bind(pid_t pid, const cpu_set_t *processors)
{
	char path[40];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	if ((tasks = opendir(path)) == NULL)
		return;
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			sched_setaffinity((pid_t)atoi(entry->d_name), sizeof *processors,
					  processors);
	closedir(tasks);
}

/* Kills a process that the caller may signal.  Returns false if there is none. */
static inline bool
mrelease_kill(pid_t pid)
{
	struct sched_param first = { .sched_priority = 1 }, normal = { 0 };
	int fd = (int)syscall(MRELEASE_PIDFD_OPEN, pid, 0), processor = sched_getcpu();
	cpu_set_t before, here;
	bool killed;

	CPU_ZERO(&here);
	CPU_SET(processor < 0 ? 0 : processor, &here);
	sched_getaffinity(0, sizeof before, &before);
	sched_setaffinity(0, sizeof here, &here);
	mrelease_bind(pid, &here);
	syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first); /* musl's own does nothing */
	killed = kill(pid, SIGKILL) == 0;
	syscall(MRELEASE, fd, 0);
	syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &normal);
	sched_setaffinity(0, sizeof before, &before);
	if (fd >= 0)
		close(fd);
	return killed;
}

#endif
