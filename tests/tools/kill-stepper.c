/* SPDX-License-Identifier: ISC
 *
 * kill-stepper.c - kills a command before a chosen instruction, each in turn, and checks what
 * becomes of the other processes
 *
 * Usage: kill-stepper [--apart] [--every] [--share I/N] [--samples N] [--random-doubles N]
 *	[--all-doubles I/N] [--at K[/L]] [--keep FILE] [--release] COMPL WAITER SCENARIO...
 *	kill-stepper --list
 *
 * Each scenario (scenario.c) first runs to its end, and the moments are noted at which something
 * changed that outlives the victim: the bytes of the segment, or the victim's robust list.
 * Between two such moments it makes no difference before which instruction the victim is killed.
 * So the scenario then runs once for each of these moments, on a fresh segment, and the victim is
 * killed there by SIGKILL.  Then, without any further command, every process that should end must
 * have ended; the tokens must add up (verdict.c); and the names must still work (aftermath.c).
 * Where another process ran on the way, the kill is done twice, in haste and with patience
 * (replay.c).  A wait or a try is also interrupted there, by SIGTERM: it must end; either it has
 * taken its tokens and says so, or it has taken none.
 *
 * A turning point is where the outcome differs between one such moment and the next.  Up to about
 * sixty of the moments between the two, and of a few around them, are tried too.  Then --samples
 * are drawn at random from all moments.  --every tries every single moment instead.  --share I/N
 * takes the I-th (from 0) of N parts of the moments, and tries nothing more at turning points.
 *
 * --apart: each victim is process 1 of a pid namespace of its own, and so is each poster, and each
 *	process that holds the lock; the others are in ours.  So some have the same thread id.  Does
 *	no double kills, and interrupts nothing.  A bystander may find a lost wake-up of the lock by
 *	its watchdog, within a second or two.
 * --random-doubles N: does N double kills (double-kills.c) at random.
 * --all-doubles I/N: takes the I-th of N parts of the first kills, and does all double kills of
 *	these.
 * --at K or K/L: does one kill, or one double kill, once more.
 * --keep FILE: saves the segment of a failure.
 * --release: kills by SIGKILL and process_mrelease(2), so that the kernel finds no list in private
 *	memory.  Not for double kills, nor for scenarios in which somebody keeps the lock.
 *
 * SCENARIO is a name, or "all".  Prints a line for each, and a sum.  The exit status is 1 if
 * something was wrong.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bystander.h"
#include "double-kills.h"
#include "elf-range.h"
#include "fixture.h"
#include "replay.h"
#include "scenario.h"
#include "timing.h"
#include "trial.h"
#include "victim.h"
#include "watch.h"

static struct {
	bool every;
	unsigned share, shares, samples, random_doubles, double_share, double_shares;
	const char *at;
} option = { .shares = 1, .samples = 20 };

/* Counts of a scenario, or of all. */
struct tally {
	unsigned long moments, changes, turning_points, kills, interrupts, doubles;
	bool failed;
};

static struct recording recording;

/* ---- one kill ---------------------------------------------------------------------- */

/* A wait that the signal has ended has taken nothing; but CMD may have. */
static void
interrupt(struct fixture *f, struct victim *v)
{
	trial.how = "interrupted";
	victim_end_by(v, SIGTERM);
	f->victim_command[0].took_nothing =
		WIFSIGNALED(v->status) && !f->victim_command[0].request.has_cmd;
}

/* One trial: the victim is killed at this moment, by SIGKILL or SIGTERM. */
static bool
kill_at(unsigned moment, bool patient, int signal, unsigned *outcome)
{
	struct fixture f;
	struct victim *v = trial_begin(&f, !VICTIM_BREAKPOINTS);

	trial.moment = moment;
	trial.where = recording.at[moment].address;
	replay_to(replay_begin(&f, v, trial.scenario, &recording), moment, patient);
	fixture_note_scope(&f, v);
	if (signal == SIGTERM)
		interrupt(&f, v);
	else
		victim_kill(v);
	return trial_judge(&f, outcome);
}

/* Records the whole scenario, without a kill before its end. */
static void
record(void)
{
	struct victim *v;
	struct fixture f;
	struct watch w;
	unsigned outcome;

