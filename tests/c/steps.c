/* SPDX-License-Identifier: ISC
 *
 * steps.c - calls that are followed instruction by instruction: there they are killed, their
 * segment is unlinked, or a waiter ahead of them dies
 */
#include <errno.h>
#include <sys/ptrace.h>

#include "../segment-path.h"
#include "internals.h"

#define STEPS 60000u /* at the most, in all samples of a call together */

/* ---- a child, step by step ------------------------------------------------------ */

struct victim {
	size_t child;
	bool has_ended;
};

/* What the child calls, after it has opened its handle and stopped. */
static enum compl_result (*call)(struct compl_space *c);

static int
stops_and_calls(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);

	(void)argument;
	NEED(c != NULL);
	NEED(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	raise(SIGSTOP);
	_exit((int)call(c));
}

static bool
start(struct victim *v)
{
	int status;

	*v = (struct victim){ .child = child(stops_and_calls, NULL) };
	CHECK(waitpid(children[v->child].pid, &status, 0) > 0 && WIFSTOPPED(status));
	return true;
}

/* Goes on by so many instructions, or to the end of the child. */
static unsigned
step(struct victim *v, unsigned count)
{
	struct child *c = &children[v->child];
	unsigned taken = 0;
	int status;

	while (taken < count && !v->has_ended) {
		if (ptrace(PTRACE_SINGLESTEP, c->pid, NULL, NULL) != 0 ||
		    waitpid(c->pid, &status, 0) != c->pid)
			break;
		taken++;
		v->has_ended = !WIFSTOPPED(status);
		if (v->has_ended) {
			c->ended = true;
			c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 90;
		}
	}
	return taken;
}

/* How many instructions to pass over from one sample to the next.  A sanitizer makes a call longer,
 * so there are fewer samples then. */
static bool
measure(bool (*prepare)(void), unsigned *stride)
{
	unsigned samples = getenv("COMPL_CORE") ? 4 : 60, length;
	struct victim v;

	CHECK(prepare());
	CHECK(start(&v));
	length = step(&v, UINT32_MAX);
	CHECK(length > 0);
	if (samples > 2 * STEPS / length)
		samples = 2 * STEPS / length + 1;
	*stride = length / samples + 1;
	CHECK(v.has_ended && children[v.child].status == COMPL_OK);
	return true;
}

/* ---- killed ----------------------------------------------------------------------- */

#define OLD_NS	  (100 * CLOCK_SECOND_NS)
#define OLD_WAITS 7

/* The name "a", initialised or not, at "all" with a status, old, and with statistics. */
static bool
prepare_old(bool is_init)
{
	struct compl_post post = { .all = true, .status = 3 };
	static struct session s;
	struct completion *n;

	compl_remove(space(), "a");
	CHECK(!is_init || compl_init(space(), "a", false, 0) == COMPL_OK);
	CHECK(compl_done(space(), "a", &post) == COMPL_OK);
	CHECK(internals_lock(&s));
	n = completion_at(&s, hashtable_find(&s, "a"));
	n->since_ns -= OLD_NS;
	n->waits = OLD_WAITS;
	n->waits_ns = n->waits_io_ns = (uint64_t)OLD_NS;
	segment_unlock(&s);
	return true;
}

static bool
prepare_initialised(void)
{
	return prepare_old(true);
}

static bool
prepare_bare(void)
{
	return prepare_old(false);
}

static enum compl_result
reinits(struct compl_space *c)
{
	return compl_reinit(c, "a", false, NULL);
}

static enum compl_result
inits(struct compl_space *c)
{
	return compl_init(c, "a", true, 0);
}

static enum compl_result
promises(struct compl_space *c)
{
	struct compl_promise promise;

	return compl_promise(c, "a", 0, NULL, &promise);
}

/* What a listing shows of "a": all that the call changes is as it was, or all is new.  is_new: the
 * call has happened.  resets_age, resets_waits: what it sets to zero. */
