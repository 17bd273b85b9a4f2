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
	int signal;		/* to be delivered when it goes on */
	bool aside;		/* stopped for a signal or an exec, not at a moment */
	bool became;		/* CMD */
};

struct moment {
	uint64_t address; /* 0: asleep */
	unsigned nth;
	unsigned step; /* that many of victim_step() from the start */
	bool inside;   /* an instruction that repeats itself: not the first round */
	bool changed;  /* something that outlives the victim, just before */
	bool matters;  /* to who repairs, too: not only entries of a log to be */
	bool ran;      /* somebody else did, since the last change */
	bool holds;    /* the lock */
};

/* A child is on its own, and without our breakpoint. */
static inline void
victim_free_child(struct victim *v)
{
	unsigned long child = 0;

	ptrace(PTRACE_GETEVENTMSG, v->pid, 0, &child);
	while (waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (v->planted)
		ptrace(PTRACE_POKETEXT, (pid_t)child, v->planted, v->word);
	ptrace(PTRACE_DETACH, (pid_t)child, 0, 0);
}

/* What a stop was for.  A stopped process under ptrace goes on when it is resumed, as if it
 * had been continued at once. */
static inline void
victim_stopped(struct victim *v, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	siginfo_t info;

	v->state = VICTIM_STOPPED;
	v->aside = event || (signal & ~0x80) != SIGTRAP;
	if (event == PTRACE_EVENT_EXEC) {
		v->became = true;
		v->planted = 0;
	} else if (event == PTRACE_EVENT_FORK) {
		victim_free_child(v);
	}
	if (v->aside && !event && !ptrace(PTRACE_GETSIGINFO, v->pid, 0, &info))
		v->signal = signal;
}

/* Reaps a stop or the end; false if there is nothing to reap. */
static inline bool
victim_reap(struct victim *v, int flags)
{
	int status;
	pid_t pid = waitpid(v->pid, &status, flags | __WALL);

	if (pid != v->pid)
		return false;
	if (WIFSTOPPED(status)) {
		victim_stopped(v, status);
	} else {
		v->state = VICTIM_ENDED;
		v->status = status;
	}
	return true;
}

/* The same, however often the timer interrupts.  Who gives up in the middle of a reap finds nobody
 * any more. */
static inline void
victim_stop(struct victim *v)
{
	while (!victim_reap(v, 0)) {
		if (errno == EINTR)
			continue;
		v->state = VICTIM_ENDED;
		return;
	}
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
	if (ptrace(request, v->pid, 0, v->signal) && errno != ESRCH)
		give_up("ptrace");
	v->signal = 0;
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

#define VICTIM_OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL)

/* Starts it, and stops it where its first open of a segment has returned. */
static inline void
victim_start(struct victim *v, char *const argv[])
{
	bool opening = false;

	*v = (struct victim){ .pid = vfork() };
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
	ptrace(PTRACE_SETOPTIONS, v->pid, 0, VICTIM_OPTIONS);
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
	if (!v->planted || victim_address(v) != v->planted + 1)
		return false;
	breakpoint_clear(v);
	return true;
}

/* Lets it run to the next execution of the instruction at an address (0: none), or
 * until it ends or falls asleep. */
static inline void
victim_go(struct victim *v, uint64_t address)
{
	while (address && !v->aside && victim_address(v) == address)
		victim_step(v);
	if (v->state != VICTIM_STOPPED)
		return;
	if (address && !v->planted)
		breakpoint_set(v, address);
	victim_resume(v, PTRACE_CONT);
	victim_await(v, false);
}

/* Makes a victim of a process that sleeps in a futex call: it sleeps on, and stops when it
 * wakes.  (Asked to stop, it leaves the call and begins it again.) */
static inline void
victim_seize(struct victim *v, pid_t pid)
{
	*v = (struct victim){ .pid = pid };
	if (ptrace(PTRACE_SEIZE, pid, 0, VICTIM_OPTIONS) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		give_up("seizing a waiter");
	victim_stop(v);
	breakpoint_set(v, victim_address(v));
	victim_resume(v, PTRACE_CONT);
	victim_await(v, false);
}

/* The same that has been seized: does it wake?  Then it is stopped where it does.  (It may have
 * found at once that it should not sleep: between a poster's store and its wake.) */
static inline bool
victim_wakes(struct victim *v)
{
	if (v->state == VICTIM_ASLEEP)
		victim_await(v, false);
	return v->state == VICTIM_STOPPED && victim_hit(v);
}

/* A signal, wherever it is, of which it is to end without further ado. */
static inline void
victim_end_by(struct victim *v, int signal)
{
	kill(v->pid, signal);
	while (v->state != VICTIM_ENDED) {
		if (v->state == VICTIM_STOPPED)
			victim_resume(v, PTRACE_CONT);
		victim_stop(v);
	}
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
