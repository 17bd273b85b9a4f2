/* SPDX-License-Identifier: ISC
 *
 * bystander.c - starts and stops the processes beside the victim, and waits until they rest
 *
 * The kernel, and never compl, is asked whether all of them rest: a command of compl that takes the
 * lock would recover, and hide a lost wake-up.
 */
#include "bystander.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/proc.h"
#include "process.h"
#include "timing.h"
#include "victim.h"

void
bystander_start(struct bystander *o, char *const argv[], bool apart)
{
	cpu_set_t all;
	pid_t pid;

	memset(&all, 0xff, sizeof all);
	pid = process_fork(apart);
	if (pid == 0) {
		sched_setaffinity(0, sizeof all, &all);
		process_silence();
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[0], argv);
		_exit(127);
	}
	*o = (struct bystander){ .pid = pid };
	if (o->pid < 0)
		give_up("fork");
	while (waitpid(pid, &o->status, 0) < 0)
		if (errno != EINTR)
			give_up("waitpid");
	o->ended = !WIFSTOPPED(o->status);
	/* It may become the second victim. */
	if (!o->ended && (!process_hide_vdso(pid) || ptrace(PTRACE_DETACH, pid, 0, 0) != 0))
		give_up("ptrace");
}

void
bystander_reap(struct bystander *o, int flags)
{
	if (!o->ended && waitpid(o->pid, &o->status, flags) == o->pid)
		o->ended = true;
}

void
bystander_kill(struct bystander *o)
{
	if (!o->ended)
		kill(o->pid, SIGKILL);
	while (!o->ended)
		bystander_reap(o, 0);
}

/* Whether it is in the state that SIGSTOP makes.  False if it cannot be seen any more. */
static bool
bystander_is_stopped(const struct bystander *o)
{
	char stat[256], *state;

	if (!proc_read(o->pid, "stat", stat, sizeof stat))
		return false;
	state = strrchr(stat, ')');
	return state != NULL && state[2] == 'T';
}

/* It may end before the signal comes.  A stop and a continuation interrupt a sleep, and a waiter
 * that the command under test has released, but not woken yet, then finds its end by itself. */
void
bystander_stop(struct bystander *o, bool stop)
{
	if (o->ended || o->stopped == stop)
		return;
	kill(o->pid, stop ? SIGSTOP : SIGCONT);
	while (!o->ended && bystander_is_stopped(o) != stop)
		bystander_reap(o, WNOHANG);
	o->stopped = stop && !o->ended;
}

/* One look: whether all have ended or sleep.  changed: one of them ran since the last look. */
static bool
bystanders_rest(struct bystander *o, size_t count, bool *changed)
{
	size_t i;

	for (i = 0; i < count; i++) {
		unsigned long switches;
		bool ended = o[i].ended;

		bystander_reap(&o[i], WNOHANG);
		*changed |= ended != o[i].ended;
		if (o[i].ended || o[i].stopped)
			continue;
		switches = process_switches(o[i].pid);
		if (!process_is_asleep(o[i].pid) ||
		    (victim_was_released && process_is_at_lock(o[i].pid)))
			return false;
		*changed |= switches != o[i].switches;
		o[i].switches = switches;
	}
	return true;
}

bool
bystanders_await_rest(struct bystander *o, size_t count)
{
	int64_t end = now_us() + limit_s(10) * INT64_C(1000000);
	long pause = 25;

	while (now_us() < end) {
		bool changed = false;

		if (!bystanders_rest(o, count, &changed)) {
			pause_us(pause);
			pause = pause < 4000 ? pause * 2 : pause;
		} else if (!changed) {
			return true;
		}
	}
	return false;
}

bool
bystanders_await_lock(struct bystander *o, size_t count)
{
	int64_t end = now_us() + limit_s(10) * INT64_C(1000000);
	size_t i = 0;

	while (i < count && now_us() < end) {
		bystander_reap(&o[i], WNOHANG);
		if (o[i].ended || o[i].stopped || !process_is_at_lock(o[i].pid))
			i++;
		else
			pause_us(1000);
	}
	return i == count;
}
