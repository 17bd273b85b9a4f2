/* SPDX-License-Identifier: ISC
 *
 * generations.c - generations by the library: they only grow, never come back, and end bound waits
 */
#include "tap.h"

static uint64_t
draw(void)
{
	uint64_t generation = 0;

	return compl_reinit(space(), "a", true, &generation) == COMPL_OK ? generation : 0;
}

static uint64_t
wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The first number may be that of the microsecond in which it was drawn; no other one may. */
static bool
never_runs_ahead(void)
{
	uint64_t before = wall_us(), last = draw(), next;

	CHECK(last >= before && last <= wall_us());
	for (int i = 0; i < 300000; i++) {
		next = draw();
		CHECK(next == last + 1 && next < wall_us());
		last = next;
	}
	return true;
}

static bool
begins_after_the_removed_namespace(void)
{
	const struct compl_where where = space_where();
	uint64_t last = 0, next;

	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 2000; i++) {
			next = draw();
			CHECK(next > last);
			last = next;
		}
		CHECK(compl_remove_all(&where, false) == COMPL_OK);
		compl_close(space_handle);
		space_handle = NULL;
	}
	return true;
}

static struct compl_request
bound_request(const char *const *name, uint64_t generation, int64_t deadline_ns)
{
	return (struct compl_request){
		.names = name, .count = 1, .deadline_ns = deadline_ns, .generation = generation
	};
}

static enum compl_result
bound_try(const char *name, uint64_t generation)
{
	struct compl_request request = bound_request(&name, generation, 0);
	struct compl_outcome out;

	return compl_try(space(), &request, &out);
}

static enum compl_result
bound_post(const char *name, uint64_t generation)
{
	struct compl_post post = { .all = true, .generation = generation };

	return compl_done(space(), name, &post);
}

static bool
binds_each_call(void)
{
	uint64_t old = draw(), new = draw();

	CHECK(bound_post("a", old) == COMPL_OTHER_GENERATION);
	CHECK(bound_try("a", old) == COMPL_OTHER_GENERATION);
	CHECK(compl_test(space(), "a", old) == COMPL_OTHER_GENERATION);
	CHECK(bound_try("a", new) == COMPL_TIMED_OUT);
	CHECK(compl_test(space(), "a", new) == COMPL_NOT_DONE);
	CHECK(bound_post("a", new) == COMPL_OK);
	CHECK(bound_try("a", new) == COMPL_OK && compl_test(space(), "a", new) == COMPL_OK);
	CHECK(bound_post("none", new) == COMPL_OTHER_GENERATION);
	CHECK(bound_try("none", new) == COMPL_OTHER_GENERATION);
	CHECK(compl_test(space(), "none", new) == COMPL_OTHER_GENERATION);
	CHECK(space_names_left() == 1);
	return true;
}

static bool
refuses_several_names(void)
{
	static const char *const names[] = { "a", "b" };
	struct compl_request request = { .names = names, .count = 2, .generation = 1 };
	struct compl_outcome out;

	CHECK(compl_try(space(), &request, &out) == COMPL_E_ARGUMENT);
	return true;
}

static bool
shows_it_in_the_listing(void)
{
	uint64_t generation = draw();
	struct compl_listing *list;

	CHECK(compl_list(space(), &list) == COMPL_OK && list->count == 1);
	CHECK(compl_entry_at(list, 0)->generation == generation);
	CHECK(compl_entry_at(list, 0)->initialised);
	compl_list_free(list);
	return true;
}

/* A child that waits for a generation.  Its status is the result. */
static int
wait_bound(void *argument)
{
	static const char *const name = "a";
	struct compl_space *c = space_open(0);
	struct compl_request request = bound_request(&name, *(uint64_t *)argument, COMPL_NEVER);
	struct compl_outcome out;

	return c != NULL ? (int)compl_wait(c, &request, &out) : 99;
}

/* The waits stand in line before the reinit: the walk ends those that are bound, wherever they
 * stand, and no other. */
static bool
ends_bound_waits_in_line(void)
{
	uint64_t generation = draw(), none = 0;

	for (size_t i = 0; i < 6; i++) {
		child(wait_bound, i % 2 == 0 ? &generation : &none);
		CHECK(child_sleeps(i));
	}
	CHECK(draw() > generation);
	for (size_t i = 0; i < 6; i += 2)
		CHECK(child_status(i) == COMPL_OTHER_GENERATION);
	CHECK(space_waiters("a") == 3);
	CHECK(space_post("a", 3) == COMPL_OK);
	for (size_t i = 1; i < 6; i += 2)
		CHECK(child_status(i) == COMPL_OK);
	return true;
}

static const struct test tests[] = {
	{ "numbers grow by one, and never run ahead of the clock", never_runs_ahead, false },
	{ "a new namespace begins after all numbers of the removed one",
	  begins_after_the_removed_namespace, false },
	{ "each call that is bound to a generation leaves others alone", binds_each_call, false },
	{ "a request that is bound to a generation has one name", refuses_several_names, false },
	{ "a new generation ends the bound waits in line, and no others", ends_bound_waits_in_line,
	  false },
	{ "the listing shows the generation", shows_it_in_the_listing, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
