/* SPDX-License-Identifier: ISC
 *
 * pidns.c - processes of several pid namespaces on one segment
 *
 * Here a token goes round.  In the other pid namespaces each process is PID 1 of a namespace of its
 * own, so all have the same thread id.  They are killed at random while they are in the same
 * lines, hold the lock, or post.
 *
 * The watchdog may find lost wake-ups here: where thread ids are ambiguous a wait goes on within a
 * second.
 */
#include "internals.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#define HERE	 4
#define THERE	 6
#define STORM_MS 4000

static const char *const ring[HERE] = { "r0", "r1", "r2", "r3" };

static struct counts {
	uint32_t stop;
	uint32_t passes;
	int64_t longest_ns; /* the longest time that a token took from one process to the next */
	int64_t posted_ns;
	uint32_t posting, posted, taking, taken; /* tokens of "x": begun, finished */
} * counts;

static struct compl_space *mine;

static void
add(uint32_t *counter, uint32_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_SEQ_CST);
}

static bool
is_to_stop(void)
{
	return __atomic_load_n(&counts->stop, __ATOMIC_SEQ_CST);
}

static enum compl_result
post_mine(const char *name)
{
	struct compl_post p = { .tokens = 1 };

	return compl_done(mine, name, &p);
}

/* ---- in our pid namespace -------------------------------------------------------------- */

static void
note_pass(void)
{
	int64_t took = in_ms(0) - counts->posted_ns;

	add(&counts->passes, 1);
	if (took > counts->longest_ns)
		counts->longest_ns = took;
}

/* Takes the token, notes how long it took to come, and passes it on, until all have seen the end.
 * Only the process that has the token writes times. */
static int
passes_on(void *argument)
{
	unsigned i = (unsigned)*(size_t *)argument;
	bool last;

	mine = space_open(i % 2 ? COMPL_ONE_THREAD : 0);
	NEED(mine);
	do {
		NEED(space_wait_ms(mine, ring[i], -1) == COMPL_OK);
		last = is_to_stop();
		note_pass();
		counts->posted_ns = in_ms(0);
		NEED(post_mine(ring[(i + 1) % HERE]) == COMPL_OK);
	} while (!last);
	return 0;
}

/* Waits in the same lines with deadlines: these waits only time out. */
static int
times_out(void *argument)
{
	const char *both[] = { ring[1], ring[3] };
	struct compl_request r = { .names = both, .count = 2, .need = 2 };
	struct compl_outcome out = { 0 };
	enum compl_result result;

	(void)argument;
	mine = space_open(0);
	NEED(mine);
	while (!is_to_stop()) {
		r.deadline_ns = in_ms(2);
		result = compl_wait(mine, &r, &out);
		NEED(result == COMPL_TIMED_OUT || result == COMPL_E_LOCKED);
	}
	return 0;
}

/* ---- in other pid namespaces --------------------------------------------------------------- */

static void
post_x(void)
{
	add(&counts->posting, 1);
	NEED(post_mine("x") == COMPL_OK);
	add(&counts->posted, 1);
}

static void
take_x(int64_t deadline_ns)
{
	const char *name = "x";
	struct compl_request r = {
		.names = &name, .count = 1, .need = 1, .deadline_ns = deadline_ns
	};
	struct compl_outcome out = { 0 };
	enum compl_result result;

	add(&counts->taking, 1);
	result = compl_wait(mine, &r, &out);
	NEED(result == COMPL_OK || result == COMPL_TIMED_OUT || result == COMPL_E_LOCKED);
	if (result == COMPL_OK)
		add(&counts->taken, 1);
	else
		__atomic_sub_fetch(&counts->taking, 1, __ATOMIC_SEQ_CST);
}

/* Waits for two tokens of the ring, which never exist together, and so holds it up until it dies or
 * its time is over. */
