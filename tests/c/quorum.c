/* SPDX-License-Identifier: ISC
 *
 * quorum.c - compl_request.at_least: from which names such a wait takes, and what it says about it
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "tap.h"

#define NAMES 4

static const char *const abcd[] = { "a", "b", "c", "d" };

/* How a wait has ended.  `granted` has a bit for each name, the first name in bit 0. */
struct answer {
	enum compl_result result;
	struct compl_outcome out;
	unsigned granted;
};

/* Bits that no name has: compl_wait() has not touched the array. */
#define UNTOUCHED 0xf0u

/* A wait for at least `at_least` of the first `count` names. */
struct quorum {
	size_t count, at_least;
	uint32_t need;
	unsigned flags;
	int ms; /* until its deadline; below 0: never */
};

static struct answer
wait_with(struct compl_space *c, const struct quorum *q, struct compl_loan *loan)
{
	bool granted[NAMES];
	struct compl_request request = { .names = abcd,
					 .count = q->count,
					 .at_least = (uint32_t)q->at_least,
					 .need = q->need,
					 .flags = q->flags,
					 .deadline_ns = q->ms < 0 ? COMPL_NEVER : in_ms(q->ms),
					 .loan = loan,
					 .granted = granted };
	struct answer answer = { .granted = 0 };

	memset(granted, 0xff, sizeof granted);
	answer.result = q->ms == 0 ? compl_try(c, &request, &answer.out)
				   : compl_wait(c, &request, &answer.out);
	for (size_t i = 0; i < q->count && i < NAMES; i++) {
		unsigned char byte = ((unsigned char *)granted)[i];

		answer.granted |= byte == 0xff ? UNTOUCHED : (unsigned)byte << i;
	}
	return answer;
}

static struct answer
take(size_t count, size_t at_least, uint32_t need, unsigned flags)
{
	const struct quorum q = { count, at_least, need, flags, 0 };

	return wait_with(space(), &q, NULL);
}

/* Whether the wait has ended so, and has taken from these names, or from none. */
static bool
has_ended(const struct answer *answer, enum compl_result result, unsigned granted)
{
	if (answer->result != result || answer->granted != granted)
		printf("# %s, granted %#x\n", compl_strresult(answer->result), answer->granted);
	return answer->result == result && answer->granted == granted;
}

/* Whether the counters of "a", "b", "c", "d" are these.  -1: there is no such name. */
static bool
counters_are(int64_t a, int64_t b, int64_t c, int64_t d)
{
	const int64_t counters[] = { a, b, c, d };

	for (size_t i = 0; i < NAMES; i++)
		if (space_counter(abcd[i]) != counters[i]) {
			printf("# %s is at %lld\n", abcd[i], (long long)space_counter(abcd[i]));
			return false;
		}
	return true;
}

/* Removes what an earlier test has left. */
static void
forget(void)
{
	for (size_t i = 0; i < NAMES; i++)
		compl_remove(space(), abcd[i]);
}

/* ---- without a sleep -------------------- */

static bool
takes_from_the_first(void)
{
	struct answer answer;

	forget();
	CHECK(space_post("a", 1) == COMPL_OK && space_post("c", 1) == COMPL_OK);
	answer = take(4, 3, 1, 0);
	CHECK(has_ended(&answer, COMPL_TIMED_OUT, 0) && counters_are(1, -1, 1, -1));
	CHECK(space_post("d", 1) == COMPL_OK);
	answer = take(4, 2, 1, 0);
	CHECK(has_ended(&answer, COMPL_OK, 5) && counters_are(-1, -1, -1, 1));
	answer = take(4, 1, 1, 0);
	CHECK(has_ended(&answer, COMPL_OK, 8) && answer.out.which == 3 && space_names_left() == 0);
	return true;
}

