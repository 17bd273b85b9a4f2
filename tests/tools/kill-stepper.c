/* SPDX-License-Identifier: ISC
 *
 * kill-stepper - kills a command after any instruction, and looks what becomes of the others
 *
 * Usage: kill-stepper [--every] [--share I/N] [--samples N] [--double N] [--at K[/L]] COMPL WAITER SCENE...
 *
 * Each scene (scenes.h) is first played to its end, noting the moments at which something
 * changed that outlives the victim: the bytes of the segment, or the victim's robust list.
 * Between two such moments one instruction is as good as another to be killed at; so the
 * scene is then played once for each of them, on a fresh segment, and the victim killed
 * there by SIGKILL.  Then, without any further command, all who should go must have gone; the
 * tokens must add up (verdict.h); and the line must work on.
 *
 * Where the outcome turns from one such moment to the next, every moment between them and
 * a few around is tried too, and of all others --samples at random; --every tries every
 * single one.  --share I/N takes the I-th of N parts.  --double N: N times, a
 * second victim is killed in the same way while it comes upon what the first has left.
 * --at K or K/L does one kill, or a double one, once more; --keep FILE saves the segment of a
 * failure.
 *
 * Prints a line per scene; status 1 if something did not add up.
 */
#include "play.h"
#include "verdict.h"

#include <sys/time.h>

static struct {
	bool every;
	unsigned share, shares, samples, doubles;
	const char *at, *keep;
} option = { .shares = 1, .samples = 20 };

static struct {
	const struct scene *scene;
	struct stage *stage;
	unsigned moment, second, kills, performances;
	volatile unsigned ticks;
	unsigned long long where;
} now;

static char holder[4096]; /* hold-lock, beside us */

static const char *const seconds[] = { "done a", "wait a --timeout 0", "done a --all", "rm a",
				       "ls",	 "reinit a --force" };

/* The segment as it was at the verdict, for those who look for the reason. */
static void
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

static void
report(const char *why)
{
	printf("%s: killed at moment %u", now.scene->name, now.moment);
	if (now.second)
		printf(" and again at %u", now.second);
	printf(" (instruction 0x%llx, namespace %s): %s\n", now.where, now.stage->space, why);
	fflush(stdout);
	if (option.keep)
		keep(now.stage->space, option.keep);
}

