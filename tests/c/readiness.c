/* SPDX-License-Identifier: ISC
 *
 * readiness.c - a producer is ready, until it ends, fails, or is reinitialised
 */
#include "internals.h"
#include "shm/names/job.h"
#include "shm/names/ready_producers.h"

static struct compl_space *c; /* of the child that runs a test */

/* ---- short forms ---------------------------------------------------------------- */

static struct compl_promise
promised(unsigned flags)
{
	struct compl_promise promise;

	NEED(compl_promise(c, "a", flags, "me", &promise) == COMPL_OK);
	NEED(!compl_is_ready(c, &promise));
	return promise;
}

static enum compl_result
keep_ready(struct compl_promise *promise, const char *value)
{
	struct compl_post post = { .ready = true, .value = value };

	return compl_keep(c, promise, &post, true);
}

static struct compl_promise
ready(const char *value)
{
	struct compl_promise promise = promised(0);

	NEED(keep_ready(&promise, value) == COMPL_OK && compl_is_ready(c, &promise));
	return promise;
}

/* Tries to take tokens of "a"; out->payloads are not asked for. */
static enum compl_result
take(uint32_t need, unsigned flags, struct compl_payload *payload, struct compl_outcome *out)
{
	const char *name = "a";
	struct compl_request r = {
		.names = &name, .count = 1, .need = need, .flags = flags, .payloads = payload
	};

	*out = (struct compl_outcome){ 0 };
	return compl_try(c, &r, out);
}

/* Everybody passes "a", with this value, and takes nothing. */
static bool
everybody_passes(const char *value)
{
	struct compl_payload payload = { 0 };
	struct compl_outcome out;

	return compl_test(c, "a", 0) == COMPL_OK && take(5, 0, &payload, &out) == COMPL_OK &&
	       out.status == 0 && !out.failed_fast && payload.has_value == (value != NULL) &&
	       (value == NULL || !strcmp(payload.value, value));
}

/* Nobody passes "a". */
static bool
nobody_passes(void)
{
	struct compl_outcome out;

	return compl_test(c, "a", 0) == COMPL_NOT_DONE && take(1, 0, NULL, &out) == COMPL_TIMED_OUT;
}

/* Everybody leaves "a" with this status, and takes nothing. */
static bool
everybody_fails(int status)
{
	struct compl_listing *list;
	const struct compl_entry *entry;
	struct compl_outcome out;
	bool shown;

	if (compl_test(c, "a", 0) != COMPL_NOT_DONE || take(1, 0, NULL, &out) != COMPL_OK ||
	    out.status != status || !out.failed_fast)
		return false;
	if (take(1, COMPL_WAIT_ANY, NULL, &out) != COMPL_OK || out.status != status ||
	    out.failed_fast)
		return false;
	if (compl_list(c, &list) != COMPL_OK)
		return false;
	entry = compl_entry_at(list, 0);
	shown = list->count == 1 && entry->failed && !entry->ready && entry->done == 0 &&
		entry->payload.status == status;
	compl_list_free(list);
	return shown;
}

/* Runs the body in a child, whose thread has no other robust locks. */
static bool
passes(int (*body)(void *))
{
	CHECK(child_status(child(body, NULL)) == 0);
	return true;
}

/* ---- the tests -------------------------------------------------------------------- */

static int
ready_body(void *unused)
{
	struct compl_promise p;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = promised(0);
	NEED(nobody_passes());
	NEED(keep_ready(&p, "x") == COMPL_OK && compl_is_ready(c, &p) && everybody_passes("x"));
	NEED(keep_ready(&p, "y") == COMPL_OK && everybody_passes("x")); /* it is ready already */
	NEED(compl_end(c, &p, 0) == COMPL_OK && !compl_is_ready(c, &p) && nobody_passes());
	NEED(compl_end(c, &p, 0) == COMPL_E_ARGUMENT);
	NEED(keep_ready(&p, NULL) == COMPL_E_ARGUMENT);
	return 0;
}

