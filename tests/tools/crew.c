/* SPDX-License-Identifier: ISC
 *
 * crew.c - lives the life of a worker, and replaces the dead
 *
 * A deed's signal comes from a timer of the worker's own, so that it strikes at any instruction,
 * however short the call.  Only a worker that becomes a command cannot take the timer along; it
 * gets the signal from the conductor.
 */
#include "crew.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "by-command.h"
#include "by-library.h"
#include "others.h"
#include "seen.h"
#include "timing.h"

struct crew_stage crew_stage;
static struct worker *me;

static void
on_interrupt(int signal)
{
	(void)signal;
	enter(&me->hit, 1);
}

static void
on_escape(int signal)
{
	(void)signal;
	enter(&me->hit, 1);
	if (by_library_escape && by_library_escape->state == COMPL_ESCAPE_JUMP)
		siglongjmp(*(sigjmp_buf *)by_library_escape->env, 1);
	if (by_library_escape && by_library_escape->state == COMPL_ESCAPE_NOTE)
		by_library_escape->wanted = 1;
}

/* Not the conductor's dispositions; until then its signals are blocked. */
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
set_timer(timer_t *timer, const struct deed *deed)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = deed->signal };
	struct itimerspec when = { .it_value = { .tv_sec = 0,
						 .tv_nsec = (long)deed->delay_us * 1000 } };

	return deed->signal && !timer_create(CLOCK_MONOTONIC, &event, timer) &&
	       !timer_settime(*timer, 0, &when, NULL);
}

/* One deed, by a call. */
static void
call(struct compl_space *c, const struct deed *deed, struct op *o)
{
	sigset_t before;
	timer_t timer;
	bool armed;

	sigprocmask(SIG_BLOCK, NULL, &before);
	armed = set_timer(&timer, deed);
	by_library(c, deed, o);
	books_end_op(o);
	if (o->ask.kind >= OP_PROMISE && o->ask.kind <= OP_BREAK && by_library_promised.entry == 0)
		enter(&me->promise, 0);
	enter(&me->last, o->end);
	enter(&me->open, OPS);
	if (armed)
		timer_delete(timer);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
begin(struct op *o, const struct deed *deed)
{
	seen_look();
	enter(&me->hit, 0);
	enter(&me->open, (uint32_t)(o - books->history.op));
	if (deed->ask.kind == OP_KEEP || deed->ask.kind == OP_BREAK)
		o->promise = me->promise;
	o->requeues = deed->how == BY_COMMAND && deed->signal == SIGTSTP;
	books_begin_op(o, &deed->ask, getpid());
	if (deed->ask.kind == OP_PROMISE)
		enter(&me->promise, o->begin);
	else if (o->promise)
		o->ask.names[o->ask.count++] = by_library_promised_name;
}

/* A promise needs that there is none yet, and the others that there is one. */
static bool
is_idle_talk(const struct deed *deed)
{
	if (deed->ask.kind == OP_PROMISE)
		return by_library_promised.entry != 0;
	return (deed->ask.kind == OP_KEEP || deed->ask.kind == OP_BREAK) &&
	       by_library_promised.entry == 0;
}

static const char *
program_of(const struct deed *deed)
{
	return crew_stage.programs[deed->command % crew_stage.program_count];
}

/* The life of a worker. */
static _Noreturn void
work(unsigned i)
{
	struct compl_space *c;

	me = &books->worker[i];
	set_signals();
	if (compl_open(&c, &crew_stage.where, plan_may_promise(i) ? COMPL_ONE_THREAD : 0) !=
	    COMPL_OK)
		_exit(99);
	while (peruse(&books->go) == 0)
		pause_us(100);
	while (peruse(&books->go) == 1 && me->next < books->plan.deeds[i]) {
		const struct deed *deed = &books->plan.deed[i][me->next];
		struct op *o = &books->history.op[i * DEEDS + me->next];

		if (deed->nap_us)
			pause_us((long)deed->nap_us);
		enter(&me->next, me->next + 1);
		if (is_idle_talk(deed))
			continue;
		begin(o, deed);
		if (deed->how == BY_COMMAND)
			by_command(program_of(deed), crew_stage.where.space, deed, me);
		call(c, deed, o);
	}
	_exit(0);
}

/* The same by another build, which has nothing but what it is told here; see
 * crew_work_as_peer(). */
static _Noreturn void
become_peer(unsigned i)
{
	char *argv[16], fd[16], index[16];
	unsigned n = 0, k;

	snprintf(fd, sizeof fd, "%d", crew_stage.books);
	snprintf(index, sizeof index, "%u", i);
	argv[n++] = (char *)(uintptr_t)crew_stage.peer;
	argv[n++] = (char[]){ "--work" };
	argv[n++] = fd;
	argv[n++] = index;
	argv[n++] = (char *)(uintptr_t)crew_stage.where.space;
	for (k = 0; k < crew_stage.program_count && n < 15; k++)
		argv[n++] = crew_stage.programs[k];
	argv[n] = NULL;
	execv(crew_stage.peer, argv);
	_exit(127);
}

_Noreturn void
crew_work_as_peer(int argc, char **argv)
{
	if (argc < 5 || !books_open((int)strtol(argv[2], NULL, 10)))
		_exit(98);
	crew_stage.where = (struct compl_where){ .space = argv[4], .uid = geteuid() };
	crew_stage.programs = argv + 5;
	crew_stage.program_count = (unsigned)(argc - 5);
	if (!seen_open(&crew_stage.where))
		_exit(98);
	prctl(PR_SET_TIMERSLACK, 1);
	work((unsigned)strtoul(argv[3], NULL, 10) % WORKERS);
}

/* ---- the conductor's side ---------------------------------------------------- */

struct hand crew_hands[WORKERS];

struct tally crew_tally;

void
crew_hire(unsigned i)
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
		if (crew_stage.peer && i % 3 == 2)
			become_peer(i);
		work(i);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	crew_hands[i] = (struct hand){ .pid = pid };
}

