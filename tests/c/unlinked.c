/* SPDX-License-Identifier: ISC
 *
 * unlinked.c - calls on a handle whose segment another program has unlinked
 */
#include "../segment-path.h"
#include "tap.h"

/* Unlinks the segment, and leaves the handles open. */
static bool
unlink_segment(void)
{
	struct compl_where where = space_where();
	char path[SEGMENT_PATH_MAX];

	CHECK(segment_path(path, sizeof path, &where));
	CHECK(unlink(path) == 0);
	return true;
}

static enum compl_result
post(struct compl_space *c, const char *name, struct compl_post how)
{
	return compl_done(c, name, &how);
}

/* Posts of each kind, to names of each kind: "settled" is at "all", "there" at 1, and "new" does
 * not exist. */
static bool
refuses_posts(struct compl_space *c)
{
	static const char *const names[] = { "settled", "there", "new" };
	struct compl_post full = { .tokens = COMPL_ALL - 1 };

	for (size_t i = 0; i < COUNT(names); i++) {
		CHECK(post(c, names[i], (struct compl_post){ .tokens = 1 }) ==
		      COMPL_E_NO_NAMESPACE);
		CHECK(post(c, names[i], (struct compl_post){ .all = true, .value = "text" }) ==
		      COMPL_E_NO_NAMESPACE);
		CHECK(post(c, names[i], (struct compl_post){ .waiting = true }) ==
		      COMPL_E_NO_NAMESPACE);
		CHECK(post(c, names[i], (struct compl_post){ .existing = true, .status = 3 }) ==
		      COMPL_E_NO_NAMESPACE);
		CHECK(post(c, names[i], full) == COMPL_E_NO_NAMESPACE);
	}
	return true;
}

static bool
refuses_the_rest(struct compl_space *c)
{
	struct compl_promise promise;
	struct compl_listing *list;

	CHECK(compl_init(c, "there", false, 0) == COMPL_E_NO_NAMESPACE);
	CHECK(compl_init(c, "new", true, 0) == COMPL_E_NO_NAMESPACE);
	CHECK(compl_reinit(c, "new", false, NULL) == COMPL_E_NO_NAMESPACE);
	CHECK(compl_promise(c, "new", 0, NULL, &promise) == COMPL_E_NO_NAMESPACE);
	CHECK(compl_remove(c, "nothing") == COMPL_E_NO_NAMESPACE);
	CHECK(compl_list(c, &list) == COMPL_E_NO_NAMESPACE && list == NULL);
	return true;
}

static bool
refuses_promises(struct compl_space *c, struct compl_promise *promise)
{
	struct compl_post all = { .all = true };

	for (int i = 0; i < 2; i++) {
		CHECK(compl_keep(c, promise, &all, true) == COMPL_E_NO_NAMESPACE);
		CHECK(compl_keep(c, promise, &all, false) == COMPL_E_NO_NAMESPACE);
		CHECK(compl_break(c, promise) == COMPL_E_NO_NAMESPACE);
	}
	return true;
}

static bool
nothing_changes(void)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_promise promise;

	CHECK(c != NULL && !compl_is_unlinked(c));
	CHECK(post(c, "settled", (struct compl_post){ .all = true }) == COMPL_OK);
	CHECK(post(c, "there", (struct compl_post){ .tokens = 1 }) == COMPL_OK);
	CHECK(compl_promise(c, "promised", 0, NULL, &promise) == COMPL_OK);
	CHECK(unlink_segment());
	CHECK(compl_is_unlinked(c) && compl_is_removed(c));
	CHECK(refuses_posts(c));
	CHECK(refuses_promises(c, &promise));
	CHECK(refuses_the_rest(c));
	CHECK(compl_test(c, "new", 0) == COMPL_NOT_DONE);
	CHECK(compl_test(c, "promised", 0) == COMPL_NOT_DONE);
	CHECK(compl_test(c, "there", 0) == COMPL_OK && compl_test(c, "settled", 0) == COMPL_OK);
	compl_close(c);
	CHECK(space_names_left() == 0); /* in the new segment */
	return true;
}

static bool
a_removal_is_no_unlinking(void)
{
	struct compl_where where = space_where();
	struct compl_space *c = space_open(0);

	CHECK(c != NULL && compl_remove_all(&where, false) == COMPL_OK);
	CHECK(compl_is_removed(c) && !compl_is_unlinked(c));
	CHECK(post(c, "a", (struct compl_post){ .tokens = 1 }) == COMPL_E_NO_NAMESPACE);
	compl_close(c);
	return true;
}

/* ---- waiters in the unlinked segment ------------------------------------------------ */

static int
waits(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	NEED(c != NULL);
	return space_wait_ms(c, argument, -1) == COMPL_REMOVED ? 0 : 1;
}

static char a[] = "a";

/* Makes a promise, and has waiters in line for it, in a segment that is unlinked then.  The waiters
 * end after a post that fails, or after the close of the handle. */
static bool
ends_its_waits(bool posts)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_post all = { .all = true };
	struct compl_promise promise;
	size_t waiters[3];

	CHECK(c != NULL && compl_promise(c, "a", 0, NULL, &promise) == COMPL_OK);
	for (size_t i = 0; i < COUNT(waiters); i++) {
		waiters[i] = child(waits, a);
		CHECK(child_sleeps(waiters[i]));
	}
	CHECK(unlink_segment());
	if (posts)
		CHECK(compl_keep(c, &promise, &all, false) == COMPL_E_NO_NAMESPACE);
	else
		compl_close(c);
	for (size_t i = 0; i < COUNT(waiters); i++)
		CHECK(child_status(waiters[i]) == 0);
	if (posts)
		compl_close(c);
	return true;
}

static bool
a_post_ends_them(void)
{
	return ends_its_waits(true);
}

static bool
a_close_ends_them(void)
{
	return ends_its_waits(false);
}

static const struct test tests[] = {
	{ "in an unlinked segment nothing is posted, promised or changed, and the result says so",
	  nothing_changes, false },
	{ "a namespace that compl has removed is not unlinked by another program",
	  a_removal_is_no_unlinking, false },
	{ "waits in an unlinked segment are not released by a post, and end as removed",
	  a_post_ends_them, false },
	{ "if a producer there closes its handle, its waits end as removed", a_close_ends_them,
	  false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
