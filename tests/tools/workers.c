/* SPDX-License-Identifier: ISC
 *
 * workers.c - does the tasks of a worker, and replaces workers that have died
 *
 * A task's signal comes from a timer of the worker's own, so that it can arrive at any instruction,
 * however short the call is.  A worker that becomes a command cannot take the timer along; it gets
 * the signal from the coordinator.
 */
#include "workers.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "by-command.h"
#include "by-library.h"
#include "bystander.h"
#include "mrelease.h"
#include "observer.h"
#include "timing.h"

struct workers_setup workers_setup;
static struct worker *me;

static void
on_interrupt(int signal)
{
	(void)signal;
	ledger_store(&me->hit, 1);
}

static void
on_escape(int signal)
{
	(void)signal;
	ledger_store(&me->hit, 1);
	if (by_library_escape && by_library_escape->state == COMPL_ESCAPE_JUMP)
		siglongjmp(*(sigjmp_buf *)by_library_escape->env, 1);
	if (by_library_escape && by_library_escape->state == COMPL_ESCAPE_NOTE)
		by_library_escape->wanted = 1;
}

/* Replaces the dispositions that it has from the coordinator; until then signals are blocked. */
static void
set_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = on_interrupt;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = on_escape;
	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
set_timer(timer_t *timer, const struct task *task)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = task->signal };
	struct itimerspec when = { .it_value = { .tv_sec = 0,
						 .tv_nsec = (long)task->delay_us * 1000 } };

	return task->signal && !timer_create(CLOCK_MONOTONIC, &event, timer) &&
	       !timer_settime(*timer, 0, &when, NULL);
}

