/* SPDX-License-Identifier: ISC
 *
 * storm.c - runs random operations of many processes under random signals, in short rounds, and
 * after each round checks whether an order of events explains all answers
 *
 * Usage: storm [--seed N] [--round N] [--rounds N | --seconds N | --minutes N] [--namespace NAME]
 *	[--other-build STORM] [--released PERCENT] [--plan] [COMMAND...]
 *
 * A seed and a round give the same operations and signals each time, though not the same
 * interleaving.  With COMMANDs (builds of compl) they do a share of the operations.  With
 * --other-build (another build of this program) it runs every third worker.  With --released so
 * many of those that are killed lose their memory before the kernel goes along their robust lists
 * (mrelease.h).  With --plan the operations are printed and not done.
 *
 * Ends with 0 if no history lacks an explanation (linear.c; a search that is too long is counted as
 * undecided), the processes were seen at rest at least once, the segment was sound after each
 * round, and no wake-up was lost; with 2 after a wrong option; otherwise with 1, and prints what it
 * saw.  With --released a wake-up may be lost: the lock of a short call comes back when somebody
 * has slept for a second.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/proc.h"
#include "by-command.h"
#include "bystander.h"
#include "compl.h"
#include "history-text.h"
#include "ledger.h"
#include "linear.h"
#include "observer.h"
#include "round.h"
#include "shm/segment/layout.h"
#include "timing.h"
#include "workers.h"

static uint64_t seed, number; /* of the round under way */
static struct history history;

static struct {
	uint64_t rounds, seconds;
	bool only_plan;
} option = { .rounds = UINT64_MAX, .seconds = 10 };

#define RENEW 50 /* rounds in a segment */

/* ---- what is printed when something is wrong -------------------------------------- */

static void
print_header(void)
{
	const struct layout_header *h = (const struct layout_header *)observer_map;

	if (!h)
		return;
	printf("# lock 0x%x sleepers %u log %u lost wake-ups %u mixed %u job %u of %u completions "
	       "%u "
	       "entries %u\n",
	       h->lock, h->sleepers, h->log_length, h->lost_wakeups, h->mixed, h->job_kind,
	       h->job_completion, h->completions_made, h->entries_made);
}

static void
print_entry(uint32_t i)
{
	const struct entry *p = observer_entry(i);

	printf("# entry %u: beacon 0x%x completion %u prev %u next %u need %u first %u next of "
	       "wait "
	       "%u watch %u watcher %u ticket %llu state %u flags %u pid %u\n",
	       i, p->beacon, p->completion, p->prev, p->next, p->need, p->wait_first, p->wait_next,
	       p->watch, p->watcher, (unsigned long long)p->ticket, p->state, p->flags & 255,
	       p->pid);
}

static void
print_segment(void)
{
	const struct layout_header *h = (const struct layout_header *)observer_map;
	const struct completion *n = (const void *)(observer_map + LAYOUT_COMPLETIONS_AT);
	uint32_t i;

	print_header();
	if (!h)
		return;
	for (i = 1; i <= h->completions_made && i < 64; i++)
		printf("# completion %u (at %zu): %.8s bell %u flags %u done %u head %u tail %u "
		       "status %u\n",
		       i, LAYOUT_COMPLETIONS_AT + i * sizeof *n, n[i].name, n[i].bell, n[i].flags,
		       n[i].done, n[i].waiters.head, n[i].waiters.tail, n[i].status);
	for (i = 1; i <= h->entries_made && i < 256; i++)
		if (observer_entry(i)->completion || observer_entry(i)->beacon)
			print_entry(i);
}

static void
print_processes(void)
{
	char stat[256], wchan[64];
	unsigned i;

	for (i = 0; i < WORKERS; i++) {
		if (!workers_process[i].pid ||
		    !proc_read(workers_process[i].pid, "stat", stat, sizeof stat) ||
		    !proc_read(workers_process[i].pid, "wchan", wchan, sizeof wchan))
			continue;
		stat[strcspn(stat, "\n")] = '\0';
		printf("# worker %u: %.60s in %s\n", i, stat, wchan);
	}
}

