/* SPDX-License-Identifier: ISC
 *
 * listing.c - listings while the segment changes, and of bytes that compl has not written
 */
#include "internals.h"

#include <pthread.h>

#define FEW  100 /* producers of "b" */
#define MANY 200 /* of "a", now and then */
#define MET  20

/* ---- a queue that grows ---------------------------------------------------------- */

/* A listing measures, then fills; a process that writes into the segment without the lock may make
 * a queue longer in between. */

static uint32_t *head_of_a;
static int stop;

/* Writes a queue of producers at these entries, without any producer.  ENTRY_REPORTED: a listing
 * does not look into /proc for each of them. */
static void
forge(struct session *s, uint32_t completion, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct entry *p = entry_at(s, i);

		put(&p->beacon, 1 | FUTEX_WAITERS);
		put(&p->completion, completion);
		put(&p->wait_first, i);
		put(&p->flags, ENTRY_PRODUCER | ENTRY_REPORTED);
		put(&p->next, i + 1 < first + count ? i + 1 : 0);
	}
	put(&completion_at(s, completion)->producers.head, first);
}

static void *
comes_and_goes(void *argument)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		for (int i = 0; i < 1000; i++) {
			put(head_of_a, i & 1);
			for (volatile int j = 0; j < 400; j++)
				;
		}
	put(head_of_a, 0);
	return argument;
}

/* There is room for the producers of "b" only, and those of "a" have filled it. */
static bool
keeps_within_its_room(const struct compl_listing *list, int *met)
{
	size_t in_all = 0;

	for (size_t i = 0; i < list->count; i++)
		in_all += compl_entry_at(list, i)->producer_count;
	CHECK(in_all <= FEW + MANY + 16);
	if (compl_entry_at(list, 0)->producer_count > 0 &&
	    compl_entry_at(list, 0)->producer_count < MANY) {
		CHECK(compl_entry_at(list, 1)->producer_count == 0);
		++*met;
	}
	return true;
}