/* Does one task by a call. */
static void
call(struct compl_space *c, const struct task *task, struct op *o)
{
	sigset_t before;
	timer_t timer;
	bool armed;

	sigprocmask(SIG_BLOCK, NULL, &before);
	armed = set_timer(&timer, task);
	by_library(c, task, o);
	ledger_end_op(o);
	ledger_tell(o);
	if (o->ask.kind >= OP_PROMISE && o->ask.kind <= OP_BREAK && by_library_promised.entry == 0)
		ledger_store(&me->promise, 0);
	if (o->got.lends)
		ledger_store(&me->loan, o->begin);
	else if (o->ask.kind == OP_GIVE)
		ledger_store(&me->loan, 0);
	ledger_store(&me->last, o->end);
	ledger_store(&me->open, OPS);
	if (armed)
		timer_delete(timer);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
begin(struct op *o, const struct task *task)
{
	observer_look();
	ledger_store(&me->hit, 0);
	ledger_store(&me->open, (uint32_t)(o - ledger->history.op));
	if (task->ask.kind > OP_PROMISE && task->ask.kind <= OP_BREAK)
		o->promise = me->promise;
	else if (task->ask.kind == OP_GIVE)
		o->promise = me->loan;
	o->requeues =
		task->how == BY_COMMAND && task->signal == SIGTSTP && task->ask.kind == OP_WAIT;
	ledger_begin_op(o, &task->ask, getpid());
	if (task->ask.kind == OP_PROMISE)
		ledger_store(&me->promise, o->begin);
	else if (o->promise && task->ask.kind != OP_GIVE)
		o->ask.names[o->ask.count++] = by_library_promised_name;
}

/* A promise needs that this worker has none yet; to keep or break one it must have one.  The same
 * is true for a loan. */
static bool
is_pointless(const struct task *task)
{
	if (task->ask.kind == OP_PROMISE)
		return by_library_promised.entry != 0;
	if (task->ask.borrow && !task->ask.cmd)
		return by_library_loan.entry != 0;
	if (task->ask.kind == OP_GIVE)
		return by_library_loan.entry == 0;
	return task->ask.kind > OP_PROMISE && task->ask.kind <= OP_BREAK &&
	       by_library_promised.entry == 0;
}

struct task
workers_bind(const struct task *task)
{
	struct task now = *task;

	if (task->bound)
		now.ask.generation = ledger_told(task->ask.names[0], task->bound - 1u);
	return now;
}

static const char *
program_of(const struct task *task)
{
	return workers_setup.programs[task->command % workers_setup.program_count];
}

static struct op *
find_op(uint32_t begin)
{
	struct op *o = ledger->history.op;

	while (o->begin != begin)
		o++;
	return o;
}

/* The names from which it has borrowed, or tried to. */
static void
name_loan(struct ask *a)
{
	const struct ask *wait = &find_op(me->loan)->ask;

	a->count = wait->count;
	memcpy(a->names, wait->names, sizeof a->names);
}

/* Does all tasks of a worker, one after the other. */
static _Noreturn void
work(unsigned i)
{
	struct compl_space *c;

	me = &ledger->worker[i];
	set_signals();
	if (compl_open(&c, &workers_setup.where, plan_may_promise(i) ? COMPL_ONE_THREAD : 0) !=
	    COMPL_OK)
		_exit(99);
	while (ledger_load(&ledger->go) == 0)
		pause_us(100);
	while (ledger_load(&ledger->go) == 1 && me->next < ledger->plan.tasks[i]) {
		const struct task *task = &ledger->plan.task[i][me->next];
		struct op *o = &ledger->history.op[i * TASKS + me->next];
		struct task now;

		if (task->nap_us)
			pause_us((long)task->nap_us);
		ledger_store(&me->next, me->next + 1);
		if (is_pointless(task))
			continue;
		now = workers_bind(task);
		if (now.ask.kind == OP_GIVE)
			name_loan(&now.ask);
		begin(o, &now);
		if (task->how == BY_COMMAND)
			by_command(program_of(task), workers_setup.where.space, &now, me);
		call(c, &now, o);
	}
	_exit(0);
}

/* The same by another build of storm, which knows only what it is told here; see
 * workers_work_as_other_build(). */
static _Noreturn void
become_other_build(unsigned i)
{
	char *argv[16], fd[16], index[16];
	unsigned n = 0, k;

	snprintf(fd, sizeof fd, "%d", workers_setup.ledger);
	snprintf(index, sizeof index, "%u", i);
	argv[n++] = (char *)(uintptr_t)workers_setup.other_build;
	argv[n++] = (char[]){ "--work" };
	argv[n++] = fd;
	argv[n++] = index;
	argv[n++] = (char *)(uintptr_t)workers_setup.where.space;
	for (k = 0; k < workers_setup.program_count && n < 15; k++)
		argv[n++] = workers_setup.programs[k];
	argv[n] = NULL;
	execv(workers_setup.other_build, argv);
	_exit(127);
}

_Noreturn void
workers_work_as_other_build(int argc, char **argv)
{
	if (argc < 5 || !ledger_open((int)strtol(argv[2], NULL, 10)))
		_exit(98);
	workers_setup.where = (struct compl_where){ .space = argv[4], .uid = geteuid() };
	workers_setup.programs = argv + 5;
	workers_setup.program_count = (unsigned)(argc - 5);
	if (!observer_open(&workers_setup.where))
		_exit(98);
	prctl(PR_SET_TIMERSLACK, 1);
	work((unsigned)strtoul(argv[3], NULL, 10) % WORKERS);
}

/* ---- the coordinator's side ---------------------------------------------------- */

struct worker_process workers_process[WORKERS];

struct totals workers_totals;

void
workers_start(unsigned i)
{
	pid_t parent = getpid(), pid;
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		if (workers_setup.other_build && i % 3 == 2)
			become_other_build(i);
		work(i);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	workers_process[i] = (struct worker_process){ .pid = pid };
}

struct op *
workers_open_op(unsigned i)
{
	uint32_t open = ledger_load(&ledger->worker[i].open);
	struct op *o;

	if (open >= OPS)
		return NULL;
	o = &ledger->history.op[open];
	return ledger_load(&o->begin) && !ledger_load(&o->end) ? o : NULL;
}

const struct task *
workers_deed_of(const struct op *o)
{
	unsigned index = (unsigned)(o - ledger->history.op);

	return &ledger->plan.task[index / TASKS][index % TASKS];
}

/* Notes what becomes of a name because a worker has died, which was known to live at the stamp
 * `alive`.  It is about the operation that began at the stamp `promise`. */
static void
note_end(enum kind kind, uint32_t promise, unsigned name, uint32_t alive, uint32_t seen)
{
	struct op *o = &ledger->deaths[ledger->death_count++], *about = find_op(promise);

	*o = (struct op){ .ask = { .kind = (uint8_t)kind, .count = 1, .names = { (uint8_t)name } },
			  .pid = about->pid,
			  .begin = alive,
			  .seen = seen,
			  .begin_ns = about->begin_ns,
			  .promise = promise,
			  .got = { .result = GOT_OK, .which = -1, .failed_fast = -1 } };
	if (ledger->death_count == DEATHS)
		give_up("more deaths than the ledger holds");
}

/* What it has borrowed comes back, name by name. */
static void
note_returns(uint32_t loan, uint32_t alive, uint32_t seen)
{
	const struct ask *a = &find_op(loan)->ask;
	unsigned i;

	for (i = 0; i < a->count; i++)
		note_end(OP_RETURN, loan, a->names[i], alive, seen);
}

/* Of what it had promised and borrowed.  Nobody sees when the CMD of a killed command ends, after
 * which the tokens come back. */
static void
note_ends(struct worker *w, const struct op *open, uint32_t alive)
{
	uint32_t seen = ledger_stamp();

	if (w->promise)
		note_end(OP_DEATH, w->promise, find_op(w->promise)->ask.names[0], alive, seen);
	if (w->loan)
		note_returns(w->loan, alive, seen);
	if (open && open->ask.kind == OP_RUN && open->got.result == GOT_KILLED)
		note_end(OP_DEATH, open->begin, open->ask.names[0], alive, seen);
	if (open && open->ask.borrow && open->got.result == GOT_KILLED)
		note_returns(open->begin, alive, open->ask.cmd ? UINT32_MAX : seen);
	w->promise = w->loan = 0;
}

/* Closes the operation that a dead worker left open, and starts a worker that continues. */
static void
close_dead(unsigned i, int status)
{
	struct worker *w = &ledger->worker[i];
	uint32_t alive = w->last;
	struct op *o = workers_open_op(i);

	workers_process[i].pid = 0;
	if (o) {
		alive = o->begin;
		by_command_read_death(workers_deed_of(o), status, w, &o->got);
		ledger_end_op(o);
		ledger_tell(o);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		give_up("a worker could not open the namespace");
	}
	note_ends(w, o, alive);
	workers_totals.kills += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	workers_totals.signals += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
	ledger_store(&w->open, OPS);
	if (ledger_load(&ledger->go) == 1 && w->next < ledger->plan.tasks[i])
		workers_start(i);
}

static void
note_stop(unsigned i)
{
	struct op *o = workers_open_op(i);

	workers_process[i].stopped_until =
		now_ns() + 1000 * (int64_t)(o ? workers_deed_of(o)->stop_us : 100);
	workers_totals.stops++;
}

/* Notes the processes that have died or been stopped; true if there are any. */
static bool
reap(void)
{
	bool any = false;
	int status;
	unsigned i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		for (i = 0; i < WORKERS && workers_process[i].pid != pid; i++)
			;
		any = true;
		if (i == WORKERS)
			continue;
		if (WIFSTOPPED(status))
			note_stop(i);
		else
			close_dead(i, status);
	}
	return any;
}

