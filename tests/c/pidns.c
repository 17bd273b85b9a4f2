/* SPDX-License-Identifier: ISC
 *
 * pidns.c - processes of several pid namespaces on one segment
 *
 * Here a token goes round.  In the other pid namespaces each process is PID 1 of a namespace of its
 * own, so all have the same thread id.  They, and some in ours, are killed at random while they are
 * in the same lines, hold the lock, or post.
 *
 * The watchdog may find lost wake-ups here: where thread ids are ambiguous a wait goes on within a
 * second.
 */
#include "internals.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define HERE	 4
#define THERE	 6 /* killed in other pid namespaces */
#define KILLED	 8 /* these, and some in ours */
#define STORM_MS 4000

static const char *const ring[HERE] = { "r0", "r1", "r2", "r3" };

static struct counts {
	uint32_t stop;
	uint32_t passes;
	int64_t longest_ns; /* the longest time that a token took from one process to the next */
	int64_t posted_ns;
	uint32_t posting, posted, taking, taken; /* tokens of "x": begun, finished */
	dev_t home_device;
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

/* ---- processes that are killed -------------------------------------------------------------  */

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
	enum compl_result result;

	r.deadline_ns = rand() % 4 ? in_ms(1 + rand() % 3) : COMPL_NEVER;
	result = compl_wait(mine, &r, &out);
	NEED(result == COMPL_TIMED_OUT ||
	     (result == COMPL_E_LOCKED && r.deadline_ns != COMPL_NEVER));
}

