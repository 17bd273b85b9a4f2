/* SPDX-License-Identifier: ISC
 *
 * hand-over.c - how long from starting the signaller until the blocked waiter has exited
 *
 * Usage: hand-over ROUNDS COMPL NAME BARE FILE EMPTY
 *
 * Two contenders take turns, and who goes first alternates too, so that whatever the machine
 * does besides hits both alike.  A round begins when the waiter sleeps in a futex, which
 * /proc says; so the time it needed to get there is not in the figure.
 *
 * Then the same way, with nobody waiting, how long one run takes: `compl done`, the empty
 * program, /bin/true.
 *
 * Ratios are of medians; their interval (95 %) is by bootstrap over whole rounds.
 */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RESAMPLES 2000

extern char **environ;

static _Noreturn void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("hand-over: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static double
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* ---- processes --------------------------------------------------------------------- */

static pid_t
start(const char *const *command)
{
	pid_t pid;
	int error = posix_spawn(&pid, command[0], NULL, NULL, (char *const *)command, environ);

	if (error)
		die("%s: %s", command[0], strerror(error));
	return pid;
}

static void
reap(pid_t pid, const char *who)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid: %s", strerror(errno));
	if (status != 0)
		die("%s ended with wait status %#x", who, (unsigned)status);
}

/* The text of /proc/PID/FILE; empty if it cannot be read. */
static void
read_proc(char *text, size_t size, pid_t pid, const char *file)
{
	char path[64];
	FILE *f;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, size - 1, f);
		fclose(f);
	}
	text[n] = '\0';
}

static bool
sleeps_in_futex(pid_t pid)
{
	char text[512];
	const char *state;
	long number;

	read_proc(text, sizeof(text), pid, "stat");
	state = strrchr(text, ')');
	if (!state || strncmp(state, ") S", 3) != 0)
		return false;
	read_proc(text, sizeof(text), pid, "syscall");
	number = strtol(text, NULL, 10);
#ifdef SYS_futex_waitv
	if (number == SYS_futex_waitv)
		return true;
#endif
	return number == SYS_futex;
}

static void
await_sleep(pid_t pid, const char *who)
{
	double give_up = now_us() + 10e6;

	while (!sleeps_in_futex(pid)) {
		if (now_us() > give_up)
			die("%s did not go to sleep in a futex", who);
		usleep(200);
	}
}

/* ---- measurements ------------------------------------------------------------------ */

struct contender {
	const char *label;
	const char *const *wait; /* NULL: nobody waits, and post is all there is */
	const char *const *post;
	double *us; /* one per round */
};

static double
hand_over(const struct contender *c)
{
	pid_t waiter = start(c->wait), poster;
	double begin, end;

	await_sleep(waiter, c->label);
	begin = now_us();
	poster = start(c->post);
	reap(waiter, c->label);
	end = now_us();
	reap(poster, c->label);
	return end - begin;
}

static double
run_alone(const struct contender *c)
{
	double begin = now_us();

	reap(start(c->post), c->label);
	return now_us() - begin;
}

/* The first rounds warm caches and are thrown away. */
static void
take_turns(struct contender *c, size_t count, size_t rounds)
{
	const size_t warm_up = 10;

	for (size_t i = 0; i < count; i++)
		c[i].us = calloc(rounds, sizeof(double));
	for (size_t round = 0; round < rounds + warm_up; round++) {
		for (size_t turn = 0; turn < count; turn++) {
			struct contender *who = &c[(turn + round) % count];
			double us = who->wait ? hand_over(who) : run_alone(who);

			if (round >= warm_up)
				who->us[round - warm_up] = us;
		}
	}
}

/* ---- statistics -------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts values. */
static double
quantile(double *values, size_t count, double q)
{
	double at = q * (double)(count - 1);
	size_t below = (size_t)at;
	size_t above = below + 1 < count ? below + 1 : below;

	qsort(values, count, sizeof(*values), compare);
	return values[below] + (at - (double)below) * (values[above] - values[below]);
}

static double
quantile_of_copy(const double *values, size_t count, double q)
{
	double *copy = malloc(count * sizeof(*copy));
	double result;

	memcpy(copy, values, count * sizeof(*copy));
	result = quantile(copy, count, q);
	free(copy);
	return result;
}

/* xorshift64: the same interval for the same data. */
static size_t
draw(uint64_t *state, size_t count)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state % count);
}

static void
print_row(const struct contender *c, size_t rounds)
{
	printf("  %-28s %8.0f %8.0f %8.0f\n", c->label, quantile_of_copy(c->us, rounds, 0.5),
	       quantile_of_copy(c->us, rounds, 0.1), quantile_of_copy(c->us, rounds, 0.9));
}

static void
print_ratio(const struct contender *a, const struct contender *b, size_t rounds)
{
	double *ratios = malloc(RESAMPLES * sizeof(*ratios));
	double *x = malloc(rounds * sizeof(*x)), *y = malloc(rounds * sizeof(*y));
	double ratio = quantile_of_copy(a->us, rounds, 0.5) / quantile_of_copy(b->us, rounds, 0.5);
	uint64_t state = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < RESAMPLES; i++) {
		for (size_t j = 0; j < rounds; j++) {
			size_t pick = draw(&state, rounds);

			x[j] = a->us[pick];
			y[j] = b->us[pick];
		}
		ratios[i] = quantile(x, rounds, 0.5) / quantile(y, rounds, 0.5);
	}
	printf("  %s / %s = %.2f (%.2f to %.2f)\n", a->label, b->label, ratio,
	       quantile_of_copy(ratios, RESAMPLES, 0.025),
	       quantile_of_copy(ratios, RESAMPLES, 0.975));
	free(ratios);
	free(x);
	free(y);
}

static void
report(const char *title, struct contender *c, size_t count, size_t rounds)
{
	take_turns(c, count, rounds);
	printf("%s, %zu rounds, us\n  %-28s %8s %8s %8s\n", title, rounds, "", "median", "10 %",
	       "90 %");
	for (size_t i = 0; i < count; i++)
		print_row(&c[i], rounds);
	for (size_t i = 1; i < count; i++)
		print_ratio(&c[0], &c[i], rounds);
	for (size_t i = 0; i < count; i++)
		free(c[i].us);
}

int
main(int argc, char **argv)
{
	if (argc != 7)
		die("usage: hand-over ROUNDS COMPL NAME BARE FILE EMPTY");

	size_t rounds = strtoul(argv[1], NULL, 10);
	const char *compl_wait[] = { argv[2], "wait", argv[3], NULL };
	const char *compl_done[] = { argv[2], "done", argv[3], NULL };
	const char *bare_wait[] = { argv[4], "wait", argv[5], NULL };
	const char *bare_post[] = { argv[4], "post", argv[5], NULL };
	const char *empty[] = { argv[6], NULL };
	const char *bin_true[] = { "/bin/true", NULL };
	struct contender waits[] = {
		{ .label = "compl", .wait = compl_wait, .post = compl_done },
		{ .label = "bare futex word", .wait = bare_wait, .post = bare_post },
	};
	struct contender alone[] = {
		{ .label = "compl done, nobody waits", .post = compl_done },
		{ .label = "empty program", .post = empty },
		{ .label = "/bin/true", .post = bin_true },
	};

	if (rounds == 0)
		die("%s: not a number of rounds", argv[1]);
	report("From starting the signaller to the waiter's exit", waits, 2, rounds);
	report("One run", alone, 3, rounds);
	return 0;
}
