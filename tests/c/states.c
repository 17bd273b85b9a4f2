/* SPDX-License-Identifier: ISC
 *
 * states.c - compl_request.states: what a wait has found at its names, when it ended
 */
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

static struct compl_state states[3];

static enum compl_result
take(const char *const *names, size_t count, uint32_t need, unsigned flags, int64_t deadline_ns)
{
	struct compl_request r = { .names = names,
				   .count = count,
				   .need = need,
				   .flags = flags,
				   .deadline_ns = deadline_ns,
				   .states = states };
	struct compl_outcome out;

	memset(states, 0xff, sizeof states);
	return compl_wait(space(), &r, &out);
}

static const char *const abc[] = { "a", "b", "c" };

/* Whether take() has left it as it was before the call. */
static bool
is_untouched(const struct compl_state *state)
{
	const unsigned char *bytes = (const unsigned char *)state;

	for (size_t i = 0; i < sizeof(*state); i++)
		if (bytes[i] != 0xff)
			return false;
	return true;
}

/* Removes what an earlier test has left. */
static void
forget(void)
{
	for (size_t i = 0; i < COUNT(abc); i++)
		compl_remove(space(), abc[i]);
}

/* ---- ends under the lock ----------------------------------------------------------- */

static bool
after_taking(void)
{
	forget();
	CHECK(space_post("a", 5) == COMPL_OK);
	CHECK(space_post_all("b") == COMPL_OK);
	CHECK(take(abc, 2, 2, 0, 0) == COMPL_OK);
	CHECK(states[0].known && states[0].covered && states[0].exists);
	CHECK(states[0].taken == 2 && states[0].done == 3);
	CHECK(states[1].known && states[1].covered);
	CHECK(states[1].taken == 0 && states[1].done == COMPL_ALL);
	CHECK(is_untouched(&states[2])); /* there are two names */
	return true;
}

static bool
the_last_token_and_its_value(void)
{
	struct compl_post post = { .tokens = 1, .status = 3, .value = "text" };

	forget();
	CHECK(compl_done(space(), "a", &post) == COMPL_OK);
	CHECK(take(abc, 1, 1, 0, 0) == COMPL_OK);
	CHECK(states[0].taken == 1 && states[0].done == 0);
	CHECK(states[0].payload.status == 3 && states[0].payload.has_value);
	CHECK(strcmp(states[0].payload.value, "text") == 0);
	return true;
}

static bool
what_is_missing(void)
{
	forget();
	CHECK(space_post("a", 2) == COMPL_OK);
	CHECK(space_post("b", 3) == COMPL_OK);
	CHECK(take(abc, 3, 3, 0, in_ms(20)) == COMPL_TIMED_OUT);
	CHECK(!states[0].covered && states[0].done == 2 && states[0].exists);
	CHECK(states[1].covered && states[1].done == 3 && states[1].taken == 0);
	CHECK(!states[2].covered && states[2].done == 0 && !states[2].exists && states[2].known);
	return true;
}

static bool
any_says_which_was_taken(void)
{
	forget();
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(space_post("c", 1) == COMPL_OK);
	CHECK(take(abc, 3, 1, COMPL_WAIT_ANY, 0) == COMPL_OK);
	CHECK(!states[0].covered && states[0].taken == 0);
	CHECK(states[1].covered && states[1].taken == 1 && states[1].done == 0);
	CHECK(states[2].covered && states[2].taken == 0 && states[2].done == 1);
	return true;
}

/* ---- ends by a walk, while the wait sleeps ------------------------------------------- */

static int
waits_for_all(void *flags)
{
	enum compl_result result = take(abc, 3, 1, *(unsigned *)flags, COMPL_NEVER);

	for (size_t i = 0; i < 3; i++)
		if (!states[i].known)
			return 90;
	return (int)result << 3 | states[0].covered << 2 | states[1].covered << 1 |
	       states[2].covered;
}

static bool
released_by_all(void)
{
	unsigned flags = 0;
	size_t waiter;

	forget();
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(space_post_all("b") == COMPL_OK);
	waiter = child(waits_for_all, &flags);
	CHECK(child_sleeps(waiter));
	CHECK(space_post_all("c") == COMPL_OK);
	CHECK(child_status(waiter) == 7);
	return true;
}

/* "b" is done while the wait sleeps for "a"; "c" fails. */
static bool
a_fast_failure_knows_the_others(void)
{
	unsigned flags = COMPL_WAIT_FAIL_FAST;
	struct compl_post post = { .all = true, .status = 7 };
	size_t waiter;

	forget();
	waiter = child(waits_for_all, &flags);
	CHECK(child_sleeps(waiter));
	CHECK(space_post_all("b") == COMPL_OK);
	CHECK(compl_done(space(), "c", &post) == COMPL_OK);
	CHECK(child_status(waiter) == 3);
	return true;
}

