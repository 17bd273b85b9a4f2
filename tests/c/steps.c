/* SPDX-License-Identifier: ISC
 *
 * steps.c - calls that are watched instruction by instruction: killed there
 */
#include <errno.h>
#include <sys/ptrace.h>

#include "internals.h"

/* How many of the instructions of a call are tried. */
static unsigned
samples(void)
{
	return getenv("COMPL_CORE") ? 12 : 150;
}

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

/* How many instructions to pass over from one sample to the next. */
static bool
measure(bool (*prepare)(void), unsigned *stride)
{
	struct victim v;

	CHECK(prepare());
	CHECK(start(&v));
	*stride = step(&v, UINT32_MAX) / samples() + 1;
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
	CHECK(!is_init || compl_init(space(), "a", false) == COMPL_OK);
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
	return compl_reinit(c, "a", false);
}

static enum compl_result
inits(struct compl_space *c)
{
	return compl_init(c, "a", true);
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

static const struct test tests[] = {
	{ "a reinit that is killed changes counter, status, age and statistics, or nothing",
	  killed_reinit, false },
	{ "an init that is killed makes the name permanent and resets the statistics, or nothing",
	  killed_init, false },
	{ "a promise that is killed begins the name anew, with its age, or changes nothing",
	  killed_promise, false },
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
