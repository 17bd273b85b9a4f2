/* SPDX-License-Identifier: ISC
 *
 * race.c - threads of one process do everything at once, on one handle and on handles of their own
 *
 * What a wait reports was posted in one piece, and only what may fail fails.  Under
 * ThreadSanitizer (make check-tsan) each access to the segment is checked as well.
 */
#include "tap.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS	400
#define NAMES	4
#define LENGTH	200 /* of a value: long enough to be torn */

static const char *const names[NAMES] = { "a", "b", "c", "d" };

struct worker {
	pthread_t thread;
	struct compl_space *c;
	unsigned seed;
	const char *wrong; /* the first failure */
};

static unsigned
roll(struct worker *w, unsigned sides)
{
	return (unsigned)rand_r(&w->seed) % sides;
}

/* Notes the first failure. */
static void
want(struct worker *w, bool is_right, const char *what)
{
	if (!is_right && w->wrong == NULL)
		w->wrong = what;
}

/* A status and its value belong together: the letter of that number, many times. */
static bool
is_whole(const struct compl_payload *payload)
{
	size_t i;

	if (payload->status == 0)
		return !payload->has_value;
	if (!payload->has_value || strlen(payload->value) != LENGTH)
		return false;
	for (i = 0; i < LENGTH; i++)
		if (payload->value[i] != 'a' + payload->status)
			return false;
	return true;
}

static void
posts(struct worker *w)
{
	char value[LENGTH + 1];
	struct compl_post p = { .tokens = 1, .value = value };

	p.status = (uint8_t)(1 + roll(w, 20));
	p.all = roll(w, 8) == 0;
	p.waiting = roll(w, 8) == 0;
	memset(value, 'a' + p.status, LENGTH);
	value[LENGTH] = '\0';
	want(w, compl_done(w->c, names[roll(w, NAMES)], &p) == COMPL_OK, "done");
}

static void
waits(struct worker *w)
{
	static const unsigned flags[] = { 0, COMPL_WAIT_ANY, COMPL_WAIT_FAIL_FAST,
					  COMPL_WAIT_ANY | COMPL_WAIT_FAIL_FAST | COMPL_WAIT_IO };
	const char *list[] = { names[roll(w, NAMES / 2)], names[NAMES / 2 + roll(w, NAMES / 2)] };
	struct compl_payload payloads[2] = { 0 };
	struct compl_request r = { .names = list,
				   .count = 1 + roll(w, 2),
				   .need = 1 + roll(w, 2),
				   .flags = flags[roll(w, COUNT(flags))],
				   .deadline_ns = in_ms((int)roll(w, 4)),
				   .payloads = payloads };
	struct compl_outcome out;
	enum compl_result result = compl_wait(w->c, &r, &out);
	size_t i;

	want(w,
	     result == COMPL_OK || result == COMPL_TIMED_OUT || result == COMPL_REMOVED ||
		     result == COMPL_E_LOCKED,
	     "wait");
	for (i = 0; result == COMPL_OK && i < r.count; i++)
		want(w, is_whole(&payloads[i]), "a word in one piece");
}

static void
lists(struct worker *w)
{
	struct compl_listing *list;
	size_t i;

	if (compl_list(w->c, &list) != COMPL_OK) {
		want(w, false, "list");
		return;
	}
	for (i = 0; i < list->count; i++)
		want(w, is_whole(&compl_entry_at(list, i)->payload), "a listed word in one piece");
	compl_list_free(list);
}

static void
checks(struct worker *w)
{
	size_t faults = 0;

	want(w, compl_check(w->c, NULL, NULL, &faults) == COMPL_OK && faults == 0, "check");
	want(w, compl_lost_wakeups(w->c) == 0, "no lost wake-up");
}