	trial.moment = 0;
	v = trial_begin(&f, true);
	watch_begin(&w, f.space);
	replay_record(replay_begin(&f, v, trial.scenario, NULL), &recording, &w);
	watch_end(&w);
	victim_kill(v);
	if (!recording.count)
		give_up("the victim does not open the segment");
	if (!trial_judge(&f, &outcome))
		exit(1);
}

/* ---- one scenario ------------------------------------------------------------------- */

static bool
is_interruptible(void)
{
	return !trial.apart &&
	       (!strncmp(trial.scenario->victim, "wait ", 5) ||
		!strncmp(trial.scenario->victim, "barrier ", 8) ||
		!strncmp(trial.scenario->victim, "try ", 4)) &&
	       !strstr(trial.scenario->victim, "--uninterruptible");
}

static void
try_moment(struct tally *t, unsigned moment, unsigned *outcome)
{
	bool changed = recording.at[moment].changed,
	     twice = changed && replay_others_ran(&recording, moment);
	unsigned unused;

	t->failed |= !kill_at(moment, false, SIGKILL, outcome);
	if (twice)
		t->failed |= !kill_at(moment, true, SIGKILL, outcome);
	t->kills += 1 + twice;
	if (!is_interruptible())
		return;
	t->failed |= !kill_at(moment, changed, SIGTERM, &unused);
	t->interrupts++;
}

/* Tries moments from one to another and a few around them: all of them, or about 60 at equal
 * distances. */
static void
try_turning_point(struct tally *t, unsigned from, unsigned to)
{
	unsigned outcome, moment = from > 5 ? from - 5 : 0;
	unsigned stride = (to - from + 10) / 60 + 1;

	t->turning_points++;
	for (; moment < to + 5 && moment < recording.count; moment += stride)
		if (!recording.at[moment].changed)
			try_moment(t, moment, &outcome);
}

static void
try_singles(struct tally *t)
{
	unsigned moment, outcome, last_outcome = 0, last = 0, nth = 0;

	for (moment = 0; moment < recording.count; moment++) {
		if (!option.every && !recording.at[moment].changed)
			continue;
		if (nth++ % option.shares != option.share)
			continue;
		try_moment(t, moment, &outcome);
		if (!option.every && option.shares == 1 && moment && outcome != last_outcome)
			try_turning_point(t, last, moment);
		last_outcome = outcome;
		last = moment;
	}
}

/* A random moment among the first hundred rounds of every loop: later ones take too long to
 * reach. */
static unsigned
random_moment(void)
{
	unsigned moment = 0;

	if (recording.count == 0)
		return 0;
	do
		moment = (unsigned)rand() % recording.count;
	while (recording.at[moment].nth > 100);
	return moment;
}

static void
try_samples(struct tally *t)
{
	unsigned i, outcome;

	for (i = 0; i < option.samples; i++)
		try_moment(t, random_moment(), &outcome);
}

static void
try_all_doubles(struct tally *t)
{
	unsigned moment, nth = 0;
	bool sound = true;

	for (moment = 0; moment < recording.count; moment++)
		if (recording.at[moment].matters &&
		    nth++ % option.double_shares == option.double_share)
			t->doubles += double_kills_try_of(&recording, moment, &sound);
	t->failed |= !sound;
}

static void
try_random_doubles(struct tally *t)
{
	bool sound = true;
	unsigned i;

	for (i = 0; recording.count > 0 && i < 10 * option.random_doubles &&
		    t->doubles < option.random_doubles;
	     i++) {
		unsigned first = (unsigned)rand() % recording.count;

		while (!recording.at[first].matters)
			first = (first + 1) % recording.count;
		t->doubles += double_kills_try_one(&recording, first, &sound);
	}
	t->failed |= !sound;
}

/* --at: repeats one kill, or two with each of the second victims.  If K is too
 * large, the last moment is meant. */
static void
try_again(struct tally *t)
{
	unsigned first = 0, second = 0, outcome;
	bool sound = true, twice = sscanf(option.at, "%u/%u", &first, &second) == 2;

	if (first >= recording.count)
		first = recording.count - 1;
	if (twice)
		t->doubles += double_kills_try_at(&recording, first, second, &sound);
	else
		try_moment(t, first, &outcome);
	t->failed |= !sound;
}

static void
print_tally(const char *name, const struct tally *t, int64_t begin)
{
	printf("%s: %s: %lu instructions, %lu of them changes, %lu turning points; %lu kills, "
	       "%lu interrupts, %lu double kills; %.0f s\n",
	       t->failed ? "FAILED" : "sound", name, t->moments, t->changes, t->turning_points,
	       t->kills, t->interrupts, t->doubles, (double)(now_us() - begin) / 1e6);
	fflush(stdout);
}