static void
stand_in_the_way(unsigned flags)
{
	const char *names[] = { ring[rand() % 2], ring[2 + rand() % 2] };
	struct compl_request r = { .names = names, .count = 2, .need = 2, .flags = flags };
	struct compl_outcome out = { 0 };

	r.deadline_ns = rand() % 4 ? in_ms(1 + rand() % 3) : COMPL_NEVER;
	NEED(compl_wait(mine, &r, &out) == COMPL_TIMED_OUT);
}

static int
works_as_one(void *argument)
{
	NEED(getpid() == 1);
	srand(*(unsigned *)argument);
	mine = space_open(rand() % 2 ? COMPL_ONE_THREAD : 0);
	NEED(mine);
	while (!is_to_stop())
		switch (rand() % 6) {
		case 0:
		case 1:
			post_x();
			break;
		case 2:
			take_x(in_ms(rand() % 3));
			break;
		case 3:
			stand_in_the_way(0);
			break;
		case 4:
			stand_in_the_way(COMPL_WAIT_ANY);
			break;
		default:
			compl_test(mine, "x");
		}
	return 0;
}

/* ---- both --------------------------------------------------------------------------------- */

static int home = -1;

/* Starts a child that is PID 1 of a new pid namespace; false if that is not possible. */
static bool
child_elsewhere(int (*run)(void *), void *argument, size_t *number)
{
	if (unshare(CLONE_NEWPID) != 0)
		return false;
	*number = child(run, argument);
	return setns(home, CLONE_NEWPID) == 0;
}

/* Keeps our pid namespace in `home`; false with errno: this process may not make others. */
static bool
try_namespaces(void)
{
	home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	return home >= 0 && unshare(CLONE_NEWPID) == 0 && setns(home, CLONE_NEWPID) == 0;
}

/* Starts a process instead of one that was killed. */
static bool
replace(size_t old)
{
	size_t before = children_count, fresh;
	static unsigned seed;

	child_kill(old, SIGKILL);
	CHECK(child_status(old) == 137);
	seed = (unsigned)rand();
	children_count = old;
	CHECK(child_elsewhere(works_as_one, &seed, &fresh));
	CHECK(fresh == old);
	children_count = before;
	return true;
}

static bool
check_segment(void)
{
	size_t faults = 0;

	CHECK(compl_check(space(), tap_fault, NULL, &faults) == COMPL_OK);
	CHECK(faults == 0);
	return true;
}

static bool
adds_up(void)
{
	int64_t left = space_counter("x");

	left = left < 0 ? 0 : left;
	printf("# x: posted %u to %u, taken %u to %u, left %d\n", counts->posted, counts->posting,
	       counts->taken, counts->taking, (int)left);
	CHECK(counts->posted <= counts->taking + left);
	CHECK(counts->taken + left <= counts->posting);
	return true;
}

/* Kills the processes of the other pid namespaces.  No other process calls compl after that, so the
 * ring ends by itself, or it hangs. */
static bool
kill_the_rest(size_t first)
{
	size_t i;

	for (i = first; i < first + THERE; i++)
		child_kill(i, SIGKILL);
	for (i = first; i < first + THERE; i++) {
		int status = child_status(i);

		CHECK(status == 137 || status == 0);
	}
	return true;
}

static bool
prepare(void)
{
	counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(counts != MAP_FAILED);
	memset(counts, 0, sizeof *counts);
	space();
	return true;
}

