/* SPDX-License-Identifier: ISC
 *
 * victim.c - starts a command under ptrace, and goes with it from moment to moment
 */
#include "victim.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bystander.h"
#include "mrelease.h"
#include "process.h"

/* A child of the victim is not traced, and must not have our breakpoint. */
static void
victim_free_child(struct victim *v)
{
	unsigned long child = 0;

	ptrace(PTRACE_GETEVENTMSG, v->pid, 0, &child);
	while (waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (v->breakpoint)
		ptrace(PTRACE_POKETEXT, (pid_t)child, v->breakpoint, v->word);
	ptrace(PTRACE_DETACH, (pid_t)child, 0, 0);
}

/* Notes why it stopped.  A stopped process under ptrace goes on when it is resumed, as if it
 * had been continued at once. */
static void
victim_note_stop(struct victim *v, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	siginfo_t info;

	v->state = VICTIM_STOPPED;
	v->between_moments = event || (signal & ~0x80) != SIGTRAP;
	if (event == PTRACE_EVENT_EXEC) {
		v->is_cmd = true;
		v->breakpoint = 0;
	} else if (event == PTRACE_EVENT_FORK) {
		victim_free_child(v);
	}
	if (v->between_moments && !event && !ptrace(PTRACE_GETSIGINFO, v->pid, 0, &info))
		v->signal = signal;
}

/* Reaps a stop or the end; false if there is nothing to reap. */
static bool
victim_reap(struct victim *v, int flags)
{
	int status;
	pid_t pid = waitpid(v->pid, &status, flags | __WALL);

	if (pid != v->pid)
		return false;
	if (WIFSTOPPED(status)) {
		victim_note_stop(v, status);
	} else {
		v->state = VICTIM_ENDED;
		v->status = status;
	}
	return true;
}

/* Waits for a stop or the end, however often the timer interrupts.  If give_up() ran in the middle
 * of a reap, there is no process any more. */
static void
victim_await_stop(struct victim *v)
{
	while (!victim_reap(v, 0)) {
		if (errno == EINTR)
			continue;
		v->state = VICTIM_ENDED;
		return;
	}
}

/* Whether it is at the entry of an open of a segment. */
static bool
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

static void
victim_resume(struct victim *v, int request)
{
	if (ptrace(request, v->pid, 0, v->signal) && errno != ESRCH)
		give_up("ptrace");
	v->signal = 0;
}

void
victim_share_processor(void)
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

void
victim_start(struct victim *v, char *const argv[], bool apart)
{
	bool opening = false;

	*v = (struct victim){ .pid = process_fork(apart) };
	if (v->pid == 0) {
		process_silence();
		personality(ADDR_NO_RANDOMIZE); /* the same addresses each time */
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[0], argv);
		_exit(127);
	}
	if (v->pid < 0)
		give_up("fork");
	victim_await_stop(v);
	ptrace(PTRACE_SETOPTIONS, v->pid, 0, VICTIM_OPTIONS);
	if (v->state == VICTIM_STOPPED && !process_hide_vdso(v->pid))
		give_up("the vDSO");
	while (v->state == VICTIM_STOPPED && !opening) {
		victim_resume(v, PTRACE_SYSCALL);
		victim_await_stop(v);
		opening = v->state == VICTIM_STOPPED && victim_opens(v);
	}
	if (opening) {
		victim_resume(v, PTRACE_SYSCALL);
		victim_await_stop(v);
	}
}

void
victim_await(struct victim *v, bool anew)
{
	while (!victim_reap(v, 0)) {
		unsigned long switches = process_switches(v->pid);

		if (!process_is_asleep(v->pid) || (anew && switches == v->switches))
			continue;
		if (victim_reap(v, WNOHANG))
			break;
		v->state = VICTIM_ASLEEP;
		v->switches = switches;
		return;
	}
}

void
victim_step(struct victim *v)
{
	if (v->state == VICTIM_STOPPED)
		victim_resume(v, PTRACE_SINGLESTEP);
	if (v->state != VICTIM_ENDED)
		victim_await(v, false);
}

void
victim_steps(struct victim *v, unsigned steps)
{
	while (steps-- && v->state == VICTIM_STOPPED)
		victim_step(v);
}

uint64_t
victim_address(const struct victim *v)
{
	struct __ptrace_syscall_info info;

	if (v->state != VICTIM_STOPPED ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, v->pid, sizeof info, &info) <= 0)
		return 0;
	return info.instruction_pointer;
}

#if VICTIM_BREAKPOINTS
static void
breakpoint_set(struct victim *v, uint64_t address)
{
	v->word = ptrace(PTRACE_PEEKTEXT, v->pid, address, 0);
	ptrace(PTRACE_POKETEXT, v->pid, address, (v->word & ~0xffL) | 0xcc);
	v->breakpoint = address;
}

static void
breakpoint_clear(struct victim *v)
{
	ptrace(PTRACE_POKETEXT, v->pid, v->breakpoint, v->word);
	ptrace(PTRACE_POKEUSER, v->pid, offsetof(struct user_regs_struct, rip), v->breakpoint);
	v->breakpoint = 0;
}
#else
static void
breakpoint_set(struct victim *v, uint64_t address)
{
	(void)v, (void)address;
}

static void
breakpoint_clear(struct victim *v)
{
	(void)v;
}
#endif

bool
victim_take_hit(struct victim *v)
{
	if (!v->breakpoint || victim_address(v) != v->breakpoint + 1)
		return false;
	breakpoint_clear(v);
	return true;
}

void
victim_go(struct victim *v, uint64_t address)
{
	while (address && !v->between_moments && victim_address(v) == address)
		victim_step(v);
	if (v->state != VICTIM_STOPPED)
		return;
	if (address && !v->breakpoint)
		breakpoint_set(v, address);
	victim_resume(v, PTRACE_CONT);
	victim_await(v, false);
}

void
victim_seize(struct victim *v, pid_t pid)
{
	*v = (struct victim){ .pid = pid };
	if (ptrace(PTRACE_SEIZE, pid, 0, VICTIM_OPTIONS) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		give_up("seizing a waiter");
	victim_await_stop(v);
	breakpoint_set(v, victim_address(v));
	victim_resume(v, PTRACE_CONT);
	victim_await(v, false);
}

bool
victim_take_wake(struct victim *v)
{
	if (v->state == VICTIM_ASLEEP)
		victim_await(v, false);
	return v->state == VICTIM_STOPPED && victim_take_hit(v);
}

/* A breakpoint may be left, if the victim has fallen asleep on the way to it.  It is removed when
 * it is hit: otherwise the victim would go on in the middle of an instruction. */
void
victim_end_by(struct victim *v, int signal)
{
	kill(v->pid, signal);
	while (v->state != VICTIM_ENDED) {
		if (v->state == VICTIM_STOPPED) {
			victim_take_hit(v);
			victim_resume(v, PTRACE_CONT);
		}
		victim_await_stop(v);
	}
}

bool victim_is_released, victim_was_released;

void
victim_kill(struct victim *v)
{
	if (v->state == VICTIM_ENDED)
		return;
	victim_was_released = victim_is_released;
	if (victim_is_released)
		mrelease_kill(v->pid);
	else
		kill(v->pid, SIGKILL);
	while (v->state != VICTIM_ENDED)
		victim_await_stop(v);
}