static void
continue_if_due(unsigned i)
{
	if (!workers_process[i].stopped_until || now_ns() < workers_process[i].stopped_until)
		return;
	workers_process[i].stopped_until = 0;
	ledger_store(&ledger->worker[i].hit, 1);
	kill(workers_process[i].pid, SIGCONT);
}

/* Sends a command the signal of its task, when it is due. */
static void
send_signal_if_due(unsigned i)
{
	struct op *o = workers_open_op(i);
	const struct task *task;

	if (!o || !workers_process[i].pid)
		return;
	task = workers_deed_of(o);
	if (task->how != BY_COMMAND || !task->signal ||
	    workers_process[i].signalled_at == ledger_load(&o->begin) ||
	    now_ns() < o->begin_ns + 1000 * (int64_t)task->delay_us)
		return;
	workers_process[i].signalled_at = ledger_load(&o->begin);
	if (task->signal != SIGSTOP && task->signal != SIGTSTP)
		ledger_store(&ledger->worker[i].hit, 1);
	if (task->signal == SIGKILL)
		workers_kill(i, task->delay_us);
	else
		kill(workers_process[i].pid, task->signal);
}

void
workers_kill(unsigned i, unsigned any)
{
	if (any % 100 >= workers_setup.released) {
		kill(workers_process[i].pid, SIGKILL);
		return;
	}
	mrelease_kill(workers_process[i].pid);
	workers_totals.released++;
}

bool
workers_poll(void)
{
	bool any = reap();
	unsigned i;

	for (i = 0; i < WORKERS; i++) {
		continue_if_due(i);
		send_signal_if_due(i);
		any |= workers_process[i].stopped_until != 0;
	}
	return any;
}
