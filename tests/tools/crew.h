/* SPDX-License-Identifier: ISC
 *
 * crew - the processes of a round: each does its deeds one after the other, until it is killed,
 * and then another one goes on with the next
 *
 * A deed's signal comes from a timer of the worker's own, so that it strikes at any
 * instruction, however short the call.  Only who becomes a command cannot take the timer along, and
 * is shot by the conductor.
 */
#ifndef CREW_H
#define CREW_H

#include <signal.h>
#include <sys/prctl.h>

#include "by-command.h"
#include "by-library.h"
#include "others.h"
#include "seen.h"

/* What stays the same for all rounds. */
struct stage {
	struct compl_where where;
	int books;	  /* their descriptor */
	const char *peer; /* another build of storm: every third worker; or NULL */
	char **programs;  /* builds of compl */
	unsigned program_count;
};

static struct stage stage;
static struct worker *me;

static inline void
on_interrupt(int signal)
{
	(void)signal;
	enter(&me->hit, 1);
}

static inline void
on_escape(int signal)
{
	(void)signal;
	enter(&me->hit, 1);
	if (escape && escape->state == COMPL_ESCAPE_JUMP)
		siglongjmp(escape->env, 1);
	if (escape && escape->state == COMPL_ESCAPE_NOTE)
		escape->wanted = 1;
}

/* Not the conductor's dispositions; until then its signals are blocked. */
static inline void
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

static inline bool
set_timer(timer_t *timer, const struct deed *deed)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = deed->signal };
	struct itimerspec when = { .it_value = { .tv_sec = 0,
						 .tv_nsec = (long)deed->delay_us * 1000 } };

	return deed->signal && !timer_create(CLOCK_MONOTONIC, &event, timer) &&
	       !timer_settime(*timer, 0, &when, NULL);
}

/* One deed, by a call. */
static inline void
call(struct compl_space *c, const struct deed *deed, struct op *o)
{
	sigset_t before;
	timer_t timer;
	bool armed;

	sigprocmask(SIG_BLOCK, NULL, &before);
	armed = set_timer(&timer, deed);
	by_library(c, deed, o);
	op_end(o);
	if (o->ask.kind >= OP_PROMISE && o->ask.kind <= OP_BREAK && promised.place == 0)
		enter(&me->promise, 0);
	enter(&me->last, o->end);
	enter(&me->open, OPS);
	if (armed)
		timer_delete(timer);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static inline void
begin(struct op *o, const struct deed *deed)
{
	seen_look();
	enter(&me->hit, 0);
	enter(&me->open, (uint32_t)(o - books->history.op));
	if (deed->ask.kind == OP_KEEP || deed->ask.kind == OP_BREAK)
		o->promise = me->promise;
	o->requeues = deed->how == BY_COMMAND && deed->signal == SIGTSTP;
	op_begin(o, &deed->ask, getpid());
	if (deed->ask.kind == OP_PROMISE)
		enter(&me->promise, o->begin);
	else if (o->promise)
		o->ask.names[o->ask.count++] = promised_name;
}

/* A promise needs that there is none yet, and the others that there is one. */
static inline bool
is_idle_talk(const struct deed *deed)
{
	if (deed->ask.kind == OP_PROMISE)
		return promised.place != 0;
	return (deed->ask.kind == OP_KEEP || deed->ask.kind == OP_BREAK) && promised.place == 0;
}

static inline const char *
program_of(const struct deed *deed)
{
	return stage.programs[deed->command % stage.program_count];
}

/* The life of a worker. */
_Noreturn static inline void
work(unsigned i)
{
	struct compl_space *c;

	me = &books->worker[i];
	set_signals();
	if (compl_open(&c, &stage.where, may_promise(i) ? COMPL_SOLE_LIST : 0) != COMPL_OK)
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
			by_command(program_of(deed), stage.where.space, deed, me);
		call(c, deed, o);
	}
	_exit(0);
}

/* The same by another build, which has nothing but what it is told here; see work_as_peer(). */
_Noreturn static inline void
become_peer(unsigned i)
{
	char *argv[16], fd[16], index[16];
	unsigned n = 0, k;

	snprintf(fd, sizeof fd, "%d", stage.books);
	snprintf(index, sizeof index, "%u", i);
	argv[n++] = (char *)(uintptr_t)stage.peer;
	argv[n++] = (char[]){ "--work" };
	argv[n++] = fd;
	argv[n++] = index;
	argv[n++] = (char *)(uintptr_t)stage.where.space;
	for (k = 0; k < stage.program_count && n < 15; k++)
		argv[n++] = stage.programs[k];
	argv[n] = NULL;
	execv(stage.peer, argv);
	_exit(127);
}

