/* SPDX-License-Identifier: ISC
 *
 * hashtable.c - a million names come and go, and what happens without room for another name
 *
 * Look-ups cost the same as before, and no record is lost.
 */
#include "internals.h"

#define LIVING	500
#define MILLION 1000000

static const char *
name_of(const char *kind, unsigned n)
{
	static char text[64];

	snprintf(text, sizeof text, "%s/%u", kind, n);
	return text;
}

/* How many records are visited to look up all names that exist; 0 if one is missing. */
static unsigned
cost_of_living(void)
{
	static struct session s;
	unsigned i, cost, sum = 0;

	if (!internals_lock(&s))
		return 0;
	for (i = 0; i < LIVING; i++) {
		cost = internals_look_up_cost(&s, name_of("living", i));
		if (!cost)
			sum = 0;
		else if (sum || !i)
			sum += cost;
	}
	segment_unlock(&s);
	return sum;
}

static bool
records_add_up(uint32_t *made)
{
	static struct session s;
	uint32_t names, free;

	CHECK(internals_lock(&s));
	names = get(&s.h->names);
	free = internals_free_completions(&s);
	*made = s.completions;
	segment_unlock(&s);
	CHECK(names + free == *made);
	return true;
}

static bool
a_million_come_and_go(void)
{
	unsigned i, before, cost;
	uint32_t made, later;

	for (i = 0; i < LIVING; i++)
		CHECK(compl_init(space(), name_of("living", i), false, 0) == COMPL_OK);
	before = cost_of_living();
	CHECK(before >= LIVING);
	CHECK(records_add_up(&made));
	for (i = 0; i < MILLION; i++) {
		const char *name = name_of("passing", i);

		CHECK(space_post(name, 1) == COMPL_OK);
		CHECK(space_try(name) == COMPL_OK);
		if (i % 100000 == 0)
			alarm(limit_s(120));
	}
	cost = cost_of_living();
	CHECK(records_add_up(&later));
	printf("# look-ups of %d names: %u records before, %u after\n", LIVING, before, cost);
	CHECK(cost == before);
	CHECK(later <= made + 1);
	CHECK(space_names_left() == LIVING);
	return true;
}

/* The same with many names at a time, which go in another order than they came. */
static bool
generations_pass(void)
{
	unsigned round, i, first = 0, cost;
	uint32_t made, later;

	for (round = 0; round < 6; round++) {
		for (i = 0; i < LIVING; i++)
			CHECK(compl_init(space(), name_of("living", i), true, 0) == COMPL_OK);
		for (i = 0; i < 4000; i++)
			CHECK(space_post(name_of("mass", round * 4000 + i), 1) == COMPL_OK);
		for (i = 0; i < LIVING; i += 2)
			CHECK(compl_remove(space(), name_of("living", i)) == COMPL_OK);
		for (i = 0; i < 4000; i++)
			CHECK(space_try(name_of("mass", round * 4000 + (i * 1237 + 5) % 4000)) ==
			      COMPL_OK);
		for (i = 0; i < LIVING; i += 2)
			CHECK(compl_init(space(), name_of("living", i), false, 0) == COMPL_OK);
		cost = cost_of_living();
		CHECK(cost);
		if (round == 0) {
			first = cost;
			CHECK(records_add_up(&made));
		}
	}
	/* The order within a chain may differ, its length does not. */
	CHECK(cost <= first + LIVING / 10);
	CHECK(records_add_up(&later));
	CHECK(later == made);
	CHECK(space_names_left() == LIVING);
	return true;
}

static bool
no_room_for_a_name(void)
{
	const char *name = "one-more";
	unsigned i;

	for (i = 0; i < LAYOUT_COMPLETIONS; i++)
		CHECK(space_post(name_of("n", i), 1) == COMPL_OK);
	CHECK(space_post(name, 1) == COMPL_E_FULL_NAMES);
	CHECK(compl_init(space(), name, false, 0) == COMPL_E_FULL_NAMES);
	CHECK(space_wait_ms(space(), name, 1000) == COMPL_E_FULL_NAMES);
	CHECK(space_try(name) == COMPL_TIMED_OUT);
	CHECK(compl_test(space(), name, 0) == COMPL_NOT_DONE);
	CHECK(compl_reinit(space(), name, false, NULL) == COMPL_OK);
	CHECK(space_names_left() == LAYOUT_COMPLETIONS);
	CHECK(space_post(name_of("n", 77), 1) == COMPL_OK);
	CHECK(space_try(name_of("n", 78)) == COMPL_OK);
	CHECK(space_post(name, 1) == COMPL_OK);
	CHECK(space_post("two-more", 1) == COMPL_E_FULL_NAMES);
	for (i = 0; i < LAYOUT_COMPLETIONS; i++)
		CHECK(space_try(name_of("n", i)) == (i == 78 ? COMPL_TIMED_OUT : COMPL_OK));
	CHECK(space_try(name_of("n", 77)) == COMPL_OK);
	CHECK(space_try(name) == COMPL_OK);
	CHECK(space_names_left() == 0);
	return true;
}

/* Killed waits keep names in being only until the next look. */
static int
waits_for_many(void *argument)
{
	static char text[COMPL_NAMES_MAX][32];
	const char *names[COMPL_NAMES_MAX];
	struct compl_request r = {
		.names = names, .count = COMPL_NAMES_MAX, .need = 1, .deadline_ns = COMPL_NEVER
	};
	struct compl_outcome out = { 0 };
	int i;

	for (i = 0; i < COMPL_NAMES_MAX; i++) {
		snprintf(text[i], sizeof text[i], "w%d.%d", *(int *)argument, i);
		names[i] = text[i];
	}
	compl_wait(space_handle, &r, &out);
	return 98;
}

static bool
names_of_the_dead_are_used_again(void)
{
	uint32_t made;
	int round;

	space();
	for (round = 0; round < 400; round++) {
		size_t w = child(waits_for_many, &round);

		CHECK(child_sleeps(w));
		child_kill(w, SIGKILL);
		CHECK(child_status(w) == 137);
		children_count = 0;
	}
	CHECK(space_names_left() == 0);
	CHECK(space_post("a", 1) == COMPL_OK);
	for (round = 0; round < (int)LAYOUT_COMPLETIONS - 1; round++)
		CHECK(space_post(name_of("n", (unsigned)round), 1) == COMPL_OK);
	CHECK(space_post("over", 1) == COMPL_E_FULL_NAMES);
	CHECK(records_add_up(&made));
	CHECK(made == LAYOUT_COMPLETIONS);
	return true;
}

static const struct test tests[] = {
	{ "after a million names have come and gone a look-up costs the same, and no record is "
	  "lost",
	  a_million_come_and_go, false },
	{ "thousands of names come and go in any order, and no record is lost", generations_pass,
	  false },
	{ "when there is no room for a name the others go on, and a removed name makes room",
	  no_room_for_a_name, false },
	{ "the records of names that only dead waits kept are used again",
	  names_of_the_dead_are_used_again, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
