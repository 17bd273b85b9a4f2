/* SPDX-License-Identifier: ISC
 *
 * performance - one kill, or two, from the rise of the curtain to the verdict
 */
#ifndef PERFORMANCE_H
#define PERFORMANCE_H

#include <sys/prctl.h>
#include <sys/time.h>

#include "elf-range.h"
#include "play.h"
#include "sequel.h"
#include "verdict.h"

static struct {
	const char *program, *waiter, *holder; /* holder: hold-lock, beside us */
	struct range repair, waiter_repair;    /* repair_enter() in program and waiter */
	const char *keep;		       /* a file, or NULL */
	const struct scene *scene;
	struct stage *stage;
	unsigned moment, second, performances;
	const char *repairer; /* the second victim, or NULL */
	const char *how;      /* the first was ended */
	volatile unsigned ticks;
	unsigned long long where;
} now;

/* The segment as it was at the verdict, for those who look for the reason. */
static inline void
keep(const char *space, const char *file)
{
	char path[COMPL_PATH_MAX];
	int from, to;

	segment_file(path, sizeof path, space);
	from = open(path, O_RDONLY | O_CLOEXEC);
	to = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from >= 0 && to >= 0)
		copy_sparse(from, to);
	close(from);
	close(to);
}

static inline void
report(const char *why)
{
	printf("%s: %s at moment %u", now.scene->name, now.how, now.moment);
	if (now.repairer)
		printf(", and '%s' killed at %u", now.repairer, now.second);
	printf(" (instruction 0x%llx, namespace %s): %s\n", now.where, now.stage->space, why);
	fflush(stdout);
	if (now.keep)
		keep(now.stage->space, now.keep);
}

/* What somebody is at, for those who look for the reason. */
static inline void
report_process(const char *who, pid_t pid)
{
	char stat[256] = "", wchan[64] = "", call[256] = "", *state;

	if (!read_proc(pid, "stat", stat, sizeof stat))
		return;
	read_proc(pid, "wchan", wchan, sizeof wchan);
	read_proc(pid, "syscall", call, sizeof call);
	call[strcspn(call, "\n")] = '\0';
	state = strrchr(stat, ')');
	printf("# %s %d: state %c in %s, call %s\n", who, (int)pid, state ? state[2] : '?', wchan,
	       call);
}

_Noreturn void
give_up(const char *why)
{
	static bool again;
	size_t i;

	if (!again && now.stage) {
		again = true;
		for (i = 0; i < now.stage->victims; i++)
			report_process("victim", now.stage->victim[i].pid);
		for (i = 0; i < now.stage->others; i++)
			report_process("waiter", now.stage->other[i].pid);
		report(why);
		stage_end(now.stage);
	} else {
		perror(why);
	}
	exit(1);
}

/* Interrupts whatever we wait for, every millisecond, so that we look up. */
static inline void
tick(int signal)
{
	(void)signal;
	if (--now.ticks == 0)
		give_up("it hangs");
}

static inline void
on_end(int signal)
{
	(void)signal;
	give_up("told to end");
}

static inline void
signals_begin(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = tick }, end = { .sa_handler = on_end };

	prctl(PR_SET_TIMERSLACK, 1000);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

/* The stage as the scene wants it, its victim before its first moment.  slow: see
 * stage_victim(). */
static inline struct victim *
enter(struct stage *s, bool slow)
{
	char space[32];

	now.ticks = 60000;
	now.repairer = NULL;
	now.how = "killed";
	share_processor();
	*s = (struct stage){ .program = now.program, .waiter = now.waiter, .holder = now.holder };
	now.stage = s;
	snprintf(space, sizeof space, "step%d.%u", (int)getpid(), now.performances++);
	stage_begin(s, now.scene, space);
	return stage_victim(s, now.scene->victim, slow);
}

/* The victims have been killed: what became of it all.  Ends the performance. */
static inline bool
judge(struct stage *s, unsigned *outcome)
{
	struct remains r;
	bool sound;

	if (s->inode && s->inode != segment_inode(s->space) &&
	    !strstr(now.scene->victim, "rm --all"))
		give_up("somebody else has removed the segment");
	stage_let_go(s);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	stage_count(s);
	stage_check_scope(s);
	sound = verdict(&r, s);
	*outcome = outcome_of(s, &r);
	if (sound)
		sound = goes_on(s, &r);
	if (!sound)
		report(r.trouble);
	compl_list_free(r.list);
	stage_end(s);
	return sound;
}

#endif