static bool
ready_until_it_ends(void)
{
	return passes(ready_body) && space_names_left() == 0;
}

static int
arguments_body(void *unused)
{
	struct compl_post wrong[] = { { .ready = true, .all = true },
				      { .ready = true, .tokens = 1 },
				      { .ready = true, .status = 1 } };
	struct compl_post post = { .ready = true }, all = { .all = true };
	struct compl_promise p;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = promised(0);
	for (size_t i = 0; i < COUNT(wrong); i++)
		NEED(compl_keep(c, &p, &wrong[i], true) == COMPL_E_ARGUMENT);
	NEED(compl_keep(c, &p, &post, false) == COMPL_E_ARGUMENT);
	NEED(compl_done(c, "a", &post) == COMPL_E_ARGUMENT);
	NEED(compl_end(c, &p, 1) == COMPL_NOT_DONE &&
	     nobody_passes()); /* and the promise remains */
	NEED(compl_keep(c, &p, &all, false) == COMPL_OK && everybody_passes(NULL));
	return 0;
}

static bool
wrong_calls_change_nothing(void)
{
	return passes(arguments_body);
}

static int
two_body(void *unused)
{
	struct compl_promise p, q, r;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = ready("first");
	q = ready("second");
	NEED(everybody_passes("second"));
	r = promised(0);
	NEED(compl_end(c, &q, 7) == COMPL_OK && everybody_passes("first"));
	NEED(compl_end(c, &p, 7) == COMPL_OK && nobody_passes()); /* r may become ready */
	NEED(keep_ready(&r, NULL) == COMPL_OK && everybody_passes(NULL));
	NEED(compl_end(c, &r, 7) == COMPL_OK && everybody_fails(7));
	NEED(compl_init(c, "a", false, 0) == COMPL_E_EXISTS);
	p = promised(0);
	NEED(nobody_passes());
	NEED(keep_ready(&p, NULL) == COMPL_OK && compl_break(c, &p) == COMPL_OK);
	NEED(take(1, 0, NULL, &(struct compl_outcome){ 0 }) == COMPL_PRODUCER_DIED);
	NEED(compl_test(c, "a", 0) == COMPL_NOT_DONE);
	return 0;
}

static bool
the_last_counts(void)
{
	return passes(two_body);
}

static int
posts_body(void *unused)
{
	struct compl_post token = { .tokens = 1, .status = 3, .value = "t" };
	struct compl_outcome out;
	struct compl_promise p;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = promised(0);
	NEED(compl_done(c, "a", &token) == COMPL_OK);
	NEED(keep_ready(&p, "r") == COMPL_OK && everybody_passes("r"));
	NEED(compl_done(c, "a", &token) == COMPL_OK && everybody_passes("r"));
	NEED(compl_end(c, &p, 9) == COMPL_OK);
	NEED(take(2, 0, NULL, &out) == COMPL_OK && out.status == 3 && nobody_passes());
	p = ready(NULL);
	NEED(compl_end(c, &p, 9) == COMPL_OK && everybody_fails(9));
	NEED(compl_done(c, "a", &token) == COMPL_OK);
	NEED(take(1, 0, NULL, &out) == COMPL_OK && out.status == 3 && nobody_passes());
	return 0;
}

static bool
posts_stay_beside_it(void)
{
	return passes(posts_body);
}

static int
reinit_body(void *unused)
{
	struct compl_promise p;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = ready("one");
	NEED(compl_reinit(c, "a", false, NULL) == COMPL_OK);
	NEED(!compl_is_ready(c, &p) && nobody_passes());
	NEED(compl_end(c, &p, 0) == COMPL_NOT_DONE);
	NEED(keep_ready(&p, "two") == COMPL_OK && compl_is_ready(c, &p) && everybody_passes("two"));
	NEED(compl_remove(c, "a") == COMPL_OK && !compl_is_ready(c, &p));
	NEED(keep_ready(&p, NULL) == COMPL_REMOVED && nobody_passes());
	return 0;
}

static bool
reinit_takes_it_back(void)
{
	return passes(reinit_body);
}

