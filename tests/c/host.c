/* SPDX-License-Identifier: ISC
 *
 * host.c - a host program with robust mutexes of its own is killed
 *
 * Its mutexes and the words of compl are on one robust list of its thread.  Whatever their order on
 * it, the host's mutexes come to their next owner with EOWNERDEAD, and compl's lock and lines go
 * on.
 */
#include "internals.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#define MUTEXES	 4
#define HOSTS	 6
#define STORM_MS 3000

/* Shared by all processes.  The owner of mutex[i] sets inside[i] after it has locked it, and clears
 * it before it unlocks it. */
static struct shared {
	pthread_mutex_t mutex[MUTEXES];
	uint32_t inside[MUTEXES];
	uint32_t owners_died; /* mutexes that came with EOWNERDEAD */
	uint32_t posting, posted, taking, taken;
	uint32_t stop;
} * shared;

static bool
share(void)
{
	pthread_mutexattr_t attr;
	int i;

	space();
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < MUTEXES; i++)
		CHECK(pthread_mutex_init(&shared->mutex[i], &attr) == 0);
	return true;
}

static void
add(uint32_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static int
lock(int i)
{
	return pthread_mutex_lock(&shared->mutex[i]);
}

static int
unlock(int i)
{
	return pthread_mutex_unlock(&shared->mutex[i]);
}

/* Checks what the next owner of each mutex is told: 'o' it was unlocked, 'd' its owner died. */
static bool
check_mutexes(const char *expected)
{
	int i, result;

	for (i = 0; expected[i] != '\0'; i++) {
		result = lock(i);
		CHECK(result == (expected[i] == 'd' ? EOWNERDEAD : 0));
		CHECK(result == 0 || pthread_mutex_consistent(&shared->mutex[i]) == 0);
		CHECK(unlock(i) == 0);
	}
	return true;
}

/* ---- waits for a mutex and for a name -------------------------------------------------------- */

static int
waits(void *name)
{
	return space_wait_ms(space_handle, name, -1) == COMPL_OK ? 0 : 98;
}

static int
waits_with_a_mutex(void *name)
{
	NEED(lock(0) == 0);
	return waits(name);
}

static int
wants_the_mutex(void *argument)
{
	int result = lock(0);

	(void)argument;
	NEED(result == EOWNERDEAD);
	NEED(pthread_mutex_consistent(&shared->mutex[0]) == 0);
	return unlock(0);
}

static char name_a[] = "a";

static bool
both_queues_move_on(void)
{
	size_t host, next_owner, behind;

	CHECK(share());
	host = child(waits_with_a_mutex, name_a);
	while (space_waiters("a") < 1)
		nap();
	next_owner = child(wants_the_mutex, NULL);
	behind = child(waits, name_a);
	while (space_waiters("a") < 2)
		nap();
	CHECK(child_sleeps(host) && child_sleeps(next_owner) && child_sleeps(behind));
	child_kill(host, SIGKILL);
	CHECK(child_status(host) == 137);
	CHECK(child_status(next_owner) == 0);
	CHECK(space_waiters("a") == 1);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(behind) == 0);
	CHECK(space_names_left() == 0);
	return true;
}

/* ---- every order, with our lock in it -------------------------------------------------------- */

/* compl takes its words off the list before it returns.  So a mutex that the host locks in between
 * (in a callback of compl_check()) must be unlocked before that. */

static const char *plan;

/* Follows the plan from the left to the right, and is then killed.  0 to 3 lock that mutex, and
 * unlock it the second time; L takes our lock, U releases it; w is a wait that times out; p a
 * post. */
static int
follows_the_plan(void *argument)
{
	bool has[MUTEXES] = { false };
	const char *step;
	struct session s;

	(void)argument;
	for (step = plan; *step != '\0'; step++) {
		int i = *step - '0';

		if (*step == 'L')
			NEED(internals_lock(&s));
		else if (*step == 'U')
			segment_unlock(&s);
		else if (*step == 'w')
			NEED(space_wait_ms(space_handle, "never", 2) == COMPL_TIMED_OUT);
		else if (*step == 'p')
			NEED(space_post("a", 1) == COMPL_OK);
		else
			NEED((has[i] ? unlock(i) : lock(i)) == 0);
		if (i >= 0 && i < MUTEXES)
			has[i] = !has[i];
	}
	kill(getpid(), SIGKILL);
	return 98;
}

