/* SPDX-License-Identifier: ISC
 *
 * performance.c - plays a scene up to the verdict, and reports what is wrong
 */
#include "performance.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "../segment-path.h"
#include "api/proc.h"
#include "others.h"
#include "peek.h"
#include "sequel.h"
#include "verdict.h"

struct performance performance;

/* The segment as it was at the verdict, for those who look for the reason. */
static void
keep(const char *space, const char *file)
{
	char path[SEGMENT_PATH_MAX];
	int from, to;

	peek_file(path, sizeof path, space);
	from = open(path, O_RDONLY | O_CLOEXEC);
	to = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from >= 0 && to >= 0)
		peek_copy(from, to);
	close(from);
	close(to);
}

static void
report(const char *why)
{
	printf("%s: %s at moment %u", performance.scene->name, performance.how, performance.moment);
	if (performance.repairer)
		printf(", and '%s' killed at %u", performance.repairer, performance.second);
	printf(" (instruction 0x%llx, namespace %s): %s\n", performance.where,
	       performance.stage->space, why);
	fflush(stdout);
	if (performance.keep)
		keep(performance.stage->space, performance.keep);
}

/* What somebody is at, for those who look for the reason. */
static void
report_process(const char *who, pid_t pid)
{
	char stat[256] = "", wchan[64] = "", call[256] = "", *state;

	if (!proc_read(pid, "stat", stat, sizeof stat))
		return;
	proc_read(pid, "wchan", wchan, sizeof wchan);
	proc_read(pid, "syscall", call, sizeof call);
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

	if (!again && performance.stage) {
		again = true;
		for (i = 0; i < performance.stage->victims; i++)
			report_process("victim", performance.stage->victim[i].pid);
		for (i = 0; i < performance.stage->others; i++)
			report_process("waiter", performance.stage->other[i].pid);
		report(why);
		stage_end(performance.stage);
	} else {
		perror(why);
	}
	exit(1);
}

/* Interrupts whatever we wait for, every millisecond, so that we look up. */
static void
tick(int signal)
{
	(void)signal;
	if (--performance.ticks == 0)
		give_up("it hangs");
}

static void
on_end(int signal)
{
	(void)signal;
	give_up("told to end");
}

void
performance_set_signals(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = tick }, end = { .sa_handler = on_end };

	prctl(PR_SET_TIMERSLACK, 1000);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

struct victim *
performance_enter(struct stage *s, bool slow)
{
	char space[32];

	performance.ticks = 60000;
	performance.repairer = NULL;
	performance.how = "killed";
	victim_share_processor();
	*s = (struct stage){ .program = performance.program,
			     .waiter = performance.waiter,
			     .holder = performance.holder };
	performance.stage = s;
	snprintf(space, sizeof space, "step%d.%u", (int)getpid(), performance.performances++);
	stage_begin(s, performance.scene, space);
	return stage_victim(s, performance.scene->victim, slow);
}

bool
performance_judge(struct stage *s, unsigned *outcome)
{
	struct remains r;
	bool sound;

	if (s->inode && s->inode != peek_inode(s->space) &&
	    !strstr(performance.scene->victim, "rm --all"))
		give_up("somebody else has removed the segment");
	stage_let_go(s);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	stage_count(s);
	stage_check_scope(s);
	sound = verdict(&r, s);
	*outcome = sequel_outcome(s, &r);
	if (sound)
		sound = sequel_goes_on(s, &r);
	if (!sound)
		report(r.trouble);
	compl_list_free(r.list);
	stage_end(s);
	return sound;
}