static bool
takes_several_tokens_of_each(void)
{
	struct answer answer;

	forget();
	CHECK(space_post("a", 4) == COMPL_OK && space_post("b", 2) == COMPL_OK);
	CHECK(space_post("c", 3) == COMPL_OK);
	answer = take(3, 3, 3, 0);
	CHECK(has_ended(&answer, COMPL_TIMED_OUT, 0) && counters_are(4, 2, 3, -1));
	answer = take(3, 2, 3, 0);
	CHECK(has_ended(&answer, COMPL_OK, 5) && counters_are(1, 2, -1, -1));
	return true;
}

static bool
takes_nothing_from_what_is_open(void)
{
	struct answer answer;

	forget();
	CHECK(space_post_all("b") == COMPL_OK && space_post("c", 1) == COMPL_OK);
	CHECK(space_post("d", 1) == COMPL_OK);
	answer = take(4, 2, 1, 0);
	CHECK(has_ended(&answer, COMPL_OK, 6) && answer.out.which == 1);
	CHECK(counters_are(-1, COMPL_ALL, -1, 1));
	return true;
}

static bool
its_status_is_of_what_it_took(void)
{
	struct compl_post post = { .status = 3 };
	struct answer answer;

	forget();
	CHECK(space_post("a", 2) == COMPL_OK && compl_done(space(), "c", &post) == COMPL_OK);
	post.status = 4;
	CHECK(compl_done(space(), "d", &post) == COMPL_OK);
	answer = take(4, 2, 1, COMPL_WAIT_FAIL_FAST);
	CHECK(has_ended(&answer, COMPL_OK, 0) && answer.out.failed_fast);
	CHECK(answer.out.which == 2 && answer.out.status == 3 && counters_are(2, -1, 1, 1));
	answer = take(4, 2, 1, 0);
	CHECK(has_ended(&answer, COMPL_OK, 5) && !answer.out.failed_fast);
	CHECK(answer.out.which == 2 && answer.out.status == 3 && counters_are(1, -1, -1, 1));
	return true;
}

static bool
all_names_without_it(void)
{
	struct answer answer;

	forget();
	CHECK(space_post("a", 1) == COMPL_OK);
	answer = take(2, 0, 1, 0);
	CHECK(has_ended(&answer, COMPL_TIMED_OUT, 0));
	CHECK(space_post("b", 1) == COMPL_OK);
	answer = take(2, 0, 1, 0);
	CHECK(has_ended(&answer, COMPL_OK, 3) && space_names_left() == 0);
	return true;
}

static bool
bad_use_is_refused(void)
{
	struct answer answer;

	forget();
	CHECK(space_post("a", 1) == COMPL_OK && space_post("b", 1) == COMPL_OK);
	answer = take(2, 3, 1, 0);
	CHECK(has_ended(&answer, COMPL_E_ARGUMENT, UNTOUCHED));
	answer = take(2, COMPL_ALL, 1, 0);
	CHECK(has_ended(&answer, COMPL_E_ARGUMENT, UNTOUCHED));
	answer = take(2, 1, 1, COMPL_WAIT_ANY);
	CHECK(has_ended(&answer, COMPL_E_ARGUMENT, UNTOUCHED));
	CHECK(counters_are(1, 1, -1, -1));
	return true;
}

static bool
borrows_from_as_many(void)
{
	const struct quorum q = { .count = 4, .at_least = 2, .need = 2 };
	struct compl_loan loan;
	struct answer answer;

	space_handle = space_open(COMPL_ONE_THREAD);
	forget();
	CHECK(space_post("a", 2) == COMPL_OK && space_post("c", 3) == COMPL_OK);
	CHECK(space_post("d", 2) == COMPL_OK);
	answer = wait_with(space(), &q, &loan);
	CHECK(has_ended(&answer, COMPL_OK, 5) && counters_are(0, -1, 1, 2));
	close(loan.hold);
	CHECK(compl_give_back(space(), &loan) == COMPL_OK && counters_are(2, -1, 3, 2));
	CHECK(space_post_all("a") == COMPL_OK && space_post_all("b") == COMPL_OK);
	answer = wait_with(space(), &q, &loan);
	CHECK(has_ended(&answer, COMPL_OK, 3) && loan.entry == 0);
	CHECK(counters_are(COMPL_ALL, COMPL_ALL, 3, 2));
	compl_close(space_handle);
	space_handle = NULL;
	return true;
}