/* The counter of "a", or -1. */
static int64_t
counter(void)
{
	struct compl_listing *list;
	int64_t found = -1;

	NEED(compl_list(c, &list) == COMPL_OK);
	if (list->count == 1)
		found = compl_entry_at(list, 0)->done;
	compl_list_free(list);
	return found;
}

static int
anew_body(void *unused)
{
	struct compl_post three = { .tokens = 3 };
	struct compl_outcome out;
	struct compl_promise p, q;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	NEED(compl_done(c, "a", &three) == COMPL_OK);
	p = promised(0);
	NEED(counter() == 3);
	q = promised(COMPL_PROMISE_ANEW); /* beside another one */
	NEED(counter() == 3);
	NEED(keep_ready(&p, NULL) == COMPL_OK && keep_ready(&q, NULL) == COMPL_OK);
	NEED(compl_end(c, &p, 0) == COMPL_OK && compl_end(c, &q, 0) == COMPL_OK);
	NEED(counter() == 3);
	p = promised(COMPL_PROMISE_ANEW);
	NEED(counter() == 0 && nobody_passes());
	NEED(take(3, 0, NULL, &out) == COMPL_TIMED_OUT);
	NEED(compl_break(c, &p) == COMPL_OK && counter() == COMPL_ALL);
	return 0;
}

static bool
begins_anew(void)
{
	return passes(anew_body);
}

/* Waits for "a" and "b", and returns the status; or 20 if the wait says otherwise than a failure
 * of "a". */
static int
waits_for_both(void *flags)
{
	const char *names[] = { "b", "a" };
	struct compl_request r = { .names = names,
				   .count = 2,
				   .need = 1,
				   .flags = flags != NULL ? *(unsigned *)flags : 0,
				   .deadline_ns = COMPL_NEVER };
	struct compl_outcome out = { 0 };

	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	NEED(c != NULL);
	switch (compl_wait(c, &r, &out)) {
	case COMPL_OK:
		return out.failed_fast && out.which == 1 ? out.status : 20;
	case COMPL_PRODUCER_DIED:
		return out.which == 1 ? 21 : 20;
	default:
		return 20;
	}
}

/* Is ready, posts to "up", and ends with the status when it has a token of "go". */
static int
serves(void *status)
{
	struct compl_promise p;
	struct compl_post token = { .tokens = 1 };

	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = ready(NULL);
	NEED(compl_done(c, "up", &token) == COMPL_OK);
	NEED(space_wait_ms(c, "go", -1) == COMPL_OK);
	NEED(compl_end(c, &p, *(uint8_t *)status) == COMPL_OK);
	return 0;
}

static bool
ends_the_line(int status, bool kills, int expected)
{
	uint8_t end = (uint8_t)status;
	size_t p = child(serves, &end), w;

	CHECK(space_wait_ms(space(), "up", 20000) == COMPL_OK);
	CHECK(compl_test(space(), "a", 0) == COMPL_OK);
	w = child(waits_for_both, NULL);
	while (space_waiters("a") == 0)
		nap();
	CHECK(child_sleeps(w));
	if (kills)
		child_kill(p, SIGKILL);
	else
		CHECK(space_post("go", 1) == COMPL_OK);
	CHECK(child_status(w) == expected);
	CHECK(kills || child_status(p) == 0);
	CHECK(compl_test(space(), "a", 0) == COMPL_NOT_DONE);
	return true;
}

static bool
its_end_ends_the_line(void)
{
	return ends_the_line(0, false, 21);
}

static bool
its_failure_ends_the_line(void)
{
	return ends_the_line(7, false, 7);
}

static bool
its_death_ends_the_line(void)
{
	return ends_the_line(0, true, 21);
}

