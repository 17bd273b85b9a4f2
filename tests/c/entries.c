/* SPDX-License-Identifier: ISC
 *
 * A hundred thousand waiters are killed: no place in line is lost, and the line costs the
 * same; and what happens when there is no room for another waiter.
 */
#include "internals.h"

#include <pthread.h>

static char names_text[COMPL_NAMES_MAX][16];
static const char *names[COMPL_NAMES_MAX];

static void
make_names(void)
{
	int i;

	for (i = 0; i < COMPL_NAMES_MAX; i++) {
		snprintf(names_text[i], sizeof names_text[i], "n%d", i);
		names[i] = names_text[i];
	}
	space();
}

static enum compl_result
wait_for(size_t count, int64_t deadline_ns)
{
	struct compl_request r = {
		.names = names, .count = count, .need = 1, .deadline_ns = deadline_ns
	};
	struct compl_outcome out = { 0 };

	return compl_wait(space_handle, &r, &out);
}

static int
waits_for_all(void *argument)
{
	(void)argument;
	wait_for(COMPL_NAMES_MAX, COMPL_NEVER);
	return 98;
}

static int
waits_for_one(void *argument)
{
	(void)argument;
	return wait_for(1, COMPL_NEVER) == COMPL_OK ? 0 : 98;
}

/* Places that were ever made, after a sweep; all of them free, or false. */
static bool
places_add_up(uint32_t *made)
{
	static struct session s;
	uint32_t free;

	CHECK(space_names_left() == 0);
	CHECK(internals_lock(&s));
	free = internals_free_places(&s);
	*made = s.entries;
	segment_unlock(&s);
	CHECK(free == *made);
	return true;
}

/* Starts and kills waiters of `each` places until so many places have died, a few
 * at a time. */
static bool
kill_places(uint32_t total, uint32_t each)
{
	size_t w[4], i;
	uint32_t dead;

	for (dead = 0; dead < total; dead += 4 * each) {
		children_count = 0;
		for (i = 0; i < 4; i++)
			w[i] = child(each == 1 ? waits_for_one : waits_for_all, NULL);
		for (i = 0; i < 4; i++)
			CHECK(child_sleeps(w[i]));
		for (i = 0; i < 4; i++)
			child_kill(w[(i + dead) % 4], SIGKILL);
		for (i = 0; i < 4; i++)
			CHECK(child_status(w[i]) == 137);
	}
	children_count = 0;
	return true;
}

static bool
hundred_thousand_are_killed(void)
{
	uint32_t made, later;
	size_t w;

	make_names();
	CHECK(kill_places(64 * 8, 64));
	CHECK(places_add_up(&made));
	alarm(120);
	CHECK(kill_places(100000, 64));
	CHECK(places_add_up(&later));
	printf("# places made: %u after 512 killed, %u after 100,000\n", (unsigned)made,
	       (unsigned)later);
	CHECK(later <= made + 64);
	w = child(waits_for_one, NULL);
	CHECK(child_sleeps(w));
	CHECK(space_post(names[0], 1) == COMPL_OK);
	CHECK(child_status(w) == 0);
	return true;
}

static bool
thousands_are_killed_one_by_one(void)
{
	uint32_t made;

	make_names();
	CHECK(kill_places(3000, 1));
	CHECK(places_add_up(&made));
	printf("# places made: %u\n", (unsigned)made);
	CHECK(made <= 64);
	return true;
}

/* A living one at the head, and thousands that die behind it. */
static bool
dying_behind_a_living_one(void)
{
	uint32_t made;
	size_t first;
	int i;

	make_names();
	children_count = 10;
	for (i = 0; i < 10; i++)
		children[i].ended = true;
	first = child(waits_for_all, NULL);
	CHECK(child_sleeps(first));
	for (i = 0; i < 300; i++) {
		size_t w;

		children_count = first + 1;
		w = child(waits_for_all, NULL);
		CHECK(child_sleeps(w));
		child_kill(w, SIGKILL);
		CHECK(child_status(w) == 137);
	}
	CHECK(space_waiters(names[5]) == 1);
	child_kill(first, SIGKILL);
	CHECK(child_status(first) == 137);
	CHECK(places_add_up(&made));
	CHECK(made <= 64 * 8);
	return true;
}

/* Time-outs give their places back at once or to the next who looks. */
static bool
timeouts_give_places_back(void)
{
	uint32_t made;
	int i;

	make_names();
	for (i = 0; i < 2000; i++)
		CHECK(wait_for(1 + (size_t)i % 64, in_ms(0) + 1000) == COMPL_TIMED_OUT);
	CHECK(places_add_up(&made));
	CHECK(made <= 64 * 3);
	return true;
}

/* ---- no room ------------------------------------------------------------------- */

