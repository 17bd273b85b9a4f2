/* SPDX-License-Identifier: ISC
 *
 * threads.c - threads of a host program that share a handle, and the host's own robust mutexes
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "tap.h"

#define THREADS 12

static void *
thread_waits(void *taken)
{
	if (space_wait_ms(space_handle, "a", 20000) == COMPL_OK)
		__atomic_add_fetch((int *)taken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool
share_a_handle(void)
{
	pthread_t thread[THREADS];
	int taken = 0, i;

	space();
	for (i = 0; i < THREADS; i++)
		CHECK(pthread_create(&thread[i], NULL, thread_waits, &taken) == 0);
	while (space_waiters("a") < THREADS)
		nap();
	for (i = 0; i < THREADS; i++)
		CHECK(space_post("a", 1) == COMPL_OK);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	CHECK(taken == THREADS);
	CHECK(space_names_left() == 0);
	return true;
}

struct beat {
	const char *mine, *next;
	int rounds, failed;
};

static void *
thread_passes_on(void *argument)
{
	struct beat *b = argument;
	struct compl_post p = { .tokens = 1 };
	int i;

	for (i = 0; i < b->rounds && !b->failed; i++)
		if (space_wait_ms(space_handle, b->mine, 20000) != COMPL_OK ||
		    compl_done(space_handle, b->next, &p) != COMPL_OK)
			b->failed = 1;
	return NULL;
}

static bool
pass_a_token_round(void)
{
	static const char *const names[] = { "t0", "t1", "t2", "t3" };
	struct beat beat[4];
	pthread_t thread[4];
	int i;

	space();
	for (i = 0; i < 4; i++) {
		beat[i] = (struct beat){ names[i], names[(i + 1) % 4], 300, 0 };
		CHECK(pthread_create(&thread[i], NULL, thread_passes_on, &beat[i]) == 0);
	}
	CHECK(space_post("t0", 1) == COMPL_OK);
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		CHECK(!beat[i].failed);
	}
	CHECK(space_counter("t0") == 1);
	return true;
}

/* A process whose main thread ends it while another thread waits. */
static int
exits_under_a_sleeper(void *argument)
{
	pthread_t thread;
	int taken = 0;

	(void)argument;
	NEED(pthread_create(&thread, NULL, thread_waits, &taken) == 0);
	while (space_waiters("a") < 1)
		nap();
	return 3;
}

static bool
exit_leaves_the_line(void)
{
	size_t w;

	space();
	w = child(exits_under_a_sleeper, NULL);
	CHECK(child_status(w) == 3);
	CHECK(space_waiters("a") == 0);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_try("a") == COMPL_OK);
	return true;
}

static void *
thread_uses_once(void *argument)
{
	struct compl_post p = { .tokens = 1 };

	(void)argument;
	compl_done(space_handle, "a", &p);
	return NULL;
}

static bool
threads_come_and_go(void)
{
	pthread_t thread;
	int i;

	space();
	for (i = 0; i < 200; i++) {
		CHECK(pthread_create(&thread, NULL, thread_uses_once, NULL) == 0);
		pthread_join(thread, NULL);
	}
	CHECK(space_counter("a") == 200);
	return true;
}

/* ---- the host's own robust mutexes -------------------------------------------------- */

static pthread_mutex_t *mutexes;

static bool
make_mutexes(int count)
{
	pthread_mutexattr_t attr;
	int i;

	mutexes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(mutexes != MAP_FAILED);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < count; i++)
		CHECK(pthread_mutex_init(&mutexes[i], &attr) == 0);
	return true;
}

static int
sleeps_with_mutexes(void *argument)
{
	(void)argument;
	NEED(pthread_mutex_lock(&mutexes[0]) == 0);
	NEED(pthread_mutex_lock(&mutexes[1]) == 0);
	NEED(space_post("b", 1) == COMPL_OK);
	NEED(pthread_mutex_unlock(&mutexes[0]) == 0);
	NEED(pthread_mutex_lock(&mutexes[2]) == 0);
	NEED(space_wait_ms(space_handle, "b", -1) == COMPL_OK);
	space_wait_ms(space_handle, "a", -1);
	return 98;
}