static void
changes_a_life(struct worker *w)
{
	const char *name = names[roll(w, NAMES)];
	enum compl_result result;

	switch (roll(w, 4)) {
	case 0:
		result = compl_init(w->c, name, roll(w, 2), 0);
		want(w, result == COMPL_OK || result == COMPL_E_EXISTS, "init");
		break;
	case 1:
		result = compl_remove(w->c, name);
		want(w, result == COMPL_OK || result == COMPL_E_NO_NAME, "remove");
		break;
	default:
		result = compl_reinit(w->c, name, roll(w, 2), NULL);
		want(w, result == COMPL_OK || result == COMPL_E_BUSY, "reinit");
	}
}

static void *
does_everything(void *argument)
{
	struct worker *w = argument;
	enum compl_result result;
	int round;

	for (round = 0; round < ROUNDS && w->wrong == NULL; round++)
		switch (roll(w, 10)) {
		case 0:
		case 1:
		case 2:
			posts(w);
			break;
		case 3:
			changes_a_life(w);
			break;
		case 4:
			result = compl_test(w->c, names[roll(w, NAMES)], 0);
			want(w, result == COMPL_OK || result == COMPL_NOT_DONE, "test");
			break;
		case 5:
			lists(w);
			break;
		case 6:
			checks(w);
			break;
		default:
			waits(w);
		}
	return NULL;
}

static bool
run(bool own_handles)
{
	struct worker w[THREADS];
	bool right = true;
	int i;

	space();
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .seed = (unsigned)rand(), .c = space_handle };
		if (own_handles)
			w[i].c = space_open(0);
		CHECK(w[i].c != NULL);
		CHECK(pthread_create(&w[i].thread, NULL, does_everything, &w[i]) == 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		if (w[i].wrong != NULL)
			printf("# thread %d: not so: %s\n", i, w[i].wrong);
		right &= w[i].wrong == NULL;
		if (own_handles)
			compl_close(w[i].c);
	}
	return right;
}

static bool
on_one_handle(void)
{
	return run(false);
}

static bool
on_handles_of_their_own(void)
{
	return run(true);
}

/* The waiter reads what the poster wrote before it posted.  It is no atomic, on purpose. */
static int message, answer;

static void *
answers(void *argument)
{
	struct worker *w = argument;
	struct compl_post p = { .tokens = 1 };
	int i;

	for (i = 1; i <= 500; i++) {
		want(w, space_wait_ms(w->c, "question", 60000) == COMPL_OK, "wait");
		answer = message + 1;
		want(w, compl_done(w->c, "answer", &p) == COMPL_OK, "done");
	}
	return NULL;
}

static bool
memory_follows_the_token(void)
{
	struct worker w = { .c = space() };
	int i;

	CHECK(pthread_create(&w.thread, NULL, answers, &w) == 0);
	for (i = 1; i <= 500; i++) {
		message = i;
		CHECK(space_post("question", 1) == COMPL_OK);
		CHECK(space_wait_ms(space(), "answer", 60000) == COMPL_OK);
		CHECK(answer == i + 1);
	}
	pthread_join(w.thread, NULL);
	CHECK(w.wrong == NULL);
	return true;
}

/* A waiter that "all" releases does not take the lock. */
static void *
reads_the_message(void *argument)
{
	struct worker *w = argument;

	want(w, space_wait_ms(w->c, "go", 60000) == COMPL_OK && message == 42, "the message");
	return NULL;
}

static bool
memory_follows_all(void)
{
	struct worker w[THREADS];
	int i;

	space();
	message = 0;
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .c = space_handle };
		CHECK(pthread_create(&w[i].thread, NULL, reads_the_message, &w[i]) == 0);
	}
	while (space_waiters("go") < THREADS / 2)
		nap();
	message = 42;
	CHECK(space_post_all("go") == COMPL_OK);
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		CHECK(w[i].wrong == NULL);
	}
	return true;
}

static const struct test tests[] = {
	{ "threads do everything at once on one handle", on_one_handle, false },
	{ "threads do everything at once on handles of their own", on_handles_of_their_own, false },
	{ "a wait reads what was written before the token that it takes was posted",
	  memory_follows_the_token, false },
	{ "each wait that all releases reads what was written before it", memory_follows_all,
	  false },
};

int
main(void)
{
	srand((unsigned)time(NULL));
	return tap_run(tests, COUNT(tests));
}