struct op *
crew_open_op(unsigned i)
{
	uint32_t open = peruse(&books->worker[i].open);
	struct op *o;

	if (open >= OPS)
		return NULL;
	o = &books->history.op[open];
	return peruse(&o->begin) && !peruse(&o->end) ? o : NULL;
}

const struct deed *
crew_deed_of(const struct op *o)
{
	unsigned index = (unsigned)(o - books->history.op);

	return &books->plan.deed[index / DEEDS][index % DEEDS];
}

/* A producer is dead, since then at the earliest. */
static void
note_death(struct worker *w, uint32_t alive)
{
	struct op *o = &books->deaths[books->death_count++], *promise = books->history.op;

	while (promise->begin != w->promise)
		promise++;
	*o = (struct op){ .ask = promise->ask,
			  .pid = promise->pid,
			  .begin = alive,
			  .seen = books_stamp(),
			  .begin_ns = promise->begin_ns,
			  .promise = w->promise,
			  .got = { .result = GOT_OK, .which = -1, .failed_fast = -1 } };
	o->ask.kind = OP_DEATH;
	if (books->death_count == DEATHS)
		give_up("more deaths than the books hold");
	w->promise = 0;
}

/* Closes what the dead left open, and sends somebody to go on. */
static void
bury(unsigned i, int status)
{
	struct worker *w = &books->worker[i];
	uint32_t alive = w->last;
	struct op *o = crew_open_op(i);

	crew_hands[i].pid = 0;
	if (o) {
		alive = o->begin;
		by_command_read_death(crew_deed_of(o), status, w, &o->got);
		books_end_op(o);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		give_up("a worker could not open the namespace");
	}
	if (w->promise)
		note_death(w, alive);
	crew_tally.kills += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	crew_tally.signals += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
	enter(&w->open, OPS);
	if (peruse(&books->go) == 1 && w->next < books->plan.deeds[i])
		crew_hire(i);
}

static void
note_stop(unsigned i)
{
	struct op *o = crew_open_op(i);

	crew_hands[i].stopped_until =
		now_ns() + 1000 * (int64_t)(o ? crew_deed_of(o)->stop_us : 100);
	crew_tally.stops++;
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
		for (i = 0; i < WORKERS && crew_hands[i].pid != pid; i++)
			;
		any = true;
		if (i == WORKERS)
			continue;
		if (WIFSTOPPED(status))
			note_stop(i);
		else
			bury(i, status);
	}
	return any;
}

static void
go_on(unsigned i)
{
	if (!crew_hands[i].stopped_until || now_ns() < crew_hands[i].stopped_until)
		return;
	crew_hands[i].stopped_until = 0;
	enter(&books->worker[i].hit, 1);
	kill(crew_hands[i].pid, SIGCONT);
}

/* A command's signal, when its time has come. */
static void
shoot(unsigned i)
{
	struct op *o = crew_open_op(i);
	const struct deed *deed;

	if (!o || !crew_hands[i].pid)
		return;
	deed = crew_deed_of(o);
	if (deed->how != BY_COMMAND || !deed->signal ||
	    crew_hands[i].shot_at == peruse(&o->begin) ||
	    now_ns() < o->begin_ns + 1000 * (int64_t)deed->delay_us)
		return;
	crew_hands[i].shot_at = peruse(&o->begin);
	if (deed->signal != SIGSTOP && deed->signal != SIGTSTP)
		enter(&books->worker[i].hit, 1);
	kill(crew_hands[i].pid, deed->signal);
}

bool
crew_conduct(void)
{
	bool any = reap();
	unsigned i;

	for (i = 0; i < WORKERS; i++) {
		go_on(i);
		shoot(i);
		any |= crew_hands[i].stopped_until != 0;
	}
	return any;
}
