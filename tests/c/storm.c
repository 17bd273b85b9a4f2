/* SPDX-License-Identifier: ISC
 *
 * Random participants under random kills.  Each keeps books in memory that it shares with us, before
 * and after every call; at the end the tokens must add up, and nobody may sleep who could go.
 */
#include "tap.h"

#include <sys/mman.h>

#define NAMES	 3
#define WORKERS	 8
#define STORM_MS 4000

static const char *const names[NAMES] = { "a", "b", "c" };

/* Of one worker, at one time. */
struct book {
	uint32_t posting[NAMES], posted[NAMES]; /* begun and finished */
	uint32_t taking[NAMES], taken[NAMES];	/* the same */
};

static struct books {
	struct book book[WORKERS];
	uint32_t stop;
} * books;

static struct compl_space *mine;
static struct book *entry;

static void
count(uint32_t *column, unsigned set)
{
	unsigned n;

	for (n = 0; n < NAMES; n++)
		if (set >> n & 1)
			__atomic_add_fetch(&column[n], 1, __ATOMIC_SEQ_CST);
}

static void
post_one(unsigned n)
{
	struct compl_post p = { .tokens = 1 };

	count(entry->posting, 1u << n);
	NEED(compl_done(mine, names[n], &p) == COMPL_OK);
	count(entry->posted, 1u << n);
}

/* From one name, from two, or from any of two; with a short deadline, or none. */
static void
take(unsigned set, unsigned flags, int64_t deadline_ns)
{
	const char *list[NAMES];
	unsigned number[NAMES], n;
	struct compl_request r = {
		.names = list, .need = 1, .flags = flags, .deadline_ns = deadline_ns
	};
	struct compl_outcome out = { 0 };
	enum compl_result result;

	for (n = 0; n < NAMES; n++)
		if (set >> n & 1) {
			number[r.count] = n;
			list[r.count++] = names[n];
		}
	count(entry->taking, set);
	result = compl_wait(mine, &r, &out);
	NEED(result == COMPL_OK || result == COMPL_TIMED_OUT);
	if (result == COMPL_OK)
		count(entry->taken, flags & COMPL_WAIT_ANY ? 1u << number[out.which] : set);
	/* What was not taken after all is not open any more. */
	for (n = 0; n < NAMES; n++)
		if (set >> n & 1 &&
		    !(result == COMPL_OK && (!(flags & COMPL_WAIT_ANY) || number[out.which] == n)))
			__atomic_sub_fetch(&entry->taking[n], 1, __ATOMIC_SEQ_CST);
}

static int
works(void *argument)
{
	unsigned i = (unsigned)*(size_t *)argument;

	entry = &books->book[i];
	srand((unsigned)getpid());
	mine = space_open(i % 2 ? COMPL_SOLE_LIST : 0);
	NEED(mine);
	while (!__atomic_load_n(&books->stop, __ATOMIC_SEQ_CST)) {
		int64_t soon = rand() % 8 ? in_ms(1 + rand() % 4) : 0;

		switch (rand() % 7) {
		case 0:
		case 1:
		case 2:
			post_one((unsigned)rand() % NAMES);
			break;
		case 3:
			take(1u << rand() % NAMES, 0, rand() % 4 ? soon : COMPL_NEVER);
			break;
		case 4:
			take(3u << rand() % 2, 0, soon);
			break;
		case 5:
			take(3u << rand() % 2, COMPL_WAIT_ANY, soon);
			break;
		default:
			compl_test(mine, names[rand() % NAMES]);
		}
	}
	return 0;
}

static uint32_t
sum(size_t column, unsigned n)
{
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < WORKERS; i++)
		total += ((uint32_t *)&books->book[i])[column * NAMES + n];
	return total;
}

/* Posted for sure <= taken at most + left, and taken for sure + left <= posted at most. */
static bool
adds_up(unsigned n)
{
	int64_t left = counter(names[n]);
	uint32_t posting = sum(0, n), posted = sum(1, n), taking = sum(2, n), taken = sum(3, n);

	left = left < 0 ? 0 : left;
	printf("# %s: posted %u to %u, taken %u to %u, left %d\n", names[n], posted, posting, taken,
	       taking, (int)left);
	CHECK(posted <= taking + left);
	CHECK(taken + left <= posting);
	return true;
}

/* Those who still wait do so because there is nothing. */
static bool
let_the_last_go(size_t *w)
{
	int64_t limit = in_ms(20000);
	size_t i;
	bool left;

	__atomic_store_n(&books->stop, 1, __ATOMIC_SEQ_CST);
	do {
		left = false;
		for (i = 0; i < WORKERS; i++) {
			if (child_has_ended(w[i]))
				continue;
			left = true;
			if (!pid_is_asleep(children[w[i]].pid))
				nap();
		}
		for (i = 0; left && i < NAMES; i++)
			if (waiters(names[i]) && post(names[i], 1) == COMPL_OK) {
				entry = &books->book[0];
				count(entry->posting, 1u << i);
				count(entry->posted, 1u << i);
			}
	} while (left && in_ms(0) < limit);
	CHECK(!left);
	return true;
}

static bool
storm(void)
{
	static size_t number[WORKERS];
	size_t w[WORKERS], i;
	unsigned kills = 0;
	int64_t end;

	books = mmap(NULL, sizeof *books, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	CHECK(books != MAP_FAILED);
	space();
	for (i = 0; i < WORKERS; i++) {
		number[i] = i;
		w[i] = child(works, &number[i]);
	}
	for (end = in_ms(STORM_MS); in_ms(0) < end; kills++) {
		nap();
		i = (size_t)rand() % WORKERS;
		child_kill(w[i], SIGKILL);
		CHECK(child_status(w[i]) == 137);
		children_count = w[i];
		w[i] = child(works, &number[i]);
		children_count = WORKERS;
	}
	printf("# %u kills\n", kills);
	CHECK(let_the_last_go(w));
	for (i = 0; i < WORKERS; i++)
		CHECK(child_status(w[i]) == 0);
	for (i = 0; i < NAMES; i++)
		CHECK(adds_up((unsigned)i));
	return true;
}

static const struct test tests[] = {
	{ "in a storm of kills the tokens add up, and nobody is left asleep", storm, false },
	{ "and once more", storm, false },
};

int
main(void)
{
	srand((unsigned)time(NULL));
	return tap_run(tests, COUNT(tests));
}