static bool
is_old_or_new(bool (*is_new)(const struct compl_entry *), bool resets_age, bool resets_waits)
{
	struct compl_listing *list;
	const struct compl_entry *e;
	bool has_happened, is_old, has_waits;

	CHECK(compl_list(space(), &list) == COMPL_OK && list->count == 1);
	e = compl_entry_at(list, 0);
	has_happened = is_new(e);
	is_old = e->age_seconds > 50;
	has_waits = e->waits == OLD_WAITS && e->waits_seconds > 50 && e->waits_io_seconds > 50;
	CHECK(has_waits || (e->waits == 0 && e->waits_seconds + e->waits_io_seconds < 1));
	compl_list_free(list);
	CHECK(is_old == !(has_happened && resets_age));
	CHECK(has_waits == !(has_happened && resets_waits));
	return true;
}

static bool
is_reinitialised(const struct compl_entry *e)
{
	return e->done == 0 && e->payload.status == 0;
}

static bool
is_initialised(const struct compl_entry *e)
{
	return e->initialised;
}

/* It has begun anew, and the producer has died. */
static bool
has_lost_producer(const struct compl_entry *e)
{
	return e->payload.status == COMPL_STATUS_PRODUCER_DIED;
}

/* Kills a call at one instruction after another, and looks each time. */
static bool
killed_everywhere(bool (*prepare)(void), bool (*is_new)(const struct compl_entry *),
		  bool resets_age, bool resets_waits)
{
	struct victim v = { .has_ended = false };
	unsigned stride;

	CHECK(measure(prepare, &stride));
	for (unsigned at = 1 + (unsigned)getpid() % stride; !v.has_ended; at += stride) {
		CHECK(prepare());
		CHECK(start(&v));
		step(&v, at);
		if (!v.has_ended) {
			child_kill(v.child, SIGKILL);
			CHECK(child_status(v.child) == 128 + SIGKILL);
		}
		CHECK(is_old_or_new(is_new, resets_age, resets_waits));
	}
	return true;
}

static bool
killed_reinit(void)
{
	call = reinits;
	return killed_everywhere(prepare_initialised, is_reinitialised, true, true);
}

static bool
killed_init(void)
{
	call = inits;
	return killed_everywhere(prepare_bare, is_initialised, false, true);
}

static bool
killed_promise(void)
{
	call = promises;
	return killed_everywhere(prepare_initialised, has_lost_producer, true, false);
}

/* ---- unlinked ------------------------------------------------------------------------ */

#define WAITERS 2
#define TOKENS	3

static struct compl_post post;

/* Opens the namespace anew in place of c. */
static struct compl_space *
open_again(struct compl_space *c)
{
	compl_close(c);
	NEED((c = space_open(COMPL_ONE_THREAD)) != NULL);
	return c;
}

/* Posts, as a command does: again in the namespace that is there now, each time the segment was
 * unlinked. */
static enum compl_result
posts(struct compl_space *c)
{
	enum compl_result result;

	while ((result = compl_done(c, "a", &post)) == COMPL_E_NO_NAMESPACE) {
		NEED(compl_is_removed(c) && compl_is_unlinked(c));
		c = open_again(c);
	}
	return result;
}

/* Promises and keeps the promise, as `run` does. */
static enum compl_result
keeps(struct compl_space *c)
{
	struct compl_promise promise;
	enum compl_result result = compl_promise(c, "a", 0, NULL, &promise);

	if (result == COMPL_OK)
		result = compl_keep(c, &promise, &post, false);
	return result == COMPL_E_NO_NAMESPACE ? keeps(open_again(c)) : result;
}

static size_t waiters[WAITERS];

/* Ends with 0 if it has got its token, with 1 if the namespace was removed. */
static int
waits(void *argument)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	enum compl_result result;

	(void)argument;
	NEED(c != NULL);
	result = space_wait_ms(c, "a", -1);
	NEED(result == COMPL_OK || result == COMPL_REMOVED);
	return result == COMPL_REMOVED;
}