static bool
producers_come_while_it_is_made(void)
{
	struct session s;
	pthread_t thread;
	bool right = true;
	int met = 0;

	CHECK(compl_init(space(), "a", false, 0) == COMPL_OK);
	CHECK(compl_init(space(), "b", false, 0) == COMPL_OK);
	CHECK(internals_lock(&s));
	put(&s.h->entries_made, FEW + MANY);
	segment_unlock(&s);
	CHECK(internals_lock(&s));
	forge(&s, hashtable_find(&s, "a"), 1, MANY);
	forge(&s, hashtable_find(&s, "b"), 1 + MANY, FEW);
	head_of_a = &completion_at(&s, hashtable_find(&s, "a"))->producers.head;
	segment_unlock(&s);

	CHECK(pthread_create(&thread, NULL, comes_and_goes, NULL) == 0);
	while (right && met < MET) {
		struct compl_listing *list;

		right = compl_list(space(), &list) == COMPL_OK && list->count == 2 &&
			keeps_within_its_room(list, &met);
		compl_list_free(list);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(right);
	return true;
}

/* ---- a producer that dies meanwhile ------------------------------------------------- */

#define BETWEEN 4000 /* names */

static int
waits_for_both(void *argument)
{
	struct compl_request r = { .names = (const char *[]){ "a", "b" },
				   .count = 2,
				   .need = 1,
				   .deadline_ns = COMPL_NEVER };
	struct compl_outcome out = { 0 };

	(void)argument;
	return compl_wait(space(), &r, &out) == COMPL_PRODUCER_DIED ? 0 : 98;
}

static int
promises_b(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_post token = { .tokens = 1 };
	struct compl_promise promise;

	(void)argument;
	NEED(c != NULL);
	NEED(compl_promise(c, "b", 0, "me", &promise) == COMPL_OK);
	NEED(compl_done(c, "promised", &token) == COMPL_OK);
	for (;;)
		pause();
}

/* Its death ends the wait in both queues. */
static bool
check_instant(bool *told)
{
	struct compl_listing *list;
	const struct compl_entry *a, *b;

	CHECK(compl_list(space(), &list) == COMPL_OK);
	a = compl_entry_at(list, 0);
	b = compl_entry_at(list, 1);
	CHECK(strcmp(a->name, "a") == 0 && strcmp(b->name, "b") == 0);
	*told = b->done == COMPL_ALL;
	CHECK(a->waiter_count == b->waiter_count && a->waiter_count + *told == 1);
	compl_list_free(list);
	return true;
}

/* Many names lie between the two, so that deaths happen while they are being listed. */
static bool
a_producer_dies_while_it_is_made(void)
{
	char name[16];

	CHECK(compl_init(space(), "a", false, 0) == COMPL_OK);
	for (int i = 0; i < BETWEEN; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		CHECK(compl_init(space(), name, false, 0) == COMPL_OK);
	}
	CHECK(compl_init(space(), "b", false, 0) == COMPL_OK);
	for (int round = 0; round < 40; round++) {
		bool told = false;
		size_t p, w;

		children_count = 0;
		p = child(promises_b, NULL);
		CHECK(space_wait_ms(space(), "promised", -1) == COMPL_OK);
		w = child(waits_for_both, NULL);
		CHECK(child_sleeps(w));
		child_kill(p, SIGKILL);
		while (!told)
			CHECK(check_instant(&told));
		CHECK(child_status(w) == 0 && child_status(p) == 137);
		CHECK(compl_reinit(space(), "b", false, NULL) == COMPL_OK);
	}
	return true;
}

/* ---- times ------------------------------------------------------------------------- */

static int
waits_for_a(void *argument)
{
	(void)argument;
	return space_wait_ms(space(), "a", -1) == COMPL_OK ? 0 : 98;
}

/* The statistics also count how long such a wait has slept. */
static bool
times_are_any_bytes(void)
{
	static const int64_t times[] = { INT64_MIN, INT64_MIN + 1, -1, INT64_MAX };
	struct compl_listing *list;
	struct session s;

	for (size_t i = 0; i < COUNT(times); i++) {
		size_t w;

		children_count = 0;
		CHECK(compl_init(space(), "a", true, 0) == COMPL_OK);
		w = child(waits_for_a, NULL);
		CHECK(child_sleeps(w));
		CHECK(internals_lock(&s));
		completion_at(&s, hashtable_find(&s, "a"))->since_ns = times[i];
		entry_at(&s, get(&completion_at(&s, hashtable_find(&s, "a"))->waiters.head))
			->since_ns = times[i];
		segment_unlock(&s);
		CHECK(compl_list(space(), &list) == COMPL_OK);
		CHECK(list->count == 1 && compl_entry_at(list, 0)->waiter_count == 1);
		CHECK(compl_entry_at(list, 0)->age_seconds >= 0);
		CHECK(compl_waiter_at(compl_entry_at(list, 0), 0)->seconds >= 0);
		compl_list_free(list);
		CHECK(space_post_all("a") == COMPL_OK);
		CHECK(child_status(w) == 0);
		CHECK(compl_list(space(), &list) == COMPL_OK);
		CHECK(compl_entry_at(list, 0)->waits == 1);
		compl_list_free(list);
		CHECK(compl_remove(space(), "a") == COMPL_OK);
	}
	return true;
}

/* It asks nobody whether the waiter is stopped. */
static bool
a_brief_one_reads_only_the_segment(void)
{
	struct compl_listing *list;
	const struct compl_waiter *waiter;
	size_t w = child(waits_for_a, NULL);

	CHECK(child_sleeps(w));
	CHECK(compl_list(space(), &list) == COMPL_OK && list->count == 1);
	waiter = compl_waiter_at(compl_entry_at(list, 0), 0);
	CHECK(waiter->facts == (COMPL_FACT_STOPPED | COMPL_FACT_ORPHAN));
	compl_list_free(list);
	CHECK(compl_list_until(space(), COMPL_NEVER, COMPL_LIST_BRIEF, &list) == COMPL_OK);
	CHECK(list->count == 1 && compl_entry_at(list, 0)->waiter_count == 1);
	waiter = compl_waiter_at(compl_entry_at(list, 0), 0);
	CHECK(waiter->facts == 0 && waiter->need == 1);
	compl_list_free(list);
	CHECK(compl_list_until(space(), COMPL_NEVER, COMPL_LIST_BRIEF << 1, &list) ==
	      COMPL_E_ARGUMENT);
	CHECK(list == NULL);
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(child_status(w) == 0);
	return true;
}

static const struct test tests[] = {
	{ "a producer that dies while a listing is made is there for all names or for none",
	  a_producer_dies_while_it_is_made, false },
	{ "a brief one reads only the segment", a_brief_one_reads_only_the_segment, false },
	{ "a time in the segment may be any bytes", times_are_any_bytes, false },
	{ "producers that come while a listing is made do not go beyond its room",
	  producers_come_while_it_is_made, true },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
