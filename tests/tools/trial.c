/* SPDX-License-Identifier: ISC
 *
 * trial.c - runs a scenario up to the verdict, and reports what is wrong
 */
#include "trial.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "../segment-path.h"
#include "aftermath.h"
#include "api/proc.h"
#include "bystander.h"
#include "peek.h"
#include "timing.h"
#include "verdict.h"

struct trial trial;

/* Keeps the segment as it was at the verdict, for people who look for the reason. */
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
	printf("%s: %s at moment %u", trial.scenario->name, trial.how, trial.moment);
	if (trial.second_victim)
		printf(", and '%s' killed at %u", trial.second_victim, trial.second);
	printf(" (instruction 0x%llx, namespace %s): %s\n", trial.where, trial.fixture->space, why);
	fflush(stdout);
	if (trial.keep)
		keep(trial.fixture->space, trial.keep);
}

/* What a process does at this moment, for people who look for the reason. */
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

	if (!again && trial.fixture) {
		again = true;
		for (i = 0; i < trial.fixture->victims; i++)
			report_process("victim", trial.fixture->victim[i].pid);
		for (i = 0; i < trial.fixture->bystanders; i++)
			report_process("waiter", trial.fixture->bystander[i].pid);
		report(why);
		fixture_end(trial.fixture);
	} else {
		perror(why);
	}
	exit(1);
}

/* Interrupts whatever we wait for, every millisecond. */
static void
tick(int signal)
{
	(void)signal;
	if (--trial.ticks == 0)
		give_up("the trial hangs");
}

static void
on_end(int signal)
{
	(void)signal;
	give_up("told to end");
}

void
trial_set_signals(void)
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
trial_begin(struct fixture *f, bool slow)
{
	char space[32];

	trial.ticks = limit_s(60) * 1000;
	victim_was_released = false;
	trial.second_victim = NULL;
	trial.how = "killed";
	victim_share_processor();
	*f = (struct fixture){ .program = trial.program,
			       .waiter = trial.waiter,
			       .holder = trial.holder,
			       .apart = trial.apart };
	trial.fixture = f;
	snprintf(space, sizeof space, "step%d.%u", (int)getpid(), trial.count++);
	fixture_begin(f, trial.scenario, space);
	return fixture_victim(f, trial.scenario->victim, slow);
}

bool
trial_judge(struct fixture *f, unsigned *outcome)
{
	struct remains r;
	bool sound;

	fixture_check_held(f);
	if (f->inode && f->inode != peek_inode(f->space) &&
	    !strstr(trial.scenario->victim, "rm --all"))
		give_up("another process has removed the segment");
	fixture_let_go(f);
	if (f->apart && !bystanders_await_lock(f->bystander, f->bystanders))
		give_up("a bystander sleeps on the lock");
	if (!bystanders_await_rest(f->bystander, f->bystanders))
		give_up("the bystanders do not come to rest");
	fixture_count(f);
	fixture_check_scope(f);
	sound = verdict(&r, f);
	*outcome = aftermath_outcome(f, &r);
	if (sound)
		sound = aftermath_works_on(f, &r);
	if (!sound)
		report(r.trouble);
	compl_list_free(r.list);
	fixture_end(f);
	return sound;
}
