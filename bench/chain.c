/* SPDX-License-Identifier: ISC
 *
 * chain.c - measures what it costs that waits below `run` look for dead-locks
 *
 * Usage: chain ROUNDS N NAMESPACE COMPL
 *
 * Each round has four turns, in random order, with N waits, each below a `run` of its own:
 *	chain	each wait waits for what the next `run` produces
 *	star	all wait for one name, which one more `run` produces
 * and each of these once as it is, and once with COMPL_PRODUCES removed, so that no wait looks
 * (SERIES-blind).
 *
 * The samples of a turn are
 *	detect/SERIES-up	the time from the first start until all wait
 *	detect/SERIES-asleep	per cent of one processor that all of them use while they sleep, for
 *				ASLEEP_SECONDS; only in the first rounds
 *	detect/SERIES-down	the time from the post to the end of the last process
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "compl.h"

#define ASLEEP_ROUNDS  3
#define ASLEEP_SECONDS 11      /* more than the time between two looks of a sleeper */
#define SETTLE_US      1500000 /* until each wait has looked three times */

static const char *program;
static size_t size;
static struct compl_space *c;

/* ---- starting --------------------------------------------------------------------------- */

struct shape {
	const char *series;
	bool is_star, is_blind;
};

static const struct shape shapes[] = {
	{ "chain", false, false },
	{ "chain-blind", false, true },
	{ "star", true, false },
	{ "star-blind", true, true },
};

/* Starts one run and its wait.  Both kinds pass through env, so they differ in nothing else. */
static void
start_run(const char *produces, const char *awaits, bool is_blind)
{
	char run[] = "run", all[] = "--all", end[] = "--", wait[] = "wait";
	char env[] = "/usr/bin/env", unset[] = "-u";
	char produced[] = "COMPL_PRODUCES", nothing[] = "COMPL_NOTHING";
	char *words[] = { (char *)program,
			  run,
			  (char *)produces,
			  all,
			  end,
			  env,
			  unset,
			  is_blind ? produced : nothing,
			  (char *)program,
			  wait,
			  (char *)awaits,
			  NULL };

	bench_join_crowd(words);
}

static void
start_all(const struct shape *shape)
{
	char produces[32], awaits[32];

	bench_make_crowd(size + 1);
	if (shape->is_star)
		start_run("hub", "last", shape->is_blind);
	for (size_t i = 1; i <= size; i++) {
		snprintf(produces, sizeof(produces), "n%zu", i);
		snprintf(awaits, sizeof(awaits), "n%zu", i + 1);
		start_run(produces,
			  shape->is_star ? "hub"
			  : i == size	 ? "last"
					 : awaits,
			  shape->is_blind);
	}
}

/* ---- looking ----------------------------------------------------------------------------- */

static struct compl_listing *
list(void)
{
	struct compl_listing *listing;

	if (compl_list(c, &listing) != COMPL_OK)
		bench_die("cannot list the namespace");
	return listing;
}

static size_t
count_waiters(void)
{
	struct compl_listing *listing = list();
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++)
		count += compl_entry_at(listing, i)->waiter_count;
	compl_list_free(listing);
	return count;
}

static void
await_waiters(const struct shape *shape)
{
	size_t wanted = size + shape->is_star;
	double give_up = bench_now_us() + LIMIT_SECONDS * 1e6;

	while (count_waiters() < wanted) {
		if (bench_now_us() > give_up)
			bench_die("%s: not all waits came into line", shape->series);
		usleep(2000);
	}
}

/* In nanoseconds. */
static double
processor_time(pid_t pid)
{
	return strtod(bench_read_proc(pid, "schedstat"), NULL);
}

/* The processor time of all of them: of each `run` and of each wait. */
static double
processor_time_of_all(void)
{
	struct compl_listing *listing = list();
	double sum = 0;

	for (size_t i = 0; i < bench_crowd_count; i++)
		sum += processor_time(bench_crowd[i]);
	for (size_t i = 0; i < listing->count; i++) {
		const struct compl_entry *entry = compl_entry_at(listing, i);

		for (size_t k = 0; k < entry->waiter_count; k++)
			sum += processor_time(compl_waiter_at(entry, k)->pid);
	}
	compl_list_free(listing);
	return sum;
}

static void
measure_asleep(const struct shape *shape)
{
	double before = processor_time_of_all(), since = bench_now_us();

	sleep(ASLEEP_SECONDS);
	printf("detect/%s-asleep %% %.4f\n", shape->series,
	       (processor_time_of_all() - before) / ((bench_now_us() - since) * 1e3) * 100);
}

/* ---- turns -------------------------------------------------------------------------------- */

static void
reap_all(const struct shape *shape)
{
	for (size_t i = 0; i < bench_crowd_count; i++) {
		pid_t pid = bench_crowd[i];

		bench_reap(pid, shape->series);
		bench_crowd[i] = 0;
	}
	free(bench_crowd);
	bench_crowd = NULL;
	bench_crowd_count = 0;
}

/* Each turn has a namespace of its own, with the same name. */
static void
take_turn(const struct shape *shape, const char *space, bool with_sleep)
{
	struct compl_where where = { .space = space, .uid = geteuid() };
	struct compl_post all = { .all = true };
	double begin = bench_now_us();

	alarm(LIMIT_SECONDS);
	if (compl_open(&c, &where, COMPL_CREATE) != COMPL_OK)
		bench_die("cannot open the namespace");
	start_all(shape);
	await_waiters(shape);
	printf("detect/%s-up us %.0f\n", shape->series, bench_now_us() - begin);
	usleep(SETTLE_US);
	if (with_sleep)
		measure_asleep(shape);
	begin = bench_now_us();
	if (compl_done(c, "last", &all) != COMPL_OK)
		bench_die("cannot post");
	reap_all(shape);
	printf("detect/%s-down us %.0f\n", shape->series, bench_now_us() - begin);
	alarm(0);
	compl_close(c);
	if (compl_remove_all(&where, true) != COMPL_OK)
		bench_die("cannot remove the namespace");
}

int
main(int argc, char **argv)
{
	size_t order[COUNT(shapes)], rounds;

	bench_prepare_to_end();
	if (argc != 5)
		bench_die("usage: chain ROUNDS N NAMESPACE COMPL");
	rounds = bench_number(argv[1]);
	size = bench_number(argv[2]);
	program = argv[4];
	if (setenv("COMPL_NAMESPACE", argv[3], 1) != 0)
		bench_die("no memory");
	for (size_t round = 0; round < rounds; round++) {
		bench_shuffle(order, COUNT(order));
		for (size_t turn = 0; turn < COUNT(order); turn++)
			take_turn(&shapes[order[turn]], argv[3], round < ASLEEP_ROUNDS);
		fflush(stdout);
	}
	return 0;
}
