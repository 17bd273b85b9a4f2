/* SPDX-License-Identifier: ISC
 *
 * log.c - the redo log: what was committed is done, and what was not committed is not
 *
 * That holds whichever process died in between.  Bytes that no process can have committed are
 * damage.
 */
#include "internals.h"

static struct layout_change *
entries(void)
{
	return (struct layout_change *)(space()->base + LAYOUT_LOG_AT);
}

static struct completion *
record(const char *name)
{
	static struct session s;
	uint32_t index;

	if (!internals_lock(&s))
		return NULL;
	index = hashtable_find(&s, name);
	segment_unlock(&s);
	return index ? completion_at(&s, index) : NULL;
}

static uint32_t
offset(const void *word)
{
	return (uint32_t)((const char *)word - space()->base);
}

/* What a child writes into the log, and how much of it, before it dies with the lock. */
static struct {
	struct layout_change entry[4];
	uint32_t count, length, applied;
} plan;

static int
commits_and_dies(void *argument)
{
	static struct session s;
	uint32_t i;

	(void)argument;
	NEED(internals_lock(&s));
	for (i = 0; i < plan.count; i++)
		entries()[i] = plan.entry[i];
	__atomic_store_n(&s.h->log_length, plan.length, __ATOMIC_RELEASE);
	for (i = 0; i < plan.applied; i++)
		*(uint32_t *)(s.c->base + plan.entry[i].offset) = plan.entry[i].value;
	kill(getpid(), SIGKILL);
	return 98;
}

static bool
play(uint32_t count, uint32_t length, uint32_t applied)
{
	plan.count = count;
	plan.length = length;
	plan.applied = applied;
	return child_status(child(commits_and_dies, NULL)) == 137;
}

static bool
plan_counter(uint32_t value)
{
	struct completion *n;

	CHECK(compl_init(space(), "a", true, 0) == COMPL_OK);
	n = record("a");
	CHECK(n);
	plan.entry[0] = (struct layout_change){ offset(&n->done), value };
	plan.entry[1] = (struct layout_change){ offset(&n->status), 5 };
	plan.entry[2] = (struct layout_change){ offset(&n->done), value + 1 };
	return true;
}

static bool
committed_is_done(void)
{
	CHECK(plan_counter(6));
	CHECK(play(3, 3, 0));
	CHECK(record("a")->status == 5);
	CHECK(space_counter("a") == 7);
	CHECK(internals_header()->log_length == 0);
	return true;
}

static bool
uncommitted_is_nothing(void)
{
	CHECK(plan_counter(6));
	CHECK(play(3, 0, 0));
	CHECK(space_counter("a") == 0 && record("a")->status == 0);
	return true;
}

static bool
half_applied_is_done(void)
{
	uint32_t applied;

	for (applied = 1; applied <= 3; applied++) {
		CHECK(plan_counter(10 * applied));
		CHECK(play(3, 3, applied));
		CHECK(space_counter("a") == 10 * applied + 1 && record("a")->status == 5);
		CHECK(compl_reinit(space(), "a", true, NULL) == COMPL_OK);
	}
	return true;
}

static bool
commit_is_absolute(void)
{
	static struct session s;
	struct completion *n;

	CHECK(plan_counter(1));
	n = record("a");
	CHECK(internals_lock(&s));
	log_put(&s, &n->done, 3);
	CHECK(n->done == 0);
	log_put(&s, &n->done, 4);
	CHECK(log_commit(&s));
	CHECK(n->done == 4 && s.h->log_length == 0);
	CHECK(log_commit(&s));
	CHECK(n->done == 4);
	segment_unlock(&s);
	return true;
}

static bool
bad_offsets_are_damage(void)
{
	uint32_t bad[12], before, i, count = 0;
	struct completion *n;

	CHECK(plan_counter(3));
	n = record("a");
	bad[count++] = 0;				  /* the magic */
	bad[count++] = offset(&internals_header()->lock); /* not changed through the log */
	bad[count++] = offset(&internals_header()->log_length);
	bad[count++] = offset(&internals_header()->lost_wakeups);
	bad[count++] = offset(&n->done) + 1; /* unaligned */
	bad[count++] = offset(&n->bell);
	bad[count++] = offset(n->name);
	bad[count++] = LAYOUT_LOG_AT;
	bad[count++] = LAYOUT_COMPLETION_VALUES_AT;
	bad[count++] = (uint32_t)LAYOUT_SIZE;
	bad[count++] = UINT32_MAX - 3;
	bad[count++] = offset(&n->done) + 200 * 256; /* a record that was never made */
	for (i = 0; i < count; i++) {
		plan.entry[1].offset = bad[i];
		before = n->done;
		CHECK(play(3, 3, 0));
		CHECK(space_post("a", 1) == COMPL_E_DAMAGED);
		CHECK(compl_test(space(), "a", 0) == COMPL_E_DAMAGED);
		CHECK(n->done == before);
		CHECK(internals_header()->log_length == 3);
		internals_header()->log_length = 0;
		CHECK(space_post("a", 1) == COMPL_OK);
	}
	return true;
}

static bool
bad_lengths_are_damage(void)
{
	CHECK(plan_counter(3));
	CHECK(play(3, LAYOUT_LOG + 1, 0));
	CHECK(space_post("a", 1) == COMPL_E_DAMAGED);
	internals_header()->log_length = UINT32_MAX;
	CHECK(space_post("a", 1) == COMPL_E_DAMAGED);
	internals_header()->log_length = 0;
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_counter("a") == 1);
	return true;
}

static const struct test tests[] = {
	{ "what was committed is done by the next owner of the lock", committed_is_done, false },
	{ "what was not committed has no effect", uncommitted_is_nothing, false },
	{ "what was applied in part is completed, wherever it stopped", half_applied_is_done,
	  false },
	{ "nothing changes before the commit, and the last value counts", commit_is_absolute,
	  false },
	{ "an offset that is never logged is damage, and nothing is changed",
	  bad_offsets_are_damage, false },
	{ "an impossible length is damage", bad_lengths_are_damage, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
