/* SPDX-License-Identifier: ISC
 *
 * entries.c - no entry is lost when waiters are killed or time out, and what happens without a free
 * one
 */
#include "internals.h"

#include <pthread.h>

#include "shm/names/waitqueue.h"

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

/* The number of entries that were ever made, after the dead ones were reaped; false: some are not
 * free. */
static bool
entries_add_up(uint32_t *made)
{
	static struct session s;
	uint32_t free;

	CHECK(space_names_left() == 0);
	CHECK(internals_lock(&s));
	free = internals_free_entries(&s);
	*made = s.entries;
	segment_unlock(&s);
	CHECK(free == *made);
	return true;
}

/* Waits until so many waits are in line for a name.  (A process that sleeps may sleep on the lock,
 * and a listing would unlink the dead.) */
static void
await_waits(const char *name, uint32_t wanted)
{
	static struct session s;
	uint32_t completion, count = 0;

	while (count != wanted) {
		nap();
		if (!internals_lock(&s))
			abort();
		completion = hashtable_find(&s, name);
		count = completion != 0 ? waitqueue_count(&s, completion) : 0;
		segment_unlock(&s);
	}
}

/* Starts and kills waiters of `each` entries, a few at a time, until `total` entries have lost
 * their owner. */
static bool
kill_entries(uint32_t total, uint32_t each)
{
	size_t w[4], i;
	uint32_t dead;

	for (dead = 0; dead < total; dead += 4 * each) {
		children_count = 0;
		for (i = 0; i < 4; i++)
			w[i] = child(each == 1 ? waits_for_one : waits_for_all, NULL);
		await_waits(names[each - 1], 4);
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
	CHECK(kill_entries(64 * 8, 64));
	CHECK(entries_add_up(&made));
	alarm(limit_s(120));
	CHECK(kill_entries(100000, 64));
	CHECK(entries_add_up(&later));
	printf("# entries made: %u after 512 killed, %u after 100,000\n", (unsigned)made,
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
	CHECK(kill_entries(3000, 1));
	CHECK(entries_add_up(&made));
	printf("# entries made: %u\n", (unsigned)made);
	CHECK(made <= 64);
	return true;
}

/* A living waiter at the head, and hundreds that die behind it. */
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
	CHECK(entries_add_up(&made));
	CHECK(made <= 64 * 8);
	return true;
}

/* A wait that times out frees its entries at once, or the next look does. */
static bool
timeouts_give_entries_back(void)
{
	uint32_t made;
	int i;

	make_names();
	for (i = 0; i < 2000; i++)
		CHECK(wait_for(1 + (size_t)i % 64, in_ms(0) + 1000) == COMPL_TIMED_OUT);
	CHECK(entries_add_up(&made));
	CHECK(made <= 64 * 3);
	return true;
}

/* ---- no room ------------------------------------------------------------------- */

#define THREADS (LAYOUT_ENTRIES / COMPL_NAMES_MAX)

static int results[COMPL_E_SYSTEM + 1];
static pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;

/* No thread ends before all have ended their waits.  A thread that begins or ends maps or unmaps
 * its stack, which holds up the page faults of the others; and at high load a thread that has just
 * been given the lock waits long for a processor.  If others wait for the lock meanwhile, they take
 * it for lost.  For the same reason the threads are started one by one. */
static void *
thread_waits(void *argument)
{
	enum compl_result result = wait_for(COMPL_NAMES_MAX, COMPL_NEVER);

	(void)argument;
	__atomic_add_fetch(&results[result], 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&end);
	pthread_mutex_unlock(&end);
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

/* Waits until `wanted` entries are in use.  (A listing of that many takes long.) */
static void
await_entries(uint32_t wanted)
{
	static struct session s;
	uint32_t used = 0;

	while (used != wanted) {
		nap();
		if (!internals_lock(&s))
			abort();
		used = s.entries - internals_free_entries(&s);
		segment_unlock(&s);
	}
}

static pthread_t threads[THREADS];

/* Starts the i-th thread; returns when its wait has joined all its lines. */
static bool
start_thread(uint32_t i, uint32_t entries)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	CHECK(pthread_create(&threads[i], &attr, thread_waits, NULL) == 0);
	await_entries(entries);
	return true;
}

/* A wait for one name of its own. */
static enum compl_result
wait_for_other(int64_t deadline_ns)
{
	const char *other = "other";
	struct compl_request r = {
		.names = &other, .count = 1, .need = 1, .deadline_ns = deadline_ns
	};
	struct compl_outcome out = { 0 };

	return compl_wait(space(), &r, &out);
}

/* 63 entries are free. */
static bool
has_room_for_63(void)
{
	CHECK(wait_for(64, in_ms(1000)) == COMPL_E_FULL_WAITERS);
	CHECK(wait_for(63, in_ms(10)) == COMPL_TIMED_OUT);
	CHECK(wait_for_other(in_ms(10)) == COMPL_TIMED_OUT);
	return true;
}

/* No entry is free. */
static bool
has_no_room(void)
{
	const char *other = "other";
	struct compl_request r = { .names = &other, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };

	CHECK(wait_for_other(in_ms(1000)) == COMPL_E_FULL_WAITERS);
	CHECK(compl_try(space(), &r, &out) == COMPL_TIMED_OUT);
	CHECK(space_post(other, 1) == COMPL_OK);
	CHECK(wait_for_other(in_ms(1000)) == COMPL_OK);
	return true;
}

/* The first wait takes a token of each name; then all are released. */
static bool
release_threads(void)
{
	uint32_t i;

	for (i = 0; i < COMPL_NAMES_MAX; i++)
		CHECK(space_post(names[i], 1) == COMPL_OK);
	while (!__atomic_load_n(&results[COMPL_OK], __ATOMIC_SEQ_CST))
		nap();
	for (i = 0; i < COMPL_NAMES_MAX; i++)
		CHECK(space_post_all(names[i]) == COMPL_OK);
	while (results_known() < THREADS)
		nap();
	pthread_mutex_unlock(&end);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(results[COMPL_OK] == THREADS);
	return true;
}

static bool
no_room_for_a_waiter(void)
{
	enum compl_result result;
	uint32_t made, i;
	size_t w;

	make_names();
	w = child(waits_for_one, NULL);
	CHECK(child_sleeps(w));
	pthread_mutex_lock(&end);
	for (i = 0; i < THREADS - 1; i++)
		CHECK(start_thread(i, 1 + 64 * (i + 1)));
	CHECK(has_room_for_63());
	CHECK(space_post(names[0], 1) == COMPL_OK);
	CHECK(child_status(w) == 0);
	/* 64 are free when the waiter that slept behind the child sleeps on another word.  Then
	 * the last thread fits, and no wait after it. */
	while ((result = wait_for(64, in_ms(1000))) == COMPL_E_FULL_WAITERS)
		nap();
	CHECK(result == COMPL_TIMED_OUT);
	CHECK(start_thread(THREADS - 1, 64 * THREADS));
	CHECK(has_no_room());
	CHECK(release_threads());
	for (i = 0; i < COMPL_NAMES_MAX; i++)
		CHECK(compl_reinit(space(), names[i], false, NULL) == COMPL_OK);
	CHECK(entries_add_up(&made));
	CHECK(made == LAYOUT_ENTRIES);
	CHECK(wait_for(64, in_ms(10)) == COMPL_TIMED_OUT);
	return true;
}

static const struct test tests[] = {
	{ "after a hundred thousand waiters were killed no entry is lost and none was made for "
	  "them",
	  hundred_thousand_are_killed, false },
	{ "thousands of waiters that are killed one by one use the same entries",
	  thousands_are_killed_one_by_one, false },
	{ "waiters that die behind a living one leave their entries", dying_behind_a_living_one,
	  false },
	{ "a wait that times out gives its entries back", timeouts_give_entries_back, false },
	{ "when no entry is free the other waiters go on, and one that leaves makes room",
	  no_room_for_a_waiter, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
