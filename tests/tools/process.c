/* SPDX-License-Identifier: ISC
 *
 * process.c - makes a child, prepares it, and reads /proc about a process
 */
#include "process.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "api/proc.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

/* Our own children stay in our namespace: the next one goes where the last setns() says. */
pid_t
process_fork(bool apart)
{
	static int home = -1;
	pid_t pid;

	if (apart && home < 0)
		home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (apart && (home < 0 || unshare(CLONE_NEWPID) < 0))
		return -1;
	pid = fork();
	if (apart && pid > 0 && setns(home, CLONE_NEWPID) < 0)
		return -1;
	return pid;
}

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

/* After an exec the stack pointer points to argc; argv, envp and the auxiliary vector follow. */
bool
process_hide_vdso(pid_t pid)
{
	struct __ptrace_syscall_info info;
	uint64_t at;
	long type;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
		return false;
	at = info.stack_pointer;
	at += sizeof(long) * (uint64_t)(ptrace(PTRACE_PEEKDATA, pid, at, 0) + 2);
	while (ptrace(PTRACE_PEEKDATA, pid, at, 0) != 0)
		at += sizeof(long);
	for (at += sizeof(long); (type = ptrace(PTRACE_PEEKDATA, pid, at, 0)) != AT_NULL;
	     at += 2 * sizeof(long))
		if (type == AT_SYSINFO_EHDR && ptrace(PTRACE_POKEDATA, pid, at, AT_IGNORE) != 0)
			return false;
	return true;
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
process_is_at_poll(pid_t pid)
{
	char wchan[64];

	return proc_read(pid, "wchan", wchan, sizeof wchan) && strstr(wchan, "poll");
}

/* The system call in which it sleeps, and the first argument. */
static bool
read_call(pid_t pid, unsigned long *call, unsigned long *argument)
{
	char text[256];

	return proc_read(pid, "syscall", text, sizeof text) &&
	       sscanf(text, "%lu 0x%lx", call, argument) == 2;
}

/* With futex_waitv(2) the lock is the first of the words. */
bool
process_is_at_lock(pid_t pid)
{
	unsigned long call, word;
	struct futex_waitv first;
	struct iovec to = { &first, sizeof first }, from = { .iov_len = sizeof first };

	if (!read_call(pid, &call, &word))
		return false;
	if (call == SYS_futex_waitv) {
		from.iov_base = (void *)word;
		if (process_vm_readv(pid, &to, 1, &from, 1, 0) != (ssize_t)sizeof first)
			return false;
		return first.uaddr % 128 == 64;
	}
	return call == SYS_futex && word % 128 == 64;
}

bool
process_awaits_signal(pid_t pid)
{
	unsigned long call, argument;

	return read_call(pid, &call, &argument) && call == SYS_rt_sigtimedwait;
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