#define THREADS (LAYOUT_ENTRIES / COMPL_NAMES_MAX)

static int results[COMPL_E_SYSTEM + 1];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

/* None ends before all have ended their waits.  A thread that begins or ends moves its stack in or
 * out, which holds up the others' page faults; and at high load the one that has just been given
 * the lock waits long for a processor.  If others wait for the lock meanwhile, they believe it
 * lost.  So they come one by one, too. */
static void *
thread_waits(void *argument)
{
	enum compl_result result = wait_for(COMPL_NAMES_MAX, COMPL_NEVER);

	(void)argument;
	__atomic_add_fetch(&results[result], 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&sigmask);
	pthread_mutex_unlock(&sigmask);
	return NULL;
}

static uint32_t
results_known(void)
{
	uint32_t known = 0;

	for (size_t i = 0; i < COUNT(results); i++)
		known += (uint32_t)__atomic_load_n(&results[i], __ATOMIC_SEQ_CST);
	return known;
}

/* Until so many places stand in some line.  (A listing of that many takes its time.) */
static void
await_places(uint32_t wanted)
{
	static struct session s;
	uint32_t standing = 0;

	while (standing != wanted) {
		nap();
		if (!internals_lock(&s))
			abort();
		standing = s.entries - internals_free_places(&s);
		segment_unlock(&s);
	}
}

static bool
no_room_for_a_waiter(void)
{
	static pthread_t thread[THREADS];
	const char *other = "other";
	struct compl_request r = { .names = &other, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };
	enum compl_result result;
	pthread_attr_t attr;
	uint32_t made, i;
	size_t w;

	make_names();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	w = child(waits_for_one, NULL);
	CHECK(child_sleeps(w));
	pthread_mutex_lock(&sigmask);
	for (i = 0; i < THREADS - 1; i++) {
		CHECK(pthread_create(&thread[i], &attr, thread_waits, NULL) == 0);
		await_places(1 + 64 * (i + 1));
	}
	/* 63 places are left. */
	CHECK(wait_for(64, in_ms(1000)) == COMPL_E_FULL_WAITERS);
	CHECK(wait_for(63, in_ms(10)) == COMPL_TIMED_OUT);
	r.deadline_ns = in_ms(10);
	CHECK(compl_wait(space(), &r, &out) == COMPL_TIMED_OUT);
	CHECK(space_post(names[0], 1) == COMPL_OK);
	CHECK(child_status(w) == 0);
	/* 64 now, when the one that slept behind the child has turned to another word: the last
	   one fits, and then nobody */
	while ((result = wait_for(64, in_ms(1000))) == COMPL_E_FULL_WAITERS)
		nap();
	CHECK(result == COMPL_TIMED_OUT);
	CHECK(pthread_create(&thread[THREADS - 1], &attr, thread_waits, NULL) == 0);
	await_places(64 * THREADS);
	r.deadline_ns = in_ms(1000);
	CHECK(compl_wait(space(), &r, &out) == COMPL_E_FULL_WAITERS);
	CHECK(compl_try(space(), &r, &out) == COMPL_TIMED_OUT);
	CHECK(space_post(other, 1) == COMPL_OK);
	CHECK(compl_wait(space(), &r, &out) == COMPL_OK);
	/* The first in line takes one of each; then all are let go. */
	for (i = 0; i < COMPL_NAMES_MAX; i++)
		CHECK(space_post(names[i], 1) == COMPL_OK);
	while (!__atomic_load_n(&results[COMPL_OK], __ATOMIC_SEQ_CST))
		nap();
	for (i = 0; i < COMPL_NAMES_MAX; i++)
		CHECK(space_post_all(names[i]) == COMPL_OK);
	while (results_known() < THREADS)
		nap();
	pthread_mutex_unlock(&sigmask);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	CHECK(results[COMPL_OK] == THREADS);
	for (i = 0; i < COMPL_NAMES_MAX; i++)
		CHECK(compl_reinit(space(), names[i], false) == COMPL_OK);
	CHECK(places_add_up(&made));
	CHECK(made == LAYOUT_ENTRIES);
	CHECK(wait_for(64, in_ms(10)) == COMPL_TIMED_OUT);
	return true;
}

static const struct test tests[] = {
	{ "after a hundred thousand waiters were killed no place is lost and none was made for "
	  "them",
	  hundred_thousand_are_killed, false },
	{ "thousands that are killed one by one use the same places",
	  thousands_are_killed_one_by_one, false },
	{ "those who die behind a living one leave their places", dying_behind_a_living_one,
	  false },
	{ "time-outs give their places back", timeouts_give_places_back, false },
	{ "when there is no room for a waiter, the others go on, and one that leaves makes room",
	  no_room_for_a_waiter, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
