/* SPDX-License-Identifier: ISC
 *
 * kill-stepper - kills a command after any instruction, and looks what becomes of the others
 *
 * Usage: kill-stepper [--every] [--doubles I/N] [--share I/N] [--samples N] [--double N] [--at
 * K[/L]]
 *	[--keep FILE] [--list] COMPL WAITER SCENE...
 *
 * Each scene (scenes.c) is first played to its end, noting the moments at which something
 * changed that outlives the victim: the bytes of the segment, or the victim's robust list.
 * Between two such moments one instruction is as good as another to be killed at; so the
 * scene is then played once for each of them, on a fresh segment, and the victim killed
 * there by SIGKILL.  Then, without any further command, all who should go must have gone; the
 * tokens must add up (verdict.c); and the line must work on (sequel.c).  Where somebody else ran
 * on the way, that is done twice, in haste and with patience (play.c).  A wait is also
 * interrupted there, by SIGTERM: it must end, and either have taken its tokens and say so, or none.
 *
 * Where the outcome turns from one such moment to the next, every moment between them and
 * a few around is tried too, and of all others --samples at random; --every tries every
 * single one, or with --share I/N the I-th (from 0) of N parts.  --double N: N double kills
 * (doubles.c) at random; --doubles I/N: all of them, after the I-th of N parts of the first.  --at
 * K or K/L does one kill, or a double one, once more; --keep FILE saves the segment of a failure.
 *
 * SCENE is a name, or "all".  Prints a line for each, and a sum; status 1 if something did not add
 * up.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doubles.h"
#include "elf-range.h"
#include "others.h"
#include "performance.h"
#include "play.h"
#include "scenes.h"
#include "stage.h"
#include "timing.h"
#include "victim.h"
#include "watch.h"

static struct {
	bool every;
	unsigned share, shares, double_share, double_shares, samples, doubles;
	const char *at;
} option = { .shares = 1, .samples = 20 };

/* Of a scene, or of all. */
struct tally {
	unsigned long moments, changes, turns, kills, interrupts, doubles;
	bool failed;
};

static struct score score;

/* ---- one kill ---------------------------------------------------------------------- */

/* A wait that has died of the signal has not taken anything; but CMD may have. */
static void
interrupt(struct stage *s, struct victim *v)
{
	performance.how = "interrupted";
	victim_end_by(v, SIGTERM);
	s->dead[0].untaken = WIFSIGNALED(v->status) && !s->dead[0].wish.becomes;
}

/* One performance with a kill at this moment, by SIGKILL or SIGTERM. */
static bool
kill_at(unsigned moment, bool patient, int signal, unsigned *outcome)
{
	struct stage s;
	struct victim *v = performance_enter(&s, !VICTIM_BREAKPOINTS);

	performance.moment = moment;
	performance.where = score.at[moment].address;
	play_to(play_begin(&s, v, performance.scene, &score), moment, patient);
	stage_note_scope(&s, v);
	if (signal == SIGTERM)
		interrupt(&s, v);
	else
		victim_kill(v);
	return performance_judge(&s, outcome);
}

/* The whole scene, without a kill before its end. */
static void
rehearse(void)
{
	struct victim *v;
	struct stage s;
	struct watch w;
	unsigned outcome;

	performance.moment = 0;
	v = performance_enter(&s, true);
	watch_begin(&w, s.space);
	play_slowly(play_begin(&s, v, performance.scene, NULL), &score, &w);
	watch_end(&w);
	victim_kill(v);
	if (!score.count)
		give_up("the victim does not open the segment");
	if (!performance_judge(&s, &outcome))
		exit(1);
}

/* ---- one scene ------------------------------------------------------------------- */

static bool
is_interruptible(void)
{
	return (!strncmp(performance.scene->victim, "wait ", 5) ||
		!strncmp(performance.scene->victim, "try ", 4)) &&
	       !strstr(performance.scene->victim, "--uninterruptible");
}