/* Prints what the commands say about the segment, if they still can. */
static void
ask_command(const char *verb, const char *flag)
{
	pid_t pid;

	if (!workers_setup.program_count)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(limit_s(5));
		if (dup2(1, 2) >= 0)
			execl(workers_setup.programs[0], workers_setup.programs[0], verb, "-n",
			      workers_setup.where.space, flag, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void
end_everybody(void)
{
	unsigned i;

	for (i = 0; i < WORKERS; i++)
		if (workers_process[i].pid)
			kill(workers_process[i].pid, SIGKILL);
	for (i = 0; i < WORKERS; i++)
		if (workers_process[i].pid)
			waitpid(workers_process[i].pid, NULL, 0);
}

_Noreturn void
give_up(const char *why)
{
	printf("FAILED: %s\n# seed %llu round %llu\n", why, (unsigned long long)seed,
	       (unsigned long long)number);
	round_collect(&history);
	history_print(stdout, &history);
	print_segment();
	print_processes();
	ask_command("ls", "--json");
	ask_command("check", "-q");
	fflush(stdout);
	end_everybody();
	compl_remove_all(&workers_setup.where, true);
	exit(1);
}

static void
on_alarm(int signal)
{
	(void)signal;
	give_up("the coordinator hangs");
}

static void
on_end(int signal)
{
	end_everybody();
	compl_remove_all(&workers_setup.where, true);
	_exit(128 + signal);
}

/* ---- judging ------------------------------------------------------------------- */

static void
print_fault(void *arg, const char *fault)
{
	(void)arg;
	printf("# check: %s\n", fault);
}

static void
check_segment(void)
{
	size_t faults = 0;

	alarm(limit_s(30));
	/* What nobody has noticed has to be removed. */
	if (workers_setup.released && compl_repair(round_space) != COMPL_OK)
		give_up("the segment cannot be repaired");
	if (compl_check(round_space, print_fault, NULL, &faults) != COMPL_OK || faults)
		give_up("the segment is not sound");
	if (compl_lost_wakeups(round_space) && !workers_setup.released)
		give_up("a wake-up was lost");
	alarm(0);
}

static void
add_to_totals(void)
{
	unsigned i;

	for (i = 0; i < history.count; i++)
		workers_totals.results[history.op[i].ask.kind][history.op[i].got.result]++;
	workers_totals.ops += history.count;
	workers_totals.rounds++;
}

static void
judge(struct linear *l)
{
	enum verdict verdict;

	round_collect(&history);
	add_to_totals();
	verdict = linear_judge(l, &history);
	if (l->states > workers_totals.states)
		workers_totals.states = l->states;
	if (verdict == LINEAR_NO) {
		linear_explain(stdout, l);
		give_up("no order of events explains this");
	}
	workers_totals.long_ones += verdict == LINEAR_TOO_LONG;
}

/* ---- rounds -------------------------------------------------------------------- */

static void
open_segment(void)
{
	enum compl_result result;

	if (round_space)
		compl_close(round_space);
	result = compl_remove_all(&workers_setup.where, false);
	if (result == COMPL_OK)
		result = compl_open(&round_space, &workers_setup.where, COMPL_CREATE);
	if (result == COMPL_OK && !observer_open(&workers_setup.where))
		result = COMPL_E_SYSTEM;
	if (result != COMPL_OK)
		give_up(compl_strresult(result));
}

static void
print_deed(const char *who, unsigned i, const struct task *task)
{
	printf("%s %u: ", who, i);
	if (task->nap_us)
		printf("after %u us, ", task->nap_us);
	printf("%s", task->how == BY_COMMAND ? "command" : "call");
	history_print_ask(stdout, &task->ask);
	if ((task->ask.kind == OP_WAIT || task->ask.kind == OP_BARRIER) && !task->ask.patient &&
	    !task->ask.at_once)
		printf(", for %u us", task->timeout_us);
	if (task->ask.kind == OP_RUN)
		printf(", ready after %u us, end after %u us, kill after %u us", task->ready_us,
		       task->end_us, task->kill_us);
	if (task->bound)
		printf(", bound to what was told %u before", task->bound);
	if (task->signal)
		printf(", signal %u after %u us", task->signal, task->delay_us);
	putchar('\n');
}

static void
print_plan(void)
{
	unsigned i, k;

	for (i = 0; i < ledger->plan.workers; i++)
		for (k = 0; k < ledger->plan.tasks[i]; k++)
			print_deed("worker", i, &ledger->plan.task[i][k]);
	for (i = 0; i < ledger->plan.closings; i++)
		print_deed("closing", i, &ledger->plan.closing[i]);
	workers_totals.rounds++;
}

static void
run_round(struct linear *l)
{
	if (workers_totals.rounds % RENEW == 0)
		open_segment();
	round_run();
	check_segment();
	judge(l);
	round_tidy();
}

static void
report(void)
{
	unsigned k, r;

	printf("seed %llu: %llu rounds, %llu operations, %llu looks at rest, %llu killed, %llu of "
	       "them released, %llu ended by "
	       "signals, %llu stopped; longest search %llu states, %llu undecided\n",
	       (unsigned long long)seed, (unsigned long long)workers_totals.rounds,
	       (unsigned long long)workers_totals.ops, (unsigned long long)workers_totals.rests,
	       (unsigned long long)workers_totals.kills,
	       (unsigned long long)workers_totals.released,
	       (unsigned long long)workers_totals.signals, (unsigned long long)workers_totals.stops,
	       (unsigned long long)workers_totals.states,
	       (unsigned long long)workers_totals.long_ones);
	for (k = 0; k < KINDS; k++) {
		printf("# %-6s", history_kind_words[k]);
		for (r = 0; r < RESULTS; r++)
			if (workers_totals.results[k][r])
				printf(" %s %llu", history_result_words[r],
				       (unsigned long long)workers_totals.results[k][r]);
		putchar('\n');
	}
}

static void
prepare(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	unsigned i;

	workers_setup.ledger = ledger_make();
	if (workers_setup.ledger < 0)
		give_up("memory");
	for (i = 0; i < WORKERS; i++) {
		ledger->worker[i].out = memfd_create("out", 0);
		ledger->worker[i].err = memfd_create("err", 0);
		if (ledger->worker[i].out < 0 || ledger->worker[i].err < 0)
			give_up("memfd_create");
	}
	prctl(PR_SET_TIMERSLACK, 1);
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = on_end;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static uint64_t
number_or_die(const char *text)
{
	char *end;
	uint64_t n = text ? strtoull(text, &end, 10) : 0;

	if (!text || *end || end == text) {
		fprintf(stderr, "storm: '%s' is not a number\n", text ? text : "");
		exit(2);
	}
	return n;
}

/* The options; returns the index of the first COMMAND. */
static int
read_options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--plan")) {
			option.only_plan = true;
			i--;
		} else if (!strcmp(argv[i], "--seed")) {
			seed = number_or_die(argv[i + 1]);
		} else if (!strcmp(argv[i], "--round")) {
			number = number_or_die(argv[i + 1]);
		} else if (!strcmp(argv[i], "--rounds")) {
			option.rounds = number_or_die(argv[i + 1]);
		} else if (!strcmp(argv[i], "--seconds")) {
			option.seconds = number_or_die(argv[i + 1]);
		} else if (!strcmp(argv[i], "--minutes")) {
			option.seconds = 60 * number_or_die(argv[i + 1]);
		} else if (!strcmp(argv[i], "--released") && argv[i + 1]) {
			workers_setup.released = (unsigned)number_or_die(argv[i + 1]);
		} else if (!strcmp(argv[i], "--namespace") && argv[i + 1]) {
			workers_setup.where.space = argv[i + 1];
		} else if (!strcmp(argv[i], "--other-build") && argv[i + 1]) {
			workers_setup.other_build = argv[i + 1];
		} else {
			fprintf(stderr, "storm: %s?\n", argv[i]);
			exit(2);
		}
	}
	return i;
}