static bool
host_mutexes_stay_robust(void)
{
	size_t w;

	space();
	CHECK(make_mutexes(3));
	w = child(sleeps_with_mutexes, NULL);
	while (space_waiters("a") < 1)
		nap();
	CHECK(child_sleeps(w));
	child_kill(w, SIGKILL);
	CHECK(child_status(w) == 137);
	CHECK(pthread_mutex_lock(&mutexes[0]) == 0);
	CHECK(pthread_mutex_lock(&mutexes[1]) == EOWNERDEAD);
	CHECK(pthread_mutex_lock(&mutexes[2]) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&mutexes[1]) == 0);
	CHECK(pthread_mutex_consistent(&mutexes[2]) == 0);
	CHECK(pthread_mutex_unlock(&mutexes[2]) == 0);
	CHECK(pthread_mutex_unlock(&mutexes[0]) == 0);
	CHECK(pthread_mutex_unlock(&mutexes[1]) == 0);
	CHECK(space_waiters("a") == 0);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_try("a") == COMPL_OK);
	return true;
}

/* After many waits of all lengths, mutexes and words are released in another order. */
static int
mixes_orders(void *argument)
{
	const char *names[] = { "x", "y", "z" };
	struct compl_request r = { .names = names, .count = 3, .need = 1 };
	struct compl_outcome out = { 0 };
	int i;

	(void)argument;
	for (i = 0; i < 100; i++) {
		NEED(pthread_mutex_lock(&mutexes[i % 3]) == 0);
		r.deadline_ns = in_ms(1);
		NEED(compl_wait(space_handle, &r, &out) == COMPL_TIMED_OUT);
		NEED(pthread_mutex_lock(&mutexes[(i + 1) % 3]) == 0);
		NEED(pthread_mutex_unlock(&mutexes[i % 3]) == 0);
		NEED(space_post("n", 1) == COMPL_OK);
		NEED(space_wait_ms(space_handle, "n", -1) == COMPL_OK);
		NEED(pthread_mutex_unlock(&mutexes[(i + 1) % 3]) == 0);
	}
	NEED(pthread_mutex_lock(&mutexes[1]) == 0);
	kill(getpid(), SIGKILL);
	return 98;
}

static bool
host_mutexes_in_any_order(void)
{
	size_t w;

	space();
	CHECK(make_mutexes(3));
	w = child(mixes_orders, NULL);
	CHECK(child_status(w) == 137);
	CHECK(pthread_mutex_lock(&mutexes[0]) == 0);
	CHECK(pthread_mutex_lock(&mutexes[1]) == EOWNERDEAD);
	CHECK(pthread_mutex_lock(&mutexes[2]) == 0);
	CHECK(space_names_left() == 0);
	return true;
}

/* A handle with a list of its own, and the thread's former list after it is closed. */
static int
lists_one_after_the_other(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	(void)argument;
	NEED(c && space_wait_ms(c, "a", 5) == COMPL_TIMED_OUT);
	compl_close(c);
	NEED(pthread_mutex_lock(&mutexes[0]) == 0);
	kill(getpid(), SIGKILL);
	return 98;
}

static bool
sole_list_gives_way(void)
{
	size_t w;

	CHECK(make_mutexes(1));
	w = child(lists_one_after_the_other, NULL);
	CHECK(child_status(w) == 137);
	CHECK(pthread_mutex_lock(&mutexes[0]) == EOWNERDEAD);
	return true;
}

static const struct test tests[] = {
	{ "threads wait on one handle, each for a token of its own", share_a_handle, false },
	{ "threads pass a token round", pass_a_token_round, false },
	{ "a process that exits while a thread of it waits leaves the line", exit_leaves_the_line,
	  false },
	{ "threads that come, post and go lose nothing", threads_come_and_go, false },
	{ "the host's own robust mutexes stay robust while compl sleeps", host_mutexes_stay_robust,
	  false },
	{ "the host's mutexes and our words may be released in any order",
	  host_mutexes_in_any_order, false },
	{ "a handle with a list of its own puts the former list back", sole_list_gives_way, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