_Noreturn static inline void
work_as_peer(int argc, char **argv)
{
	if (argc < 5 || !books_open((int)strtol(argv[2], NULL, 10)))
		_exit(98);
	stage.where = (struct compl_where){ .space = argv[4], .uid = geteuid() };
	stage.programs = argv + 5;
	stage.program_count = (unsigned)(argc - 5);
	if (!seen_open(&stage.where))
		_exit(98);
	prctl(PR_SET_TIMERSLACK, 1);
	work((unsigned)strtoul(argv[3], NULL, 10) % WORKERS);
}

/* ---- the conductor's side ---------------------------------------------------- */

struct hand {
	pid_t pid;	       /* 0: it has done all */
	uint32_t shot_at;      /* the operation that we have sent a signal to, and 1 more */
	int64_t stopped_until; /* 0: it is not */
};

static struct hand hands[WORKERS];

static struct tally {
	uint64_t rounds, ops, kills, signals, stops, commands, rests, states, long_ones;
	uint64_t results[KINDS][RESULTS];
} tally;

static inline void
hire(unsigned i)
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
		if (stage.peer && i % 3 == 2)
			become_peer(i);
		work(i);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	hands[i] = (struct hand){ .pid = pid };
}

static inline struct op *
open_op(unsigned i)
{
	uint32_t open = peruse(&books->worker[i].open);
	struct op *o = open < OPS ? &books->history.op[open] : NULL;

	return o && peruse(&o->begin) && !peruse(&o->end) ? o : NULL;
}

static inline const struct deed *
deed_of(const struct op *o)
{
	unsigned index = (unsigned)(o - books->history.op);

	return &books->plan.deed[index / DEEDS][index % DEEDS];
}

/* A producer is dead, since then at the earliest. */
static inline void
note_death(struct worker *w, uint32_t alive)
{
	struct op *o = &books->deaths[books->death_count++], *promise = books->history.op;

	while (promise->begin != w->promise)
		promise++;
	*o = (struct op){ .ask = promise->ask,
			  .pid = promise->pid,
			  .begin = alive,
			  .seen = stamp(),
			  .begin_ns = promise->begin_ns,
			  .promise = w->promise,
			  .got = { .result = GOT_OK, .which = -1, .failed_fast = -1 } };
	o->ask.kind = OP_DEATH;
	if (books->death_count == DEATHS)
		give_up("more deaths than the books hold");
	w->promise = 0;
}

/* Closes what the dead left open, and sends somebody to go on. */
static inline void
bury(unsigned i, int status)
{
	struct worker *w = &books->worker[i];
	struct op *o = open_op(i);
	uint32_t alive = o ? o->begin : w->last;

	hands[i].pid = 0;
	if (o) {
		read_death(deed_of(o), status, w, &o->got);
		op_end(o);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		give_up("a worker could not open the namespace");
	}
	if (w->promise)
		note_death(w, alive);
	tally.kills += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	tally.signals += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
	enter(&w->open, OPS);
	if (peruse(&books->go) == 1 && w->next < books->plan.deeds[i])
		hire(i);
}

static inline void
note_stop(unsigned i)
{
	struct op *o = open_op(i);

	hands[i].stopped_until = now_ns() + 1000 * (int64_t)(o ? deed_of(o)->stop_us : 100);
	tally.stops++;
}

/* Who has died or been stopped; true if anybody. */
static inline bool
reap(void)
{
	bool any = false;
	int status;
	unsigned i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		for (i = 0; i < WORKERS && hands[i].pid != pid; i++)
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

static inline void
go_on(unsigned i)
{
	if (!hands[i].stopped_until || now_ns() < hands[i].stopped_until)
		return;
	hands[i].stopped_until = 0;
	enter(&books->worker[i].hit, 1);
	kill(hands[i].pid, SIGCONT);
}

/* A command's signal, when its time has come. */
static inline void
shoot(unsigned i)
{
	struct op *o = open_op(i);
	const struct deed *deed;

	if (!o || !hands[i].pid)
		return;
	deed = deed_of(o);
	if (deed->how != BY_COMMAND || !deed->signal || hands[i].shot_at == peruse(&o->begin) ||
	    now_ns() < o->begin_ns + 1000 * (int64_t)deed->delay_us)
		return;
	hands[i].shot_at = peruse(&o->begin);
	if (deed->signal != SIGSTOP && deed->signal != SIGTSTP)
		enter(&books->worker[i].hit, 1);
	kill(hands[i].pid, deed->signal);
}

/* One turn of the conductor's hand; true if something has happened. */
static inline bool
conduct(void)
{
	bool any = reap();
	unsigned i;

	for (i = 0; i < WORKERS; i++) {
		go_on(i);
		shoot(i);
		any |= hands[i].stopped_until != 0;
	}
	return any;
}

#endif