/* Waits for "a", and returns 0 if it was let go with this value. */
static int
waits_for_value(void *value)
{
	const char *name = "a";
	struct compl_payload payload;
	struct compl_request r = { .names = &name,
				   .count = 1,
				   .need = 1,
				   .deadline_ns = COMPL_NEVER,
				   .payloads = &payload };
	struct compl_outcome out = { 0 };

	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	NEED(c != NULL && compl_wait(c, &r, &out) == COMPL_OK && out.status == 0);
	NEED(payload.has_value && strcmp(payload.value, value) == 0);
	return 0;
}

static int
promises_and_waits(void *unused)
{
	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	promised(0);
	return (int)space_wait_ms(c, "never", -1);
}

/* Commits what post_ready() commits, for a producer that is killed then, and goes on with the walk
 * as the next owner of the lock does. */
static bool
dies_while_it_releases(void)
{
	char value[] = "text";
	static struct session s;
	size_t p = child(promises_and_waits, NULL), w;
	uint32_t index;

	CHECK(child_sleeps(p));
	w = child(waits_for_value, value);
	CHECK(child_sleeps(w) && internals_lock(&s));
	index = hashtable_find(&s, "a");
	ready_producers_log_add(&s, index, get(&completion_at(&s, index)->producers.head), value);
	log_put(&s, &s.h->job_completion, index);
	log_put(&s, &s.h->job_kind, JOB_RELEASE);
	CHECK(log_commit(&s));
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 137);
	job_finish(&s);
	CHECK(segment_unlock_with(&s, COMPL_OK) == COMPL_OK);
	CHECK(child_status(w) == 0);
	return true;
}

/* The waiter is stopped, so it cannot see that the producer has died before "b" is posted. */
static bool
the_dead_release_nobody(void)
{
	uint8_t end = 0;
	size_t p = child(serves, &end), w;

	CHECK(space_wait_ms(space(), "up", 20000) == COMPL_OK);
	w = child(waits_for_both, NULL);
	CHECK(child_sleeps(w));
	child_kill(w, SIGSTOP);
	child_kill(p, SIGKILL);
	CHECK(child_status(p) == 128 + SIGKILL);
	CHECK(space_post_all("b") == COMPL_OK);
	child_kill(w, SIGCONT);
	CHECK(child_status(w) == 21);
	return true;
}

static int
keep_uncovers_body(void *unused)
{
	struct compl_post failure = { .tokens = 1, .status = 3 }, token = { .tokens = 1 };
	struct compl_promise p;
	size_t w;

	(void)unused;
	c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	p = ready(NULL);
	w = child(waits_for_both, &(unsigned){ COMPL_WAIT_FAIL_FAST });
	NEED(child_sleeps(w));
	NEED(compl_done(c, "a", &failure) == COMPL_OK);
	NEED(child_sleeps(w));
	NEED(compl_keep(c, &p, &token, false) == COMPL_OK);
	NEED(child_status(w) == 3);
	return 0;
}

static bool
a_kept_promise_uncovers(void)
{
	return passes(keep_uncovers_body);
}

static const struct test tests[] = {
	{ "a name is ready until its producer ends", ready_until_it_ends, false },
	{ "a call that cannot be meant changes nothing", wrong_calls_change_nothing, false },
	{ "of several producers the last one to end counts", the_last_counts, false },
	{ "what is posted meanwhile takes effect when the readiness ends", posts_stay_beside_it,
	  false },
	{ "a reinit or a removal takes readiness back", reinit_takes_it_back, false },
	{ "with COMPL_PROMISE_ANEW tokens do not stay", begins_anew, false },
	{ "a wait for several names ends when the last ready producer of one ends",
	  its_end_ends_the_line, false },
	{ "it ends with the status if that producer fails", its_failure_ends_the_line, false },
	{ "it ends if that producer is killed", its_death_ends_the_line, false },
	{ "\"all\" of another name does not release it, if nobody has noticed that the producer "
	  "has "
	  "died",
	  the_dead_release_nobody, false },
	{ "a producer that dies while it releases the waits has released them with its value",
	  dies_while_it_releases, false },
	{ "a failure that was posted meanwhile ends fail-fast waits when a ready producer leaves "
	  "with "
	  "a post",
	  a_kept_promise_uncovers, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