/* A new segment, with waiters in line. */
static bool
prepare_line(void)
{
	space_unlink();
	for (size_t i = 0; i < WAITERS; i++) {
		waiters[i] = child(waits, NULL);
		CHECK(child_sleeps(waiters[i]));
	}
	return true;
}

/* The child that posts has ended, and the segment in which the waiters stood is unlinked.  What
 * they have taken, and what is there now, is what was posted. */
static bool
adds_up(void)
{
	unsigned taken = 0;
	int64_t there;

	for (size_t i = 0; i < WAITERS; i++) {
		CHECK(child_status(waiters[i]) <= 1);
		taken += children[waiters[i]].status == 0;
	}
	there = space_counter("a");
	if (post.all)
		CHECK(there == COMPL_ALL || (there == -1 && taken == WAITERS));
	else if (there == -1) /* the rest of the tokens has gone with the old segment */
		CHECK(taken == WAITERS);
	else
		CHECK(there == TOKENS && taken == 0);
	return true;
}

/* Unlinks the segment at one instruction after another of a call that posts. */
static bool unlinked_everywhere(enum compl_result (*calls)(struct compl_space *))
{
	struct compl_where where = space_where();
	struct victim v = { .has_ended = false };
	char path[SEGMENT_PATH_MAX];
	unsigned stride;

	call = calls;
	CHECK(segment_path(path, sizeof path, &where));
	CHECK(measure(prepare_line, &stride));
	for (unsigned at = (unsigned)getpid() % stride; !v.has_ended; at += stride) {
		CHECK(prepare_line());
		CHECK(start(&v));
		step(&v, at);
		unlink(path);
		if (!v.has_ended)
			CHECK(ptrace(PTRACE_CONT, children[v.child].pid, NULL, NULL) == 0);
		CHECK(child_status(v.child) == COMPL_OK);
		CHECK(adds_up());
	}
	return true;
}

static bool
unlinked_done(void)
{
	post = (struct compl_post){ .tokens = TOKENS, .value = "text" };
	return unlinked_everywhere(posts);
}

static bool
unlinked_done_all(void)
{
	post = (struct compl_post){ .all = true };
	return unlinked_everywhere(posts);
}

static bool
unlinked_keep(void)
{
	post = (struct compl_post){ .tokens = TOKENS };
	return unlinked_everywhere(keeps);
}

/* ---- a waiter ahead dies --------------------------------------------------------------- */

static const char *const both_names[] = { "a", "b" };

/* Stands in line for both names, and needs more than there is. */
static int
stands_ahead(void *argument)
{
	const struct compl_request request = {
		.names = both_names, .count = 2, .need = 2, .deadline_ns = COMPL_NEVER
	};
	struct compl_space *c = space_open(COMPL_ONE_THREAD);
	struct compl_outcome out;

	(void)argument;
	NEED(c != NULL);
	return (int)compl_wait(c, &request, &out);
}

/* Fails if it takes from a name, and there is a token for it in the name before. */
static enum compl_result
tries_any(struct compl_space *c)
{
	const struct compl_request request = { .names = both_names,
					       .count = 2,
					       .flags = COMPL_WAIT_ANY };
	struct compl_outcome out;
	enum compl_result result = compl_try(c, &request, &out);

	if (result == COMPL_OK)
		return out.which == 0 ? COMPL_OK : COMPL_E_BUSY;
	return result == COMPL_TIMED_OUT ? COMPL_OK : result;
}

static size_t ahead;

static bool
prepare_ahead(void)
{
	compl_remove(space(), "a");
	compl_remove(space(), "b");
	CHECK(space_post("a", 1) == COMPL_OK && space_post("b", 1) == COMPL_OK);
	ahead = child(stands_ahead, NULL);
	return child_sleeps(ahead);
}

static bool
kill_ahead(void)
{
	child_kill(ahead, SIGKILL);
	return child_status(ahead) == 128 + SIGKILL;
}