static void
try_moment(struct tally *t, unsigned moment, unsigned *outcome)
{
	bool changed = score.at[moment].changed,
	     twice = changed && play_somebody_ran(&score, moment);
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

/* Every moment from one to another, with a few around, but no more than 60. */
static void
try_turn(struct tally *t, unsigned from, unsigned to)
{
	unsigned outcome, moment = from > 5 ? from - 5 : 0;
	unsigned stride = (to - from + 10) / 60 + 1;

	t->turns++;
	for (; moment < to + 5 && moment < score.count; moment += stride)
		if (!score.at[moment].changed)
			try_moment(t, moment, &outcome);
}

static void
try_singles(struct tally *t)
{
	unsigned moment, outcome, last_outcome = 0, last = 0, nth = 0;

	for (moment = 0; moment < score.count; moment++) {
		if (!option.every && !score.at[moment].changed)
			continue;
		if (nth++ % option.shares != option.share)
			continue;
		try_moment(t, moment, &outcome);
		if (!option.every && option.shares == 1 && moment && outcome != last_outcome)
			try_turn(t, last, moment);
		last_outcome = outcome;
		last = moment;
	}
}

/* Not the hundredth round of a loop: to get there takes long. */
static unsigned
random_moment(void)
{
	unsigned moment = 0;

	if (score.count == 0)
		return 0;
	do
		moment = (unsigned)rand() % score.count;
	while (score.at[moment].nth > 100);
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

	for (moment = 0; moment < score.count; moment++)
		if (score.at[moment].matters && nth++ % option.double_shares == option.double_share)
			t->doubles += doubles_try_of(&score, moment, &sound);
	t->failed |= !sound;
}

static void
try_some_doubles(struct tally *t)
{
	bool sound = true;
	unsigned i;

	for (i = 0; score.count > 0 && i < 10 * option.doubles && t->doubles < option.doubles;
	     i++) {
		unsigned first = (unsigned)rand() % score.count;

		while (!score.at[first].matters)
			first = (first + 1) % score.count;
		t->doubles += doubles_try_one(&score, first, &sound);
	}
	t->failed |= !sound;
}

/* --at: one kill, or two with each of the second victims, once more; too late a moment is the
 * last. */
static void
try_again(struct tally *t)
{
	unsigned first = 0, second = 0, outcome;
	bool sound = true, twice = sscanf(option.at, "%u/%u", &first, &second) == 2;

	if (first >= score.count)
		first = score.count - 1;
	if (twice)
		t->doubles += doubles_try_at(&score, first, second, &sound);
	else
		try_moment(t, first, &outcome);
	t->failed |= !sound;
}

static void
print_tally(const char *name, const struct tally *t, int64_t begin)
{
	printf("%s: %s: %lu instructions, %lu of them changes, %lu turns; %lu kills, "
	       "%lu interrupts, %lu double kills; %.0f s\n",
	       t->failed ? "FAILED" : "sound", name, t->moments, t->changes, t->turns, t->kills,
	       t->interrupts, t->doubles, (double)(now_us() - begin) / 1e6);
	fflush(stdout);
}

static void
play_scene(struct tally *sum)
{
	int64_t begin = now_us();
	struct tally t = { 0 };
	unsigned moment;

	rehearse();
	t.moments = score.count;
	for (moment = 0; moment < score.count; moment++)
		t.changes += score.at[moment].changed;
	if (option.at) {
		try_again(&t);
	} else {
		try_singles(&t);
		if (!option.every)
			try_samples(&t);
		if (option.double_shares)
			try_all_doubles(&t);
		else
			try_some_doubles(&t);
	}
	print_tally(performance.scene->name, &t, begin);
	sum->moments += t.moments;
	sum->changes += t.changes;
	sum->turns += t.turns;
	sum->kills += t.kills;
	sum->interrupts += t.interrupts;
	sum->doubles += t.doubles;
	sum->failed |= t.failed;
}

/* ---- the command line --------------------------------------------------------------- */

static void
list_scenes(void)
{
	size_t i;

	for (i = 0; i < scenes_count; i++)
		puts(scenes[i].name);
}

static int
usage(void)
{
	fputs("usage: kill-stepper [--every] [--doubles I/N] [--share I/N] [--samples N] [--double "
	      "N] "
	      "[--at K[/L]] [--keep FILE] COMPL WAITER SCENE...\n"
	      "       kill-stepper --list\n",
	      stderr);
	return 2;
}

static bool
read_share(const char *text, unsigned *share, unsigned *shares)
{
	return sscanf(text, "%u/%u", share, shares) == 2 && *share < *shares;
}

/* An option; returns how many words it was, 0 if there is no such one. */
static int
read_option(char **argv)
{
	if (!strcmp(argv[0], "--every"))
		return option.every = true;
	if (!argv[1])
		return 0;
	if (!strcmp(argv[0], "--at"))
		option.at = argv[1];
	else if (!strcmp(argv[0], "--keep"))
		performance.keep = argv[1];
	else if (!strcmp(argv[0], "--samples"))
		option.samples = (unsigned)atoi(argv[1]);
	else if (!strcmp(argv[0], "--double"))
		option.doubles = (unsigned)atoi(argv[1]);
	else if (!strcmp(argv[0], "--doubles"))
		return read_share(argv[1], &option.double_share, &option.double_shares) ? 2 : 0;
	else if (!strcmp(argv[0], "--share"))
		return read_share(argv[1], &option.share, &option.shares) ? 2 : 0;
	else
		return 0;
	return 2;
}

static bool
play_named(const char *name, struct tally *sum)
{
	bool found = false;
	size_t i;

	for (i = 0; i < scenes_count; i++)
		if (!strcmp(name, "all") || !strcmp(name, scenes[i].name)) {
			performance.scene = &scenes[i];
			play_scene(sum);
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
		list_scenes();
		return 0;
	}
	for (argv++, argc--; argc && argv[0][0] == '-'; argv += words, argc -= words)
		if (!(words = read_option(argv)))
			return usage();
	if (argc < 3)
		return usage();
	performance.program = argv[0];
	performance.waiter = argv[1];
	performance.holder = holder;
	performance.repair = elf_range(performance.program, "segment_lock");
	performance.waiter_repair = elf_range(performance.waiter, "segment_lock");
	performance_set_signals();
	srand((unsigned)getpid());
	for (argv += 2; *argv; argv++)
		if (!play_named(*argv, &sum))
			return usage();
	print_tally("all of these", &sum, begin);
	return sum.failed ? 1 : 0;
}