static void
try_scenario(struct tally *sum)
{
	int64_t begin = now_us();
	struct tally t = { 0 };
	unsigned moment;

	record();
	t.moments = recording.count;
	for (moment = 0; moment < recording.count; moment++)
		t.changes += recording.at[moment].changed;
	if (option.at) {
		try_again(&t);
	} else {
		try_singles(&t);
		if (!option.every)
			try_samples(&t);
		if (trial.apart)
			;
		else if (option.double_shares)
			try_all_doubles(&t);
		else
			try_random_doubles(&t);
	}
	print_tally(trial.scenario->name, &t, begin);
	sum->moments += t.moments;
	sum->changes += t.changes;
	sum->turning_points += t.turning_points;
	sum->kills += t.kills;
	sum->interrupts += t.interrupts;
	sum->doubles += t.doubles;
	sum->failed |= t.failed;
}

/* ---- the command line --------------------------------------------------------------- */

static void
list_scenarios(void)
{
	size_t i;

	for (i = 0; i < scenario_count; i++)
		puts(scenarios[i].name);
}

static int
usage(void)
{
	fputs("usage: kill-stepper [--apart] [--every] [--share I/N] [--samples N] "
	      "[--random-doubles N] "
	      "[--all-doubles I/N] [--at K[/L]] [--keep FILE] [--release] COMPL WAITER "
	      "SCENARIO...\n"
	      "       kill-stepper --list\n",
	      stderr);
	return 2;
}

static bool
read_share(const char *text, unsigned *share, unsigned *shares)
{
	return sscanf(text, "%u/%u", share, shares) == 2 && *share < *shares;
}

/* Reads an option; returns how many words it has, 0 if there is no such option. */
static int
read_option(char **argv)
{
	if (!strcmp(argv[0], "--every"))
		return option.every = true;
	if (!strcmp(argv[0], "--apart"))
		return trial.apart = true;
	if (!strcmp(argv[0], "--release"))
		return victim_is_released = true;
	if (!argv[1])
		return 0;
	if (!strcmp(argv[0], "--at"))
		option.at = argv[1];
	else if (!strcmp(argv[0], "--keep"))
		trial.keep = argv[1];
	else if (!strcmp(argv[0], "--samples"))
		option.samples = (unsigned)atoi(argv[1]);
	else if (!strcmp(argv[0], "--random-doubles"))
		option.random_doubles = (unsigned)atoi(argv[1]);
	else if (!strcmp(argv[0], "--all-doubles"))
		return read_share(argv[1], &option.double_share, &option.double_shares) ? 2 : 0;
	else if (!strcmp(argv[0], "--share"))
		return read_share(argv[1], &option.share, &option.shares) ? 2 : 0;
	else
		return 0;
	return 2;
}

static bool
try_named(const char *name, struct tally *sum)
{
	bool found = false;
	size_t i;

	for (i = 0; i < scenario_count; i++)
		if (!strcmp(name, "all") || !strcmp(name, scenarios[i].name)) {
			trial.scenario = &scenarios[i];
			try_scenario(sum);
			found = true;
		}
	return found;
}

int
main(int argc, char **argv)
{
	static char holder[4096];
	int64_t begin = now_us();
	struct tally sum = { 0 };
	int words;

	snprintf(holder, sizeof holder, "%.*shold-lock",
		 strrchr(argv[0], '/') ? (int)(strrchr(argv[0], '/') - argv[0] + 1) : 0, argv[0]);
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list_scenarios();
		return 0;
	}
	for (argv++, argc--; argc && argv[0][0] == '-'; argv += words, argc -= words)
		if (!(words = read_option(argv)))
			return usage();
	if (argc < 3)
		return usage();
	trial.program = argv[0];
	trial.waiter = argv[1];
	trial.holder = holder;
	trial.lock_range = elf_range(trial.program, "segment_lock");
	trial.waiter_lock_range = elf_range(trial.waiter, "segment_lock");
	trial_set_signals();
	srand((unsigned)getpid());
	for (argv += 2; *argv; argv++)
		if (!try_named(*argv, &sum))
			return usage();
	print_tally("all of these", &sum, begin);
	return sum.failed ? 1 : 0;
}