/* ---- what is done, drawn at random -------------------- */

#define DRAWS 3000

/* Whether name i would let the wait go. */
static bool
is_done(const uint32_t *counters, size_t i, uint32_t need)
{
	return counters[i] == COMPL_ALL || counters[i] >= need;
}

/* The names from which the wait takes by the words of the manual: the first that are done, if there
 * are enough. */
static unsigned
expected(const uint32_t *counters, const struct quorum *q)
{
	unsigned granted = 0;
	size_t left = q->at_least;

	for (size_t i = 0; i < q->count && left > 0; i++)
		if (is_done(counters, i, q->need)) {
			granted |= 1u << i;
			left--;
		}
	return left == 0 ? granted : 0;
}

static bool
draw(void)
{
	struct quorum q = { .count = 1 + (size_t)(rand() % NAMES),
			    .need = 1 + (uint32_t)(rand() % 3) };
	uint32_t counters[NAMES];
	struct answer answer;

	q.at_least = 1 + (size_t)rand() % q.count;
	for (size_t i = 0; i < NAMES; i++) {
		counters[i] = (uint32_t)(rand() % 5);
		CHECK(compl_init(space(), abcd[i], true, 0) == COMPL_OK);
		CHECK(compl_reinit(space(), abcd[i], true, NULL) == COMPL_OK);
		CHECK(counters[i] == 0 || counters[i] == 4 ||
		      space_post(abcd[i], counters[i]) == COMPL_OK);
		CHECK(counters[i] != 4 || space_post_all(abcd[i]) == COMPL_OK);
		counters[i] = counters[i] == 4 ? COMPL_ALL : counters[i];
	}
	answer = wait_with(space(), &q, NULL);
	CHECK(has_ended(&answer, expected(counters, &q) ? COMPL_OK : COMPL_TIMED_OUT,
			expected(counters, &q)));
	for (size_t i = 0; i < NAMES; i++)
		if (answer.granted >> i & 1 && counters[i] != COMPL_ALL)
			counters[i] -= q.need;
	CHECK(counters_are(counters[0], counters[1], counters[2], counters[3]));
	return true;
}

static bool
draws_agree(void)
{
	for (unsigned i = 0; i < DRAWS; i++)
		if (!draw()) {
			printf("# draw %u\n", i);
			return false;
		}
	return true;
}

/* ---- in line -------------------- */

/* The wait of each child, and how it has ended. */
static struct wait {
	struct quorum quorum;
	struct answer answer;
} * waits;

static int
stands(void *number)
{
	const size_t i = *(const size_t *)number;

	waits[i].answer = wait_with(space(), &waits[i].quorum, NULL);
	return 0;
}

/* Starts wait number i, and returns its child once it sleeps. */
static size_t
stand(size_t i, const struct quorum *q)
{
	const size_t before = space_waiters("a");
	size_t waiter;

	waits[i].quorum = *q;
	waiter = child(stands, &i);
	while (space_waiters("a") == before && !child_try_reap(waiter))
		nap();
	return waiter;
}

/* Whether wait number i ends so. */
static bool
ends(size_t i, size_t waiter, enum compl_result result, unsigned granted)
{
	return child_status(waiter) == 0 && has_ended(&waits[i].answer, result, granted);
}

static const struct quorum two_of_three = { 3, 2, 1, 0, -1 };

/* Starts a wait with a deadline, which holds up a token that is not enough for it.  On a machine
 * that has stood still for a while the deadline may have come before the token; then it begins
 * anew, with more time. */