static bool
ahead_dies(void)
{
	struct victim v = { .has_ended = false };
	unsigned stride;

	call = tries_any;
	CHECK(measure(prepare_ahead, &stride));
	CHECK(kill_ahead());
	for (unsigned at = (unsigned)getpid() % stride; !v.has_ended; at += stride) {
		CHECK(prepare_ahead());
		CHECK(start(&v));
		step(&v, at);
		CHECK(kill_ahead());
		if (!v.has_ended)
			CHECK(ptrace(PTRACE_CONT, children[v.child].pid, NULL, NULL) == 0);
		CHECK(child_status(v.child) == COMPL_OK);
	}
	return true;
}

/* ---- another producer dies --------------------------------------------------------------- */

static size_t other_producer;

/* Is ready until it is killed. */
static int
is_ready_first(void *unused)
{
	struct compl_space *c = space_open(COMPL_ONE_THREAD | COMPL_CREATE);
	struct compl_post ready = { .ready = true };
	struct compl_promise promise;

	(void)unused;
	NEED(compl_promise(c, "a", 0, NULL, &promise) == COMPL_OK);
	NEED(compl_keep(c, &promise, &ready, true) == COMPL_OK);
	return (int)space_wait_ms(c, "never", -1);
}

static bool
prepare_other_producer(void)
{
	compl_remove(space(), "a");
	other_producer = child(is_ready_first, NULL);
	return child_sleeps(other_producer);
}

static bool
kill_other_producer(void)
{
	child_kill(other_producer, SIGKILL);
	return child_status(other_producer) == 128 + SIGKILL;
}

/* Fails if the name has failed while it has a living producer. */
static enum compl_result
promises_and_tries(struct compl_space *c)
{
	const struct compl_request request = { .names = both_names, .count = 1, .need = 1 };
	struct compl_promise promise;
	struct compl_outcome out;
	enum compl_result result = compl_promise(c, "a", 0, NULL, &promise);

	if (result == COMPL_OK)
		result = compl_try(c, &request, &out);
	return result == COMPL_TIMED_OUT ? COMPL_OK : result;
}

static bool
other_producer_dies(void)
{
	struct victim v = { .has_ended = false };
	unsigned stride;

	call = promises_and_tries;
	CHECK(measure(prepare_other_producer, &stride));
	CHECK(kill_other_producer());
	for (unsigned at = (unsigned)getpid() % stride; !v.has_ended; at += stride) {
		CHECK(prepare_other_producer());
		CHECK(start(&v));
		step(&v, at);
		CHECK(kill_other_producer());
		if (!v.has_ended)
			CHECK(ptrace(PTRACE_CONT, children[v.child].pid, NULL, NULL) == 0);
		CHECK(child_status(v.child) == COMPL_OK);
	}
	return true;
}

static const struct test tests[] = {
	{ "a reinit that is killed changes counter, status, age and statistics, or nothing",
	  killed_reinit, false },
	{ "an init that is killed makes the name permanent and resets the statistics, or nothing",
	  killed_init, false },
	{ "a promise that is killed begins the name anew, with its age, or changes nothing",
	  killed_promise, false },
	{ "tokens posted while the segment is unlinked are in the new one, or taken, but not both",
	  unlinked_done, false },
	{ "\"all\" posted while the segment is unlinked has released the waiters, or is in the new "
	  "one",
	  unlinked_done_all, false },
	{ "so are the tokens of a kept promise, and nobody is told that the producer died",
	  unlinked_keep, false },
	{ "a try for any of two names takes from the first, when the waiter ahead in both lines "
	  "dies",
	  ahead_dies, false },
	{ "a name has not failed while a producer lives, when the ready one dies as that one comes",
	  other_producer_dies, false },
};

static int
try_to_trace(void *argument)
{
	(void)argument;
	_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno);
}

int
main(void)
{
	int error = child_status(child(try_to_trace, NULL));

	if (error != 0) {
		printf("1..0 # SKIP may not trace (ptrace): %s\n", strerror(error));
		return 0;
	}
	return tap_run(tests, COUNT(tests));
}
