/* SPDX-License-Identifier: ISC
 *
 * victim - a command under ptrace
 *
 * It runs freely until its first open of a segment has returned: before that,
 * nothing of it outlives it.  From there on a *moment* is a place in its
 * run where it can be killed: before the nth execution of the instruction at an
 * address, or in its nth sleep in a futex call.
 *
 * victim_step() goes from one moment to the next and sees every one of them, which is slow.
 * victim_run() goes to one, with a breakpoint.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "others.h"

enum victim_state { VICTIM_STOPPED, VICTIM_ASLEEP, VICTIM_ENDED };

struct victim {
	pid_t pid;
	enum victim_state state;
	int status;		/* of waitpid(), once it has ended */
	unsigned long switches; /* when it was last seen asleep */
	uint64_t planted;	/* address of a breakpoint, or 0 */
	long word;		/* what was there */
	bool again;		/* a step led back to the same address */
};

struct moment {
	uint64_t address; /* 0: asleep */
	unsigned nth;
	bool changed; /* something that outlives the victim, just before */
	bool ran;     /* somebody else did, since the last change */
};

/* Reaps a stop or the end; false if there is nothing to reap. */
static inline bool
victim_reap(struct victim *v, int flags)
{
	int status;
	pid_t pid = waitpid(v->pid, &status, flags | __WALL);

	if (pid != v->pid)
		return false;
	if (WIFSTOPPED(status)) {
		v->state = VICTIM_STOPPED;
	} else {
		v->state = VICTIM_ENDED;
		v->status = status;
	}
	return true;
}

/* The same, however often the timer interrupts. */
static inline void
victim_stop(struct victim *v)
{
	while (!victim_reap(v, 0))
		if (errno != EINTR)
			give_up("waitpid");
}

/* At the entry of an open of a segment? */
static inline bool
victim_opens(struct victim *v)
{
	struct __ptrace_syscall_info info;
	char path[20] = "";
	struct iovec to = { path, sizeof path - 1 }, from = { NULL, sizeof path - 1 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, v->pid, sizeof info, &info) <= 0)
		return false;
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	if (info.entry.nr == SYS_openat)
		from.iov_base = (void *)(uintptr_t)info.entry.args[1];
#ifdef SYS_open
	else if (info.entry.nr == SYS_open)
		from.iov_base = (void *)(uintptr_t)info.entry.args[0];
#endif
	else
		return false;
	if (process_vm_readv(v->pid, &to, 1, &from, 1, 0) <= 0)
		return false;
	return strncmp(path, "/dev/shm/compl.", 15) == 0;
}

static inline void
victim_resume(struct victim *v, int request)
{
	if (ptrace(request, v->pid, 0, 0) && errno != ESRCH)
		give_up("ptrace");
}

/* Tracer and victim take turns: on one processor that is several times as fast. */
static inline void
share_processor(void)
{
	cpu_set_t one, all;
	int cpu;

	memset(&all, 0xff, sizeof all);
	sched_setaffinity(0, sizeof all, &all);
	cpu = sched_getcpu();
	CPU_ZERO(&one);
	CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &one);
	sched_setaffinity(0, sizeof one, &one);
}

/* Starts it, and stops it where its first open of a segment has returned. */
static inline void
victim_start(struct victim *v, char *const argv[])
{
	bool opening = false;

	*v = (struct victim){ .pid = fork() };
	if (v->pid == 0) {
		silence();
		personality(ADDR_NO_RANDOMIZE); /* the same addresses each time */
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[0], argv);
		_exit(127);
	}
	if (v->pid < 0)
		give_up("fork");
	victim_stop(v);
	ptrace(PTRACE_SETOPTIONS, v->pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (v->state == VICTIM_STOPPED && !opening) {
		victim_resume(v, PTRACE_SYSCALL);
		victim_stop(v);
		opening = v->state == VICTIM_STOPPED && victim_opens(v);
	}
	if (opening) {
		victim_resume(v, PTRACE_SYSCALL);
		victim_stop(v);
	}
}

/* Waits for the victim to stop, to end, or to fall asleep: the ticking of a timer
 * interrupts waitpid().  Of one that was asleep: to fall asleep anew. */
static inline void
victim_await(struct victim *v, bool anew)
{
	while (!victim_reap(v, 0)) {
		unsigned long switches = switches_of(v->pid);

		if (!is_asleep(v->pid) || (anew && switches == v->switches))
			continue;
		if (victim_reap(v, WNOHANG))
			break;
		v->state = VICTIM_ASLEEP;
		v->switches = switches;
		return;
	}
}

/* One moment on, or a new look at a sleeper. */
static inline void
victim_step(struct victim *v)
{
	if (v->state == VICTIM_STOPPED)
		victim_resume(v, PTRACE_SINGLESTEP);
	if (v->state != VICTIM_ENDED)
		victim_await(v, false);
}

/* So many moments on, unless it falls asleep. */
static inline void
victim_steps(struct victim *v, unsigned steps)
{
	while (steps-- && v->state == VICTIM_STOPPED)
		victim_step(v);
}

static inline uint64_t
victim_address(const struct victim *v)
{
	struct __ptrace_syscall_info info;

	if (v->state != VICTIM_STOPPED ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, v->pid, sizeof info, &info) <= 0)
		return 0;
	return info.instruction_pointer;
}

#ifdef __x86_64__
#define VICTIM_BREAKPOINTS true

static inline void
breakpoint_set(struct victim *v, uint64_t address)
{
	v->word = ptrace(PTRACE_PEEKTEXT, v->pid, address, 0);
	ptrace(PTRACE_POKETEXT, v->pid, address, (v->word & ~0xffL) | 0xcc);
	v->planted = address;
}

static inline void
breakpoint_clear(struct victim *v)
{
	ptrace(PTRACE_POKETEXT, v->pid, v->planted, v->word);
	ptrace(PTRACE_POKEUSER, v->pid, offsetof(struct user_regs_struct, rip), v->planted);
	v->planted = 0;
}
#else
#define VICTIM_BREAKPOINTS false /* single steps then */

static inline void
breakpoint_set(struct victim *v, uint64_t address)
{
	(void)v, (void)address;
}

static inline void
breakpoint_clear(struct victim *v)
{
	(void)v;
}
#endif

/* It has stopped before the instruction that victim_go() was told. */
static inline bool
victim_hit(struct victim *v)
{
	bool again = v->again;

	v->again = false;
	if (!v->planted || victim_address(v) != v->planted + 1)
		return again;
	breakpoint_clear(v);
	return true;
}

/* Lets it run to the next execution of the instruction at an address (0: none), or
 * until it ends or falls asleep. */
static inline void
victim_go(struct victim *v, uint64_t address)
{
	if (address && victim_address(v) == address) {
		victim_step(v);
		if (v->state != VICTIM_STOPPED)
			return;
		v->again = victim_address(v) == address;
		if (v->again)
			return;
	}
	if (address && !v->planted)
		breakpoint_set(v, address);
	victim_resume(v, PTRACE_CONT);
	victim_await(v, false);
}

/* Kills it, by SIGKILL, wherever it is. */
static inline void
victim_kill(struct victim *v)
{
	if (v->state == VICTIM_ENDED)
		return;
	kill(v->pid, SIGKILL);
	while (v->state != VICTIM_ENDED)
		victim_stop(v);
}

#endif