static bool
holds_up_a_token(size_t *waiter)
{
	struct quorum soon = { 3, 2, 1, 0, 300 };
	enum compl_result result;
	int64_t begin_ns;

	for (;; soon.ms *= 2) {
		forget();
		begin_ns = now_ns();
		*waiter = stand(0, &soon);
		CHECK(space_post("a", 1) == COMPL_OK);
		if ((result = space_try("a")) == COMPL_TIMED_OUT)
			return true;
		CHECK(result == COMPL_OK && now_ns() - begin_ns >= soon.ms * INT64_C(1000000));
		CHECK(child_status(*waiter) == 0);
	}
}

/* Each post wakes it, and it must neither take nor keep a part. */
static bool
all_at_one_instant(void)
{
	size_t first, second;

	CHECK(holds_up_a_token(&first));
	CHECK(ends(0, first, COMPL_TIMED_OUT, 0) && counters_are(1, -1, -1, -1));
	first = stand(0, &two_of_three);
	second = stand(1, &two_of_three);
	CHECK(space_post("c", 1) == COMPL_OK);
	CHECK(ends(0, first, COMPL_OK, 5) && counters_are(0, 0, 0, -1));
	CHECK(space_post("b", 2) == COMPL_OK && space_post("c", 1) == COMPL_OK);
	CHECK(ends(1, second, COMPL_OK, 6) && counters_are(-1, 1, -1, -1));
	return true;
}

static bool
released_by_all(void)
{
	size_t waiter;

	for (unsigned i = 0; i < 20; i++) {
		forget();
		waiter = stand(0, &two_of_three);
		CHECK(space_post_all("c") == COMPL_OK && space_post_all("b") == COMPL_OK);
		CHECK(compl_reinit(space(), "b", true, NULL) == COMPL_OK);
		CHECK(compl_remove(space(), "c") == COMPL_OK);
		CHECK(ends(0, waiter, COMPL_OK, 6) && waits[0].answer.out.which == 1);
	}
	return true;
}

static bool
fails_fast_in_line(void)
{
	static const struct quorum fast = { 3, 2, 1, COMPL_WAIT_FAIL_FAST, -1 };
	struct compl_post post = { .status = 7 };
	size_t waiter;

	forget();
	waiter = stand(0, &fast);
	CHECK(space_post("a", 1) == COMPL_OK && compl_done(space(), "c", &post) == COMPL_OK);
	CHECK(ends(0, waiter, COMPL_OK, 0) && waits[0].answer.out.failed_fast);
	CHECK(waits[0].answer.out.which == 2 && waits[0].answer.out.status == 7);
	CHECK(counters_are(1, -1, 1, -1));
	return true;
}

static bool
goes_on_without_a_removed_name(void)
{
	size_t waiter;

	forget();
	waiter = stand(0, &two_of_three);
	CHECK(compl_remove(space(), "b") == COMPL_OK && space_waiters("c") == 1);
	CHECK(space_post("b", 1) == COMPL_OK); /* it is another name now */
	CHECK(space_post("c", 1) == COMPL_OK && space_waiters("a") == 1);
	CHECK(compl_repair(space()) == COMPL_OK && space_waiters("a") == 1);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(ends(0, waiter, COMPL_OK, 5) && counters_are(-1, 1, -1, -1));
	return true;
}

static bool
ends_when_too_few_are_left(void)
{
	size_t waiter;

	forget();
	waiter = stand(0, &two_of_three);
	CHECK(space_post("a", 1) == COMPL_OK && compl_remove(space(), "c") == COMPL_OK);
	CHECK(space_waiters("a") == 1);
	CHECK(compl_remove(space(), "b") == COMPL_OK);
	CHECK(ends(0, waiter, COMPL_REMOVED, 0) && waits[0].answer.out.which == 1);
	CHECK(counters_are(1, -1, -1, -1));
	return true;
}

/* Promises the name, and dies without keeping that. */
static int
promises(void *name)
{
	struct compl_promise promise;
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	NEED(c != NULL && compl_promise(c, name, 0, NULL, &promise) == COMPL_OK);
	pause();
	return 1;
}