_Noreturn void
give_up(const char *why)
{
	static bool again;

	if (!again && now.stage) {
		again = true;
		report(why);
		stage_end(now.stage);
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
	if (--now.ticks == 0)
		give_up("it hangs");
}

static void
ticks_begin(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = tick };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void
enter(struct stage *s, const char *program, const char *waiter)
{
	char space[32];

	now.ticks = 60000;
	share_processor();
	*s = (struct stage){ .program = program, .waiter = waiter, .holder = holder };
	now.stage = s;
	snprintf(space, sizeof space, "step%d.%u", (int)getpid(), now.performances++);
	stage_begin(s, now.scene, space);
}

/* After the verdict: lets those who are left go in their order, and then uses the
 * names from the start. */
static bool
goes_on(struct stage *s, struct remains *r)
{
	unsigned moved = r->moved, n;
	size_t i, faults = 0;

	compl_close(s->c); /* the namespace may be another now */
	s->c = NULL;
	for (i = 0; i < s->others; i++)
		other_stop(&s->other[i], false);
	if (!others_settle(s->other, s->others))
		return trouble(r, "going on: the others do not settle");
	stage_count(s);
	compl_list_free(r->list);
	if (!verdict(r, s))
		return false;
	for (i = 0; i < s->others; i++) {
		if (s->cast[i].ended)
			continue;
		for (n = 0; n < NAMES; n++) {
			const struct wish *w = &s->cast[i].wish;

			if (!(w->names >> n & 1) || is_all(r, n) || r->left[n] >= w->count)
				continue;
			stage_post(s, n, (uint32_t)(w->count - r->left[n]), false);
			if (w->any)
				break;
		}
		compl_list_free(r->list);
		if (!others_settle(s->other, s->others))
			return trouble(r, "going on: the others do not settle");
		stage_count(s);
		if (!verdict(r, s))
			return false;
		if (r->moved != moved && s->victims == 1 && strcmp(s->dead[0].wish.verb, "rm"))
			return trouble(r, "going on: what the victim did has changed");
		if (!s->cast[i].ended)
			return trouble(r, "going on: waiter %zu does not go", i);
	}
	if (compl_check(stage_open(s), NULL, NULL, &faults) != COMPL_OK || faults)
		return trouble(r, "check finds %zu faults", faults);
	for (n = 0; n < NAMES; n++) {
		const char *name = name_of(n);
		struct compl_request one = { .names = &name, .count = 1, .need = 1 };
		struct compl_outcome out = { 0 };

		must(compl_reinit(s->c, name, true));
		stage_post(s, n, 1, false);
		must(compl_try(s->c, &one, &out));
		if (compl_test(s->c, name) != COMPL_NOT_DONE)
			return trouble(r, "%s is done after a token was posted and taken", name);
	}
	if (compl_rescues(s->c))
		return trouble(r, "a seat belt was needed");
	return true;
}

/* What can be seen from outside of what came of a kill, as a number. */
static unsigned
outcome_of(const struct stage *s, const struct remains *r)
{
	unsigned seen = r->moved | (unsigned)s->dead[0].ended << 2;
	size_t i;

	for (i = 0; i < s->others; i++)
		seen |= (unsigned)s->cast[i].ended << (i + 3);
	return seen;
}

/* The victims have been killed: what became of it all. */
static bool
judge(struct stage *s, struct remains *r, unsigned *outcome)
{
	bool sound;

	now.kills++;
	if (s->inode && s->inode != segment_inode(s->space) &&
	    !strstr(now.scene->victim, "rm --all"))
		give_up("somebody else has removed the segment");
	stage_let_go(s);
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	stage_count(s);
	sound = verdict(r, s);
	*outcome = outcome_of(s, r);
	if (sound)
		sound = goes_on(s, r);
	if (!sound)
		report(r->trouble);
	compl_list_free(r->list);
	return sound;
}

/* One performance with a kill at this moment. */
static bool
kill_at(const char *program, const char *waiter, unsigned moment, bool patient, unsigned *outcome)
{
	struct remains r;
	struct victim *v;
	struct stage s;
	bool sound;

	now.moment = moment;
	now.second = 0;
	enter(&s, program, waiter);
	v = stage_victim(&s, now.scene->victim, !VICTIM_BREAKPOINTS);
	play_to(&s, v, now.scene, moment, patient);
	now.where = moments[moment].address;
	victim_kill(v);
	sound = judge(&s, &r, outcome);
	stage_end(&s);
	return sound;
}

/* The whole scene, without a kill before its end; returns the number of moments. */
static unsigned
rehearse(const char *program, const char *waiter)
{
	struct remains r;
	struct victim *v;
	struct stage s;
	struct watch w;
	unsigned count, outcome;
	bool sound;

	now.moment = now.second = 0;
	enter(&s, program, waiter);
	watch_begin(&w, s.space);
	v = stage_victim(&s, now.scene->victim, true);
	count = rehearse_moments(&s, v, now.scene, &w);
	watch_end(&w);
	victim_kill(v);
	sound = judge(&s, &r, &outcome);
	stage_end(&s);
	if (!sound || !count)
		exit(1);
	return count;
}

/* ---- one scene ------------------------------------------------------------------- */

struct tally {
	unsigned moments, changes, turns;
	bool failed;
};

static void
try_moment(struct tally *t, const char *program, const char *waiter, unsigned moment,
	   unsigned *outcome)
{
	t->failed |= !kill_at(program, waiter, moment, false, outcome);
	if (moments[moment].changed && somebody_ran(moment))
		t->failed |= !kill_at(program, waiter, moment, true, outcome);
}

/* Every moment from one to another, with a few around, but no more than 60. */
static void
try_turn(struct tally *t, const char *program, const char *waiter, unsigned from, unsigned to)
{
	unsigned outcome, moment = from > 5 ? from - 5 : 0;
	unsigned stride = (to - from + 10) / 60 + 1;

	t->turns++;
	for (; moment < to + 5 && moment < t->moments; moment += stride)
		if (!moments[moment].changed)
			try_moment(t, program, waiter, moment, &outcome);
}

static void
try_changes(struct tally *t, const char *program, const char *waiter)
{
	unsigned moment, outcome, last_outcome = 0, last = 0, nth = 0;

	for (moment = 0; moment < t->moments; moment++) {
		t->changes += moments[moment].changed;
		if (!option.every && !moments[moment].changed)
			continue;
		if (nth++ % option.shares != option.share)
			continue;
		try_moment(t, program, waiter, moment, &outcome);
		if (!option.every && option.shares == 1 && moment && outcome != last_outcome)
			try_turn(t, program, waiter, last, moment);
		last_outcome = outcome;
		last = moment;
	}
}

/* Two kills: of the scene's victim at a change, then of another, which meets what the first
 * left behind, at a change of its own. */
static void
try_double(struct tally *t, const char *program, const char *waiter, unsigned first,
	   unsigned second, const char *line)
{
	unsigned outcome;
	struct remains r;
	struct victim *v;
	struct stage s;

	now.moment = first;
	now.second = second;
	enter(&s, program, waiter);
	v = stage_victim(&s, now.scene->victim, !VICTIM_BREAKPOINTS);
	play_to(&s, v, now.scene, first, (first & 1) != 0);
	now.where = moments[first].address;
	victim_kill(v);
	v = stage_victim(&s, line, true);
	victim_steps(v, second);
	victim_kill(v);
	if (!judge(&s, &r, &outcome)) {
		printf("\tthe second was: %s\n", line);
		t->failed = true;
	}
	stage_end(&s);
}

/* Not the hundredth round of a loop: to get there takes long. */
static unsigned
random_moment(unsigned count)
{
	unsigned moment;

	do
		moment = (unsigned)rand() % count;
	while (moments[moment].nth > 100);
	return moment;
}

/* --at: one kill, or two with each of the second victims, once more. */
static void
try_again(struct tally *t, const char *program, const char *waiter)
{
	unsigned first = 0, second = 0, outcome;
	size_t i;

	if (sscanf(option.at, "%u/%u", &first, &second) != 2)
		try_moment(t, program, waiter, first % t->moments, &outcome);
	else
		for (i = 0; i < sizeof seconds / sizeof *seconds; i++)
			try_double(t, program, waiter, first % t->moments, second, seconds[i]);
}

static void
try_doubles(struct tally *t, const char *program, const char *waiter)
{
	unsigned i;

	for (i = 0; i < option.doubles; i++) {
		const char *line = seconds[(unsigned)rand() % (sizeof seconds / sizeof *seconds)];
		unsigned first = (unsigned)rand() % t->moments;

		while (!moments[first].changed)
			first = (first + 1) % t->moments;
		try_double(t, program, waiter, first, (unsigned)rand() % 4000, line);
	}
}

static bool
play_scene(const char *program, const char *waiter)
{
	unsigned i, outcome, before = now.kills;
	int64_t begin = now_us();
	struct tally t = { 0 };

	t.moments = rehearse(program, waiter);
	if (option.at) {
		try_again(&t, program, waiter);
		return !t.failed;
	}
	try_changes(&t, program, waiter);
	for (i = 0; !option.every && i < option.samples; i++)
		try_moment(&t, program, waiter, random_moment(t.moments), &outcome);
	try_doubles(&t, program, waiter);
	printf("%s: %s: %u moments, %u of them changes, %u turns, %u kills, %.1f s\n",
	       t.failed ? "FAILED" : "sound", now.scene->name, t.moments, t.changes, t.turns,
	       now.kills - before, (double)(now_us() - begin) / 1e6);
	fflush(stdout);
	return !t.failed;
}

static int
usage(void)
{
	size_t i;

	fputs("usage: kill-stepper [--every] [--share I/N] [--samples N] [--double N] [--at K[/L]] "
	      "[--keep FILE] COMPL WAITER SCENE...\nscenes:",
	      stderr);
	for (i = 0; i < SCENE_COUNT; i++)
		fprintf(stderr, " %s", scenes[i].name);
	fputs("\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	bool sound = true;
	size_t i;

	snprintf(holder, sizeof holder, "%.*shold-lock",
		 strrchr(argv[0], '/') ? (int)(strrchr(argv[0], '/') - argv[0] + 1) : 0, argv[0]);
	for (argv++, argc--; argc && argv[0][0] == '-'; argv++, argc--) {
		if (!strcmp(argv[0], "--every")) {
			option.every = true;
			continue;
		}
		if (argc < 2)
			return usage();
		if (!strcmp(argv[0], "--share"))
			sscanf(argv[1], "%u/%u", &option.share, &option.shares);
		else if (!strcmp(argv[0], "--samples"))
			option.samples = (unsigned)atoi(argv[1]);
		else if (!strcmp(argv[0], "--at"))
			option.at = argv[1];
		else if (!strcmp(argv[0], "--keep"))
			option.keep = argv[1];
		else if (!strcmp(argv[0], "--double"))
			option.doubles = (unsigned)atoi(argv[1]);
		else
			return usage();
		argv++;
		argc--;
	}
	if (argc < 3 || !option.shares)
		return usage();
	ticks_begin();
	srand((unsigned)getpid());
	for (argc -= 2; argc; argc--) {
		for (i = 0; i < SCENE_COUNT && strcmp(scenes[i].name, argv[argc + 1]); i++)
			;
		if (i == SCENE_COUNT)
			return usage();
		now.scene = &scenes[i];
		sound &= play_scene(argv[0], argv[1]);
	}
	return sound ? 0 : 1;
}
