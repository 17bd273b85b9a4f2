/* SPDX-License-Identifier: ISC
 *
 * no-wall-clock.c - becomes a command that dies by SIGSYS if it reads the time of day or sleeps by
 * it
 *
 * Usage: no-wall-clock CMD...
 *
 * A clock that a process never reads may be set back at will.  A seccomp filter sees system calls
 * only, and libc reads the time without one, through the vDSO: so a tracer hides the vDSO from CMD,
 * and is gone before CMD's first instruction.  Processes that CMD starts do have the vDSO.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define CLOCK_COARSE 5 /* CLOCK_REALTIME_COARSE */

/* ---- the filter: one small program for each kind of call ------------------------------ */

#define AT(field)	     offsetof(struct seccomp_data, field)
#define LOAD(field)	     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(field))
#define UNLESS(value, skips) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skips)
#define UNLESS_ANY(b, skips) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, b, 0, skips)
#define DIE		     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW		     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* The accumulator has the number of the call, before and after. */
#define NEVER(call) UNLESS(call, 1), DIE
#define NOT_WITH_CLOCK(call, argument, clock) \
	UNLESS(call, 4), LOAD(args[argument]), UNLESS(clock, 1), DIE, LOAD(nr)

static int
forbid(void)
{
	struct sock_filter program[] = {
		LOAD(nr),
		NEVER(SYS_gettimeofday),
#ifdef SYS_time
		NEVER(SYS_time),
#endif
		NOT_WITH_CLOCK(SYS_clock_gettime, 0, CLOCK_REALTIME),
		NOT_WITH_CLOCK(SYS_clock_gettime, 0, CLOCK_COARSE),
		NOT_WITH_CLOCK(SYS_clock_nanosleep, 0, CLOCK_REALTIME),
		NOT_WITH_CLOCK(SYS_timerfd_create, 0, CLOCK_REALTIME),
		NOT_WITH_CLOCK(SYS_timer_create, 0, CLOCK_REALTIME),
		NOT_WITH_CLOCK(SYS_futex_waitv, 4, CLOCK_REALTIME),
		UNLESS(SYS_futex, 3),
		LOAD(args[1]),
		UNLESS_ANY(FUTEX_CLOCK_REALTIME, 1),
		DIE,
		ALLOW,
	};
	struct sock_fprog filter = { sizeof program / sizeof *program, program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

/* ---- the tracer ---------------------------------------------------------------------- */

static void
need(int condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	_exit(1);
}

/* The address of the arguments of a process that has just begun: field 28 of its stat. */
static off_t
stack_of(pid_t pid)
{
	char path[64], text[1024], *p;
	ssize_t n;
	int fd, field;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	need((fd = open(path, O_RDONLY)) >= 0, path);
	need((n = read(fd, text, sizeof text - 1)) > 0, path);
	close(fd);
	text[n] = '\0';
	p = strrchr(text, ')');
	for (field = 2; field < 28 && p != NULL; field++)
		p = strchr(p + 1, ' ');
	need(p != NULL, path);
	return p == NULL ? 0 : (off_t)strtoull(p, NULL, 10);
}

static uint64_t
word_at(int memory, off_t at)
{
	uint64_t word;

	need(pread(memory, &word, sizeof word, at) == sizeof word, "read");
	return word;
}

/* argc, argv, NULL, environment, NULL, and the pairs of the auxiliary vector. */
static void
hide_vdso(pid_t pid)
{
	const uint64_t ignore = AT_IGNORE;
	off_t at = stack_of(pid);
	char path[64];
	uint64_t tag;
	int memory;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	need((memory = open(path, O_RDWR)) >= 0, path);
	at += 8 * ((off_t)word_at(memory, at) + 2);
	while (word_at(memory, at) != 0)
		at += 8;
	for (at += 8; (tag = word_at(memory, at)) != AT_NULL; at += 16)
		if (tag == AT_SYSINFO_EHDR)
			need(pwrite(memory, &ignore, sizeof ignore, at) == sizeof ignore, "write");
	close(memory);
}

static void
trace(pid_t pid, int ready)
{
	int status;

	need(ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXEC) == 0, "ptrace");
	need(write(ready, "", 1) == 1, "write");
	close(ready);
	for (;;) {
		need(waitpid(pid, &status, __WALL) == pid, "waitpid");
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			break;
		ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)WSTOPSIG(status));
	}
	hide_vdso(pid);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

/* The tracer is no child of CMD, so that CMD has only children that it made. */
static void
be_traced(void)
{
	pid_t self = getpid(), child;
	int ready[2];
	char byte;

	need(pipe(ready) == 0, "pipe");
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	child = fork();
	need(child >= 0, "fork");
	if (child == 0) {
		close(ready[0]);
		if (fork() == 0)
			trace(self, ready[1]);
		_exit(0);
	}
	close(ready[1]);
	need(waitpid(child, NULL, 0) == child, "waitpid");
	need(read(ready[0], &byte, 1) == 1, "no tracer");
	close(ready[0]);
}

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	be_traced();
	need(forbid() == 0, "seccomp");
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