static size_t
promise(char *name)
{
	size_t producer = child(promises, name);

	while (space_counter(name) < 0 && !child_try_reap(producer))
		nap();
	return producer;
}

/* A name whose producer has died counts as one that was removed. */
static bool
goes_on_without_a_dead_producer(void)
{
	static char a[] = "a", b[] = "b";
	size_t waiter, producer[2];

	forget();
	producer[0] = promise(a);
	producer[1] = promise(b);
	waiter = stand(0, &two_of_three);
	child_kill(producer[0], SIGKILL);
	CHECK(child_status(producer[0]) == 137);
	CHECK(space_post("c", 1) == COMPL_OK && space_waiters("b") == 1);
	child_kill(producer[1], SIGKILL);
	CHECK(child_status(producer[1]) == 137);
	CHECK(ends(0, waiter, COMPL_PRODUCER_DIED, 0) && space_counter("c") == 1);
	CHECK(waits[0].answer.out.status == COMPL_STATUS_PRODUCER_DIED);
	return true;
}

/* Is ready, and goes on to be until it is killed. */
static int
serves(void *name)
{
	struct compl_post ready = { .ready = true };
	struct compl_promise promise;
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	NEED(c != NULL && compl_promise(c, name, 0, NULL, &promise) == COMPL_OK);
	NEED(compl_keep(c, &promise, &ready, true) == COMPL_OK);
	pause();
	return 1;
}

/* The waiter is stopped, so nobody finds that the producer of "a" is dead. */
static bool
takes_nothing_from_the_dead(void)
{
	static char a[] = "a";
	size_t producer, waiter;

	forget();
	producer = child(serves, a);
	while (compl_test(space(), "a", 0) != COMPL_OK && !child_try_reap(producer))
		nap();
	waiter = stand(0, &two_of_three);
	CHECK(child_sleeps(waiter));
	child_kill(waiter, SIGSTOP);
	child_kill(producer, SIGKILL);
	CHECK(child_status(producer) == 137);
	CHECK(space_post_all("b") == COMPL_OK && space_post_all("c") == COMPL_OK);
	child_kill(waiter, SIGCONT);
	CHECK(ends(0, waiter, COMPL_OK, 6) && waits[0].answer.out.which == 1);
	return true;
}

static const struct test tests[] = {
	{ "it takes from the first names that are done, or from none", takes_from_the_first,
	  false },
	{ "a name is done when it has as many tokens as the wait needs of each",
	  takes_several_tokens_of_each, false },
	{ "a name at 'all' is done, and nothing is taken from it", takes_nothing_from_what_is_open,
	  false },
	{ "the status is that of a name that it took from", its_status_is_of_what_it_took, false },
	{ "without it the wait takes from all names", all_names_without_it, false },
	{ "more than there are names, or any of them, is refused, and nothing is written",
	  bad_use_is_refused, false },
	{ "it borrows from as many names, and these get their tokens back", borrows_from_as_many,
	  false },
	{ "whatever is done, it takes as the manual says", draws_agree, false },
	{ "in line it takes at an instant at which enough names are done", all_at_one_instant,
	  false },
	{ "it says which names at 'all' have released it, whatever becomes of them then",
	  released_by_all, false },
	{ "with COMPL_WAIT_FAIL_FAST a status ends it in line, and it takes nothing",
	  fails_fast_in_line, false },
	{ "it goes on without a name that was removed, after a repair too",
	  goes_on_without_a_removed_name, false },
	{ "it ends when a removal leaves too few names", ends_when_too_few_are_left, false },
	{ "it goes on without a name whose producer died, until too few are left",
	  goes_on_without_a_dead_producer, false },
	{ "it takes nothing from a name whose ready producer is dead, even if nobody has found "
	  "that",
	  takes_nothing_from_the_dead, false },
};

int
main(void)
{
	waits = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (waits == MAP_FAILED)
		return 1;
	return tap_run(tests, COUNT(tests));
}