static bool
a_removal_knows_the_others(void)
{
	unsigned flags = 0;
	size_t waiter;

	forget();
	waiter = child(waits_for_all, &flags);
	CHECK(child_sleeps(waiter));
	CHECK(space_post("b", 1) == COMPL_OK);
	CHECK(compl_remove(space(), "a") == COMPL_OK);
	CHECK(child_status(waiter) == (COMPL_REMOVED << 3 | 2));
	return true;
}

static bool
any_released(void)
{
	unsigned flags = COMPL_WAIT_ANY;
	size_t waiter;

	forget();
	waiter = child(waits_for_all, &flags);
	CHECK(child_sleeps(waiter));
	CHECK(space_post_all("c") == COMPL_OK);
	CHECK(child_status(waiter) == 1);
	return true;
}

/* ---- no look -------------------------------------------------------------------------- */

static bool
nothing_was_looked_at(void)
{
	forget();
	CHECK(take(abc, 3, 1, COMPL_WAIT_EXISTING, 0) == COMPL_E_NO_NAME);
	CHECK(!states[0].known && !states[2].known && states[0].done == 0);
	return true;
}

/* ---- ticks ------------------------------------------------------------------------------ */

static _Atomic unsigned *ticks;

static void
on_tick(void *arg)
{
	(void)arg;
	++*ticks;
}

/* Waits for a token of "a", and calls on_tick() each millisecond. */
static int
waits_with_ticks(void *unused)
{
	const struct compl_tick tick = { .interval_ns = 1000000, .fn = on_tick };
	const struct compl_request request = { .names = abc,
					       .count = 1,
					       .deadline_ns = COMPL_NEVER,
					       .states = states,
					       .tick = &tick };
	struct compl_outcome out;

	(void)unused;
	return compl_wait(space(), &request, &out) == COMPL_OK ? 7 : 8;
}

static int
waits_without(void *unused)
{
	(void)unused;
	return take(abc, 1, 1, 0, COMPL_NEVER) == COMPL_OK ? 7 : 8;
}

/* The first in line is called often, and still gets the first token. */
static bool
the_place_in_line_outlasts_ticks(void)
{
	size_t first, second;

	forget();
	*ticks = 0;
	first = child(waits_with_ticks, NULL);
	while (*ticks == 0)
		usleep(1000);
	second = child(waits_without, NULL);
	CHECK(child_sleeps(second));
	*ticks = 0;
	while (*ticks < 50)
		usleep(1000);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(first) == 7);
	CHECK(child_sleeps(second));
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(second) == 7);
	return true;
}

static bool
a_tick_needs_an_interval_and_a_function(void)
{
	struct compl_tick tick = { .interval_ns = 1, .fn = on_tick };
	const struct compl_request request = { .names = abc, .count = 1, .tick = &tick };
	struct compl_outcome out;

	forget();
	*ticks = 0;
	CHECK(compl_wait(space(), &request, &out) == COMPL_TIMED_OUT);
	CHECK(*ticks == 0);
	tick.interval_ns = 0;
	CHECK(compl_wait(space(), &request, &out) == COMPL_E_ARGUMENT);
	tick = (struct compl_tick){ .interval_ns = 1 };
	CHECK(compl_wait(space(), &request, &out) == COMPL_E_ARGUMENT);
	return true;
}

static const struct test tests[] = {
	{ "a wait that takes tells what it took and what is left", after_taking, false },
	{ "the last token of a name is told with its status and value",
	  the_last_token_and_its_value, false },
	{ "a wait that times out tells what is missing", what_is_missing, false },
	{ "a wait for any name tells which it took and which it could have taken",
	  any_says_which_was_taken, false },
	{ "a wait that 'all' has released is covered by every name", released_by_all, false },
	{ "a fast failure tells what the other names are like", a_fast_failure_knows_the_others,
	  false },
	{ "a removal tells what the other names are like", a_removal_knows_the_others, false },
	{ "a wait for any name tells which released it", any_released, false },
	{ "a wait that has not looked at its names knows nothing", nothing_was_looked_at, false },
	{ "a wait keeps its place in line over many ticks", the_place_in_line_outlasts_ticks,
	  false },
	{ "a tick needs an interval and a function, and a wait that does not queue has none",
	  a_tick_needs_an_interval_and_a_function, false },
};

int
main(void)
{
	ticks = mmap(NULL, sizeof(*ticks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (ticks == MAP_FAILED)
		return 1;
	return tap_run(tests, COUNT(tests));
}
