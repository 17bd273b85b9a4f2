/* SPDX-License-Identifier: ISC
 *
 * ticket-wrap.c - the line keeps its order when tickets wrap around
 */
#include "internals.h"

static int
waits_for(void *line)
{
	static char text[64];
	const char *names[4];
	struct compl_request r = { .names = names, .need = 1, .deadline_ns = COMPL_NEVER };
	struct compl_outcome out = { 0 };
	char *word, *state;

	snprintf(text, sizeof text, "%s", (const char *)line);
	for (word = strtok_r(text, " ", &state); word; word = strtok_r(NULL, " ", &state))
		names[r.count++] = word;
	return compl_wait(space_handle, &r, &out) == COMPL_OK ? 0 : 98;
}

static void
set_ticket(uint32_t low, uint32_t high)
{
	struct layout_header *h = internals_header();

	h->ticket[0] = low;
	h->ticket[1] = high;
}

/* Twelve waiters with tickets before and after the wrap, two of which die.  Each token releases
 * one. */
static bool
line_across(uint32_t low, uint32_t high)
{
	char a_b[] = "a b", b_a[] = "b a";
	size_t w[12], i;

	set_ticket(low, high);
	for (i = 0; i < 12; i++) {
		w[i] = child(waits_for, i % 3 == 2 ? b_a : a_b);
		CHECK(child_sleeps(w[i]));
	}
	child_kill(w[3], SIGKILL);
	child_kill(w[8], SIGKILL);
	CHECK(child_status(w[3]) == 137 && child_status(w[8]) == 137);
	for (i = 0; i < 12; i++) {
		if (i == 3 || i == 8)
			continue;
		CHECK(space_post(i % 2 ? "a" : "b", 1) == COMPL_OK);
		CHECK(!child_try_reap(w[i]));
		CHECK(space_post(i % 2 ? "b" : "a", 1) == COMPL_OK);
		CHECK(child_status(w[i]) == 0);
		CHECK(i == 11 || !child_try_reap(w[i + 1 + (i == 2 || i == 7)]));
	}
	CHECK(space_names_left() == 0);
	return true;
}

static bool
all_across(uint32_t low, uint32_t high)
{
	char a[] = "a";
	size_t w[10], i;

	set_ticket(low, high);
	for (i = 0; i < 10; i++) {
		w[i] = child(waits_for, a);
		CHECK(child_sleeps(w[i]));
	}
	child_kill(w[0], SIGSTOP);
	child_kill(w[6], SIGSTOP);
	CHECK(space_post_all("a") == COMPL_OK);
	CHECK(compl_reinit(space(), "a", false, NULL) == COMPL_OK);
	child_kill(w[0], SIGCONT);
	child_kill(w[6], SIGCONT);
	for (i = 0; i < 10; i++)
		CHECK(child_status(w[i]) == 0);
	return true;
}

static bool
low_word(void)
{
	space();
	CHECK(line_across(UINT32_MAX - 6, 0));
	CHECK(internals_header()->ticket[1] == 1 && internals_header()->ticket[0] < 16);
	return all_across(UINT32_MAX - 4, 7);
}

static bool
both_words(void)
{
	space();
	CHECK(line_across(UINT32_MAX - 6, UINT32_MAX));
	CHECK(internals_header()->ticket[1] == 0 && internals_header()->ticket[0] < 16);
	return all_across(UINT32_MAX - 4, UINT32_MAX);
}

static bool
every_offset(void)
{
	uint32_t i;

	space();
	for (i = 0; i < 13; i++) {
		CHECK(line_across(UINT32_MAX - i, UINT32_MAX));
		children_count = 0;
	}
	return true;
}

static const struct test tests[] = {
	{ "the line keeps its order across the wrap of the tickets' low word", low_word, false },
	{ "the line keeps its order across the wrap of the tickets", both_words, false },
	{ "the line keeps its order wherever in it the tickets wrap", every_offset, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