static int
works(void *argument)
{
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
			compl_test(mine, "x", 0);
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

/* Starts the next process that will be killed; the first of them are in other pid namespaces. */
static bool
start_worker(size_t first)
{
	static unsigned seed;
	size_t number;

	seed = (unsigned)rand();
	if (children_count - first < THERE)
		return child_elsewhere(works, &seed, &number);
	child(works, &seed);
	return true;
}

/* Starts a process instead of one that was killed. */
static bool
replace(size_t first, size_t old)
{
	size_t before = children_count;

	child_kill(old, SIGKILL);
	CHECK(child_status(old) == 137);
	children_count = old;
	CHECK(start_worker(first));
	CHECK(children_count == old + 1);
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

/* Kills the rest of the processes that are killed.  No other process calls compl after that, so the
 * ring ends by itself, or it hangs. */
static bool
kill_the_rest(size_t first)
{
	size_t i;

	for (i = first; i < first + KILLED; i++)
		child_kill(i, SIGKILL);
	for (i = first; i < first + KILLED; i++) {
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
	for (i = 0; i < KILLED; i++)
		CHECK(start_worker(first));
	counts->posted_ns = in_ms(0);
	CHECK(space_post(ring[0], 1) == COMPL_OK);
	for (end = in_ms(STORM_MS); in_ms(0) < end; kills++) {
		nap();
		CHECK(replace(first, first + (size_t)rand() % KILLED));
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
	uint32_t held;
	int i;

	CHECK(prepare());
	CHECK(child_elsewhere(waits_for_a, NULL, &w));
	CHECK(child_sleeps(w));
	CHECK(child_elsewhere(holds_the_lock, NULL, &holder));
	while (!__atomic_load_n(&counts->posted, __ATOMIC_SEQ_CST))
		nap();
	held = robust_load(&internals_header()->lock);
	CHECK(held != 0);
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
	CHECK(robust_load(&internals_header()->lock) == held);
	child_kill(holder, SIGKILL);
	CHECK(child_status(holder) == 137);
	CHECK(child_status(p[2]) == 0);
	CHECK(child_status(w) == 0);
	return check_segment();
}

/* ---- seats of the lock --------------------------------------------------------------------- */

static struct seat *
seats(void)
{
	return space()->lock.seats.seats;
}

/* How many seats have this word. */
static unsigned
seats_with(uint32_t word)
{
	unsigned count = 0;
	uint32_t i;

	for (i = 0; i < LAYOUT_SEATS; i++)
		count += robust_load(&seats()[i].owner.word) == word;
	return count;
}

static void
tell(void)
{
	__atomic_store_n(&counts->posted, 1, __ATOMIC_SEQ_CST);
}

/* Waits until a child has called tell(); false after 20 seconds. */
static bool
await_telling(void)
{
	int64_t limit = in_ms(20000);

	while (!__atomic_exchange_n(&counts->posted, 0, __ATOMIC_SEQ_CST)) {
		if (in_ms(0) > limit)
			return false;
		nap();
	}
	return true;
}

/* Does to all seats what a claimant does to one before it is on the list. */
static void
claim_all(void)
{
	const struct seats *all = &mine->lock.seats;
	union seat_owner me = { .word = 1 | FUTEX_WAITERS, .holder = all->holder };
	uint32_t i;

	NEED(getpid() == 1);
	NEED(seat_is_foreign(all) && all->holder != 0);
	for (i = 0; i < LAYOUT_SEATS; i++)
		__atomic_store_n(&all->seats[i].owner.whole, me.whole, __ATOMIC_SEQ_CST);
}

static int
claims_all(void *argument)
{
	(void)argument;
	mine = space_open(COMPL_ONE_THREAD);
	NEED(mine);
	claim_all();
	tell();
	for (;;)
		pause();
}

static int
posts_a_by_list_of_its_own(void *argument)
{
	(void)argument;
	mine = space_open(COMPL_ONE_THREAD);
	NEED(mine);
	return post_mine("a") == COMPL_OK ? 0 : 98;
}

static int
finds_it_locked(void *argument)
{
	(void)argument;
	mine = space_open(0);
	NEED(mine);
	return space_wait_ms(mine, "a", 0) == COMPL_E_LOCKED ? 0 : 98;
}

/* All seats belong to a stopped claimant: they stay its own until it dies.  Who looks while it dies
 * may find the second half of its seats only.  So they all are leaked once more. */
static bool
leaked_seats_come_back(void)
{
	size_t claimant, p[2], locked, last;
	union seat_owner dead;

	CHECK(prepare());
	CHECK(child_elsewhere(claims_all, NULL, &claimant));
	CHECK(await_telling());
	child_kill(claimant, SIGSTOP);
	CHECK(child_elsewhere(posts_a, NULL, &p[0]));
	CHECK(child_elsewhere(posts_a_by_list_of_its_own, NULL, &p[1]));
	CHECK(child_sleeps(p[0]));
	CHECK(child_sleeps(p[1]));
	CHECK(child_elsewhere(finds_it_locked, NULL, &locked));
	CHECK(child_status(locked) == 0);
	CHECK(seats_with(1 | FUTEX_WAITERS) == LAYOUT_SEATS);
	CHECK(space_post("a", 1) == COMPL_OK); /* at home nobody needs a seat */
	dead.whole = __atomic_load_n(&seats()[0].owner.whole, __ATOMIC_SEQ_CST);
	child_kill(claimant, SIGKILL);
	CHECK(child_status(claimant) == 137);
	CHECK(child_status(p[0]) == 0 && child_status(p[1]) == 0);
	for (uint32_t i = 0; i < LAYOUT_SEATS; i++)
		__atomic_store_n(&seats()[i].owner.whole, dead.whole, __ATOMIC_SEQ_CST);
	CHECK(child_elsewhere(posts_a, NULL, &last));
	CHECK(child_status(last) == 0);
	CHECK(seats_with(0) == LAYOUT_SEATS);
	CHECK(space_counter("a") == 4);
	return check_segment();
}

/* Takes the lock, and ends without a robust list, so that the kernel tells nobody. */
static int
dies_unreported(void *argument)
{
	struct robust_list_head none = { .list.next = &none.list };
	struct session s;

	(void)argument;
	mine = space_open(COMPL_ONE_THREAD);
	NEED(mine);
	NEED(session_begin(&s, mine, NULL) == COMPL_OK);
	NEED(segment_lock(&s, CLOCK_NEVER) == COMPL_OK);
	return futex_set_robust_list(&none) == 0 ? 0 : 98;
}

static bool
unreported_deaths_are_found(void)
{
	uint32_t held;
	size_t dead, p[2];

	CHECK(prepare());
	CHECK(child_elsewhere(dies_unreported, NULL, &dead));
	CHECK(child_status(dead) == 0);
	held = robust_load(&internals_header()->lock);
	CHECK(seat_is_named(&space()->lock.seats, held));
	CHECK(seat_has_owner(&space()->lock.seats, held));
	CHECK(child_elsewhere(posts_a, NULL, &p[0]));
	CHECK(child_status(p[0]) == 0);
	CHECK(child_elsewhere(dies_unreported, NULL, &dead));
	CHECK(child_status(dead) == 0);
	p[1] = child(posts_a, NULL);
	CHECK(child_status(p[1]) == 0);
	CHECK(space_counter("a") == 2);
	CHECK(seats_with(1 | FUTEX_WAITERS) == 2);
	CHECK(compl_repair(space()) == COMPL_OK);
	CHECK(seats_with(0) == LAYOUT_SEATS);
	return check_segment();
}

/* The links of seats lie beyond the room that a brief call has for the link of the lock. */
static int
posts_a_without_the_mark(void *argument)
{
	(void)argument;
	mine = space_open(COMPL_ONE_THREAD);
	NEED(mine && seat_is_foreign(&mine->lock.seats) && mine->links == NULL);
	__atomic_store_n(&mine->header->mixed, 0, __ATOMIC_SEQ_CST);
	NEED(post_mine("a") == COMPL_OK);
	return mine->links != NULL ? 0 : 98;
}

static bool
links_do_not_depend_on_the_segment(void)
{
	size_t p;

	CHECK(prepare());
	CHECK(child_elsewhere(posts_a_without_the_mark, NULL, &p));
	CHECK(child_status(p) == 0);
	CHECK(space_counter("a") == 1);
	return check_segment();
}

/* ---- handles of a parent in another pid namespace ------------------------------------------- */

static int
inherits_and_holds(void *argument)
{
	struct session s;

	(void)argument;
	mine = space();
	NEED(getpid() == 1);
	NEED(!seat_is_foreign(&mine->lock.seats));
	NEED(session_begin(&s, mine, NULL) == COMPL_OK);
	NEED(segment_lock(&s, CLOCK_NEVER) == COMPL_OK);
	tell();
	for (;;)
		pause();
}

static int
inherits_and_claims_all(void *argument)
{
	(void)argument;
	mine = space();
	NEED(post_mine("a") == COMPL_OK);
	claim_all();
	tell();
	for (;;)
		pause();
}

static int
inherits_and_posts(void *argument)
{
	(void)argument;
	mine = space();
	return post_mine("a") == COMPL_OK ? 0 : 98;
}

static bool
inherited_handles_are_foreign(void)
{
	size_t holder, claimant, p;

	CHECK(prepare());
	CHECK(child_elsewhere(inherits_and_holds, NULL, &holder));
	CHECK(await_telling());
	CHECK(seat_is_named(&space()->lock.seats, robust_load(&internals_header()->lock)));
	child_kill(holder, SIGKILL);
	CHECK(child_status(holder) == 137);
	/* They have the same descriptor, so they could take the seats of one another for free. */
	CHECK(child_elsewhere(inherits_and_claims_all, NULL, &claimant));
	CHECK(await_telling());
	child_kill(claimant, SIGSTOP);
	CHECK(child_elsewhere(inherits_and_posts, NULL, &p));
	CHECK(child_sleeps(p));
	CHECK(seats_with(1 | FUTEX_WAITERS) == LAYOUT_SEATS);
	child_kill(claimant, SIGKILL);
	CHECK(child_status(claimant) == 137);
	CHECK(child_status(p) == 0);
	CHECK(!seat_is_foreign(&space()->lock.seats));
	CHECK(space_counter("a") == 2);
	return check_segment();
}

/* ---- which namespace is the home ------------------------------------------------------------  */

/* Makes its own namespace the home by a /proc of its own, which it then unmounts. */
static int
is_at_home(void *argument)
{
	struct stat st;

	(void)argument;
	NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	NEED(mount("proc", "/proc", "proc", 0, NULL) == 0);
	NEED(stat("/proc", &st) == 0);
	while (internals_header()->pid_namespace == 0) { /* as long as this /proc is quite new */
		mine = space_open(0);
		NEED(mine && !seat_is_foreign(&mine->lock.seats));
		compl_close(mine);
		nap();
	}
	counts->home_device = st.st_dev;
	NEED(umount2("/proc", MNT_DETACH) == 0);
	tell();
	for (;;)
		pause();
}

#define OTHER_NUMBER 97

/* Mounts its own /proc, once more over the last one until it has the same device number.  (Somebody
 * else may have got that number.) */
static int
is_elsewhere(void *argument)
{
	struct stat st = { 0 };
	int i;

	(void)argument;
	NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	for (i = 0; i < 20 && st.st_dev != counts->home_device; i++)
		NEED(mount("proc", "/proc", "proc", 0, NULL) == 0 && stat("/proc", &st) == 0);
	if (st.st_dev != counts->home_device)
		return OTHER_NUMBER;
	mine = space_open(0);
	return mine && seat_is_foreign(&mine->lock.seats) ? 0 : 98;
}

/* Starts a child that is PID 1 of a new pid namespace, and has a mount namespace of its own. */
static bool
child_with_mounts(int (*run)(void *), size_t *number)
{
	int mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	CHECK(mounts >= 0);
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(child_elsewhere(run, NULL, number));
	CHECK(setns(mounts, CLONE_NEWNS) == 0);
	close(mounts);
	return true;
}

static bool
device_numbers_do_not_decide(void)
{
	int64_t limit = in_ms(20000);
	size_t first, second;
	int status;

	CHECK(prepare());
	do {
		internals_header()->pid_namespace = internals_header()->pid_inode = 0;
		CHECK(child_with_mounts(is_at_home, &first));
		CHECK(await_telling());
		CHECK(child_with_mounts(is_elsewhere, &second));
		status = child_status(second);
		child_kill(first, SIGKILL);
		CHECK(child_status(first) == 137);
	} while (status == OTHER_NUMBER && in_ms(0) < limit);
	CHECK(status == 0);
	return true;
}

static const struct test tests[] = {
	{ "a token goes round while processes of one thread id are killed in other pid namespaces",
	  storm, true },
	{ "a process that sleeps on the lock, has its owner's thread id, and dies does not unlock "
	  "it",
	  sleepers_of_equal_id, true },
	{ "the seats of a stopped claimant stay its own, and those of a dead one come back",
	  leaked_seats_come_back, true },
	{ "the death of a foreign owner of the lock is found though the kernel does not report it",
	  unreported_deaths_are_found, true },
	{ "a foreign handle has room for the links of its seats, whatever the segment says",
	  links_do_not_depend_on_the_segment, false },
	{ "a child in another pid namespace is foreign, though it has the handle of its parent",
	  inherited_handles_are_foreign, true },
	{ "a pid namespace does not pass for the home because its /proc has the same device number",
	  device_numbers_do_not_decide, true },
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