static bool
every_order(void)
{
	/* The plan, then what the next owners of the mutexes are told, then tokens. */
	static const struct {
		const char *plan, *mutexes;
		int tokens;
	} cases[] = {
		{ "0L", "dooo", 0 },	   { "L0", "dooo", 0 },	     { "0L1", "ddoo", 0 },
		{ "01L", "ddoo", 0 },	   { "L01", "ddoo", 0 },     { "01L23", "dddd", 0 },
		{ "0L11", "dooo", 0 },	   { "0L11U", "dooo", 0 },   { "0L1221", "dooo", 0 },
		{ "0L122", "ddoo", 0 },	   { "0LU", "dooo", 0 },     { "0LU0", "oooo", 0 },
		{ "01LU0", "odoo", 0 },	   { "01LU0L2", "oddo", 0 }, { "0p", "dooo", 1 },
		{ "0p0", "oooo", 1 },	   { "0w1p2wL", "dddo", 1 }, { "w0p1p0L", "odoo", 2 },
		{ "0123wwpL", "dddd", 1 }, { "0w1w0w1", "oooo", 0 },
	};
	size_t i, w;

	CHECK(share());
	for (i = 0; i < COUNT(cases); i++) {
		plan = cases[i].plan;
		w = child(follows_the_plan, NULL);
		CHECK(child_status(w) == 137);
		printf("# %s\n", plan);
		CHECK(check_mutexes(cases[i].mutexes));
		CHECK(space_post("after", 1) == COMPL_OK);
		CHECK(space_try("after") == COMPL_OK);
		for (int left = cases[i].tokens; left > 0; left--)
			CHECK(space_try("a") == COMPL_OK);
		CHECK(space_names_left() == 0);
	}
	return true;
}

/* ---- a storm --------------------------------------------------------------------------------- */

/* Robust mutexes of pthread may lose a wake under kills (see mutexes.c), so no process sleeps on
 * them without a limit.  False: the mutex is not free now. */
static bool
take(int i)
{
	struct timespec soon;
	int result;

	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += (soon.tv_nsec + 5000000) / 1000000000;
	soon.tv_nsec = (soon.tv_nsec + 5000000) % 1000000000;
	result = pthread_mutex_timedlock(&shared->mutex[i], &soon);
	if (result == ETIMEDOUT)
		return false;
	if (result == EOWNERDEAD) {
		add(&shared->owners_died);
		NEED(pthread_mutex_consistent(&shared->mutex[i]) == 0);
	} else {
		NEED(result == 0);
		/* If it is set, its owner died, and pthread_mutex_timedlock() did not say so. */
		NEED(shared->inside[i] == 0);
	}
	__atomic_store_n(&shared->inside[i], 1, __ATOMIC_SEQ_CST);
	return true;
}

static void
give(int i)
{
	__atomic_store_n(&shared->inside[i], 0, __ATOMIC_SEQ_CST);
	NEED(unlock(i) == 0);
}

static void
post_counted(void)
{
	add(&shared->posting);
	NEED(space_post("x", 1) == COMPL_OK);
	add(&shared->posted);
}

static void
wait_counted(void)
{
	const char *names[] = { "x", "y" };
	struct compl_request r = { .names = names, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };
	enum compl_result result;

	r.deadline_ns = in_ms(rand() % 3);
	if (rand() % 3 == 0) {
		r.count = 2;
		r.flags = rand() % 2 ? COMPL_WAIT_ANY : 0;
	}
	add(&shared->taking);
	result = compl_wait(space_handle, &r, &out);
	NEED(result == COMPL_OK || result == COMPL_TIMED_OUT || result == COMPL_E_LOCKED);
	if (result == COMPL_OK)
		add(&shared->taken);
	else
		__atomic_sub_fetch(&shared->taking, 1, __ATOMIC_SEQ_CST);
}

static int
hosts(void *argument)
{
	srand(*(unsigned *)argument);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_SEQ_CST)) {
		int i = rand() % MUTEXES, j = rand() % MUTEXES;
		bool one = take(i), two = j > i && take(j);

		if (rand() % 2)
			post_counted();
		else
			wait_counted();
		if (one && rand() % 2) {
			give(i);
			one = false;
		}
		wait_counted();
		if (two)
			give(j);
		if (one)
			give(i);
	}
	return 0;
}

static bool
storm(void)
{
	static unsigned seed[HOSTS];
	unsigned kills = 0;
	int64_t end, left;
	size_t i;

	CHECK(share());
	for (i = 0; i < HOSTS; i++) {
		seed[i] = (unsigned)rand();
		child(hosts, &seed[i]);
	}
	for (end = in_ms(STORM_MS); in_ms(0) < end; kills++) {
		nap();
		i = (size_t)rand() % HOSTS;
		child_kill(i, SIGKILL);
		CHECK(child_status(i) == 137);
		seed[i] = (unsigned)rand();
		children_count = i;
		child(hosts, &seed[i]);
		children_count = HOSTS;
	}
	__atomic_store_n(&shared->stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < HOSTS; i++)
		CHECK(child_status(i) == 0);
	left = space_counter("x");
	left = left < 0 ? 0 : left;
	printf("# %u kills, %u mutexes came from the dead; posted %u to %u, taken %u to %u, left "
	       "%d\n",
	       kills, shared->owners_died, shared->posted, shared->posting, shared->taken,
	       shared->taking, (int)left);
	CHECK(shared->posted <= shared->taking + left);
	CHECK(shared->taken + left <= shared->posting);
	return true;
}

static const struct test tests[] = {
	{ "a host is killed: its mutex comes with EOWNERDEAD, and our queue moves on",
	  both_queues_move_on, false },
	{ "mutexes and our lock may be taken and released in every order before a kill",
	  every_order, false },
	{ "in a storm of kills every mutex of a dead owner says so", storm, false },
};

int
main(void)
{
	srand((unsigned)time(NULL));
	return tap_run(tests, COUNT(tests));
}
