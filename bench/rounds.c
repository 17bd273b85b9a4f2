/* SPDX-License-Identifier: ISC
 *
 * rounds.c - runs the contenders in turns; the time of each turn is a sample
 *
 * Usage: rounds ROUNDS CONTENDER...		(see contender.h)
 *
 * Every contender has one turn in every round.  Each round draws a new order, so that whatever else
 * the machine does disturbs all of them alike.  Some rounds come first and are not counted: ten (or
 * as many as are measured, if that is less), or one for a crowd.  No other sample is left out.
 *
 * The time of a turn begins when the post is started.  It ends, with
 *	no waiter	when the post has ended
 *	one waiter	when the waiter has ended
 *	more waiters	when the last waiter has closed a pipe that all of them hold; they are
 *			reaped after that
 * The time that waiters need to go to sleep is not part of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "contender.h"

enum { GROUP_WAITERS, GROUP_POST, GROUP_PREPARE };

static FILE *samples;

/* Children read from /dev/null and write to it; samples go to our stdout. */
static void
set_up_files(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDWR);

	samples = fd < 0 ? NULL : fdopen(fd, "w");
	if (samples == NULL || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		bench_die("%s", strerror(errno));
	close(null);
}

/* ---- one waiter ------------------------------------------------------------------------- */

static long
switches(pid_t pid)
{
	const char *line = strstr(bench_read_proc(pid, "status"), "\nvoluntary_ctxt_switches:");

	return line == NULL ? -1 : strtol(strchr(line, ':') + 1, NULL, 10);
}

static void
await_quiet(const struct contender *c, pid_t pid)
{
	double since = bench_now_us(), give_up = since + LIMIT_SECONDS * 1e6;
	long before = -1;

	while (bench_now_us() - since < c->quiet_ms * 1e3) {
		long now = bench_is_asleep(pid) ? switches(pid) : -1;

		if (now != before || now < 0)
			since = bench_now_us();
		before = now;
		if (bench_now_us() > give_up)
			bench_die("%s: the waiter did not go to sleep", c->series);
		usleep(500);
	}
	if (c->spread_ms > 0)
		usleep((useconds_t)bench_draw((size_t)(c->spread_ms * 1e3)));
}

/* Only interrupts waitpid(). */
static void
on_alarm(int signal)
{
	(void)signal;
}

/* On a busy machine another tool may lose a post that came before its waiter looked.  Then this
 * posts again after five seconds, and the sample contains these five seconds. */
static void
await_end(const struct contender *c, pid_t waiter, pid_t *poster)
{
	const struct sigaction late = { .sa_handler = on_alarm };
	struct sigaction before;
	int status, patience = 5;

	sigaction(SIGALRM, &late, &before);
	alarm(5);
	while (waitpid(waiter, &status, 0) < 0) {
		if (errno != EINTR || patience-- == 0)
			bench_die("%s: the waiter does not end", c->series);
		fprintf(stderr, "bench: %s: posted again\n", c->series);
		bench_reap(*poster, c->series);
		*poster = bench_groups[GROUP_POST] = bench_start(c->post);
		alarm(5);
	}
	alarm(0);
	sigaction(SIGALRM, &before, NULL);
	if (status != 0)
		bench_die("%s: the waiter ended with wait status %#x", c->series, (unsigned)status);
}

static double
hand_over(const struct contender *c)
{
	pid_t waiter = bench_groups[GROUP_WAITERS] = bench_start(c->wait), poster;
	double begin, end;

	if (c->quiet_ms > 0)
		await_quiet(c, waiter);
	else
		bench_await_futex(waiter, c->series);
	begin = bench_now_us();
	poster = bench_groups[GROUP_POST] = bench_start(c->post);
	await_end(c, waiter, &poster);
	end = bench_now_us();
	bench_reap(poster, c->series);
	return end - begin;
}

static double
run_alone(const struct contender *c)
{
	double begin = bench_now_us();

	bench_reap(bench_groups[GROUP_POST] = bench_start(c->post), c->series);
	return bench_now_us() - begin;
}

/* ---- many ------------------------------------------------------------------------------ */

static void
start_crowd(const struct contender *c)
{
	bench_make_crowd(c->crowd);
	for (size_t i = 0; i < c->crowd; i++)
		bench_join_crowd(c->wait);
	bench_await_crowd(c->series);
}

static double
release_crowd(const struct contender *c)
{
	double begin, end;
	int held[2];
	char byte;

	if (pipe(held) < 0 || fcntl(held[0], F_SETFD, FD_CLOEXEC) < 0)
		bench_die("%s", strerror(errno));
	start_crowd(c);
	if (fcntl(held[1], F_SETFD, FD_CLOEXEC) < 0)
		bench_die("%s", strerror(errno));
	close(held[1]);
	begin = bench_now_us();
	for (size_t i = 0; i < c->posts; i++)
		bench_reap(bench_groups[GROUP_POST] = bench_start(c->post), c->series);
	if (read(held[0], &byte, 1) != 0)
		bench_die("%s: %s", c->series, strerror(errno));
	end = bench_now_us();
	close(held[0]);
	for (size_t i = 0; i < c->crowd; i++) {
		pid_t pid = bench_crowd[i];

		bench_crowd[i] = 0;
		bench_reap(pid, c->series);
	}
	bench_crowd_count = 0;
	free(bench_crowd);
	return end - begin;
}

/* ---- turns ----------------------------------------------------------------------------- */

static double
take_turn(const struct contender *c)
{
	double us;

	alarm(LIMIT_SECONDS);
	if (c->prepare != NULL)
		bench_reap(bench_groups[GROUP_PREPARE] = bench_start(c->prepare), c->series);
	if (c->wait == NULL)
		us = run_alone(c);
	else
		us = c->crowd == 1 ? hand_over(c) : release_crowd(c);
	alarm(0);
	memset(bench_groups, 0, sizeof(bench_groups));
	return us;
}

static void
take_turns(const struct contender *contenders, size_t count, size_t rounds)
{
	size_t warm_up = contenders[0].crowd > 1 ? 1 : rounds < 10 ? rounds : 10;
	size_t *order = calloc(count + 1, sizeof(*order));

	if (order == NULL)
		bench_die("%s", strerror(errno));
	for (size_t round = 0; round < rounds + warm_up; round++) {
		bench_shuffle(order, count);
		for (size_t turn = 0; turn < count; turn++) {
			const struct contender *c = &contenders[order[turn]];
			double us = take_turn(c);

			if (round >= warm_up)
				fprintf(samples, "%s us %.2f\n", c->series, us / (double)c->each);
		}
	}
	free(order);
}

int
main(int argc, char **argv)
{
	static struct contender contenders[32];
	size_t count;

	bench_prepare_to_end();
	if (argc < 4)
		bench_die("usage: rounds ROUNDS CONTENDER...");
	count = contender_read_all(argv + 2, contenders, COUNT(contenders));
	set_up_files();
	take_turns(contenders, count, bench_number(argv[1]));
	if (fclose(samples) != 0)
		bench_die("%s", strerror(errno));
	return 0;
}