/* Rounds until there are enough of them, or the time is over. */
static void
run_rounds(struct linear *l)
{
	uint64_t end = (uint64_t)now_ns() + option.seconds * 1000000000;

	while (workers_totals.rounds < option.rounds &&
	       (option.rounds != UINT64_MAX || (uint64_t)now_ns() < end)) {
		plan_make(&ledger->plan, seed, number, workers_setup.program_count);
		if (option.only_plan)
			print_plan();
		else
			run_round(l);
		number++;
	}
}

int
main(int argc, char **argv)
{
	struct linear *l;
	char space[COMPL_SPACE_MAX];
	int first;

	if (argc == 8 && !strcmp(argv[1], "--serve"))
		by_command_serve(argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--work"))
		workers_work_as_other_build(argc, argv);
	l = linear_new();
	seed = (uint64_t)now_ns() % 1000000000;
	snprintf(space, sizeof space, "storm.%d", (int)getpid());
	workers_setup.where = (struct compl_where){ .space = space, .uid = geteuid() };
	first = read_options(argc, argv);
	workers_setup.programs = argv + first;
	workers_setup.program_count = (unsigned)(argc - first);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# storm --seed %llu\n", (unsigned long long)seed);
	prepare();
	if (!l)
		give_up("memory");
	run_rounds(l);
	if (option.only_plan)
		return 0;
	report();
	compl_close(round_space);
	if (compl_remove_all(&workers_setup.where, false) != COMPL_OK)
		return 1;
	return workers_totals.rests == 0;
}