static bool
storm(void)
{
	static size_t number[HERE];
	static unsigned seed[THERE];
	unsigned kills = 0;
	size_t i, first;
	int64_t end;

	CHECK(prepare());
	for (i = 0; i < HERE; i++) {
		number[i] = i;
		child(passes_on, &number[i]);
	}
	child(times_out, NULL);
	first = children_count;
	for (i = 0; i < THERE; i++) {
		seed[i] = (unsigned)rand();
		CHECK(child_elsewhere(works_as_one, &seed[i], &(size_t){ 0 }));
	}
	counts->posted_ns = in_ms(0);
	CHECK(space_post(ring[0], 1) == COMPL_OK);
	for (end = in_ms(STORM_MS); in_ms(0) < end; kills++) {
		nap();
		CHECK(replace(first + (size_t)rand() % THERE));
	}
	__atomic_store_n(&counts->stop, 1, __ATOMIC_SEQ_CST);
	CHECK(kill_the_rest(first));
	for (i = 0; i < first; i++)
		CHECK(child_status(i) == 0);
	printf("# %u kills, %u passes, the longest took %d ms, %u lost wake-ups\n", kills,
	       counts->passes, (int)(counts->longest_ns / 1000000),
	       (unsigned)compl_lost_wakeups(space()));
	CHECK(internals_header()->mixed == ROBUST_MIXED);
	CHECK(counts->passes >= HERE);
	CHECK(adds_up());
	return check_segment();
}

/* ---- one death at a time --------------------------------------------------------------------- */

static int
waits_for_a(void *argument)
{
	(void)argument;
	mine = space_open(COMPL_ONE_THREAD);
	NEED(mine);
	return space_wait_ms(mine, "a", -1) == COMPL_OK ? 0 : 98;
}

static int
holds_the_lock(void *argument)
{
	struct session s;

	(void)argument;
	mine = space_open(COMPL_ONE_THREAD);
	NEED(mine);
	NEED(session_begin(&s, mine, NULL) == COMPL_OK);
	NEED(segment_lock(&s, CLOCK_NEVER) == COMPL_OK);
	__atomic_store_n(&counts->posted, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static int
posts_a(void *argument)
{
	(void)argument;
	mine = space_open(0);
	NEED(mine);
	return post_mine("a") == COMPL_OK ? 0 : 98;
}

static int
times_out_on_the_lock(void *argument)
{
	(void)argument;
	mine = space_open(0);
	NEED(mine);
	return space_wait_ms(mine, "a", 300) == COMPL_TIMED_OUT ? 0 : 98;
}

/* Four wait for the lock with the holder's own thread id; two of them die, one times out. */
static bool
sleepers_of_equal_id(void)
{
	size_t holder, w, p[3], late;
	int i;

	CHECK(prepare());
	CHECK(child_elsewhere(waits_for_a, NULL, &w));
	CHECK(child_sleeps(w));
	CHECK(child_elsewhere(holds_the_lock, NULL, &holder));
	while (!__atomic_load_n(&counts->posted, __ATOMIC_SEQ_CST))
		nap();
	for (i = 0; i < 3; i++) {
		CHECK(child_elsewhere(posts_a, NULL, &p[i]));
		CHECK(child_sleeps(p[i]));
	}
	CHECK(child_elsewhere(times_out_on_the_lock, NULL, &late));
	CHECK(child_status(late) == 0);
	child_kill(p[0], SIGKILL);
	child_kill(p[1], SIGKILL);
	CHECK(child_status(p[0]) == 137 && child_status(p[1]) == 137);
	CHECK(child_sleeps(p[2]));
	CHECK(child_sleeps(w));
	CHECK(robust_owner(internals_header()->lock) == 1);
	child_kill(holder, SIGKILL);
	CHECK(child_status(holder) == 137);
	CHECK(child_status(p[2]) == 0);
	CHECK(child_status(w) == 0);
	return check_segment();
}

static const struct test tests[] = {
	{ "a token goes round while processes of one thread id are killed in other pid namespaces",
	  storm, true },
	{ "a process that sleeps on the lock, has its owner's thread id, and dies does not unlock "
	  "it",
	  sleepers_of_equal_id, true },
};

int
main(void)
{
	srand((unsigned)time(NULL));
	if (!try_namespaces()) {
		printf("1..0 # SKIP may not make a pid namespace (CAP_SYS_ADMIN): %s\n",
		       strerror(errno));
		return 0;
	}
	return tap_run(tests, COUNT(tests));
}
