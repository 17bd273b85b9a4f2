/* SPDX-License-Identifier: ISC
 *
 * robust.c - the robust mutex and the robust words alone, on a page that the children share
 */
#include "tap.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "api/clock.h"
#include "api/proc.h"
#include "shm/os/robust.h"
#include "shm/segment/mutex.h"

/* A word each, with room after it for the link of any libc. */
struct page {
	uint32_t lock, pad[15];
	uint32_t word, pad2[15];
	uint32_t sleepers, lost_wakeups, mixed;
	uint32_t first, second; /* equal whenever the lock is free and whole */
	uint32_t turns, owners_died;
};

static struct page *page;
static struct robust_thread self;
static struct mutex mutex;

/* Called in the parent, and again in each child. */
static void
enlist(void)
{
	static struct sigmask sigmask;

	(void)sigmask;
	if (robust_thread_init(&self, NULL, 0, &page->mixed) < 0)
		abort();
}

static bool
begin(void)
{
	if (!page)
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	memset(page, 0, sizeof *page);
	mutex = (struct mutex){ .word = &page->lock,
				.sleepers = &page->sleepers,
				.lost_wakeups = &page->lost_wakeups };
	enlist();
	return true;
}

static enum mutex_result
lock_until(int64_t deadline_ns)
{
	struct sigmask sigmask = { .hold = NULL };

	return mutex_lock(&self, &mutex, deadline_ns, &sigmask);
}

static uint32_t
me(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

/* ---- children --------------------------------------------------------------------- */

static int
takes_and_dies(void *argument)
{
	(void)argument;
	enlist();
	NEED(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
	kill(getpid(), SIGKILL);
	return 98;
}

/* Takes the lock and keeps it. */
static int
takes_and_stays(void *argument)
{
	(void)argument;
	enlist();
	NEED(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
	for (;;)
		pause();
}

/* Ends with the result. */
static int
takes_once(void *argument)
{
	enum mutex_result result;

	(void)argument;
	enlist();
	result = lock_until(CLOCK_NEVER);
	mutex_unlock(&self, &mutex);
	return (int)result;
}

static int
takes_before(void *deadline)
{
	enum mutex_result result;

	enlist();
	result = lock_until(in_ms(*(int *)deadline));
	if (result != MUTEX_TIMED_OUT)
		mutex_unlock(&self, &mutex);
	return (int)result;
}

/* One of several that find an impossible owner in the lock: takes its turn, with the lock and
 * alone.  Ends with 1 if it was told that the last owner had died. */
static int
seizes_once(void *argument)
{
	struct sigmask sigmask = { .hold = NULL };
	enum mutex_result result;

	(void)argument;
	enlist();
	result = mutex_seize(&self, &mutex, &sigmask);
	NEED(result == MUTEX_LOCKED || result == MUTEX_OWNER_DIED);
	NEED(page->first == page->second);
	page->first++;
	nap();
	page->second++;
	NEED(robust_owner(robust_load(&page->lock)) == me());
	mutex_unlock(&self, &mutex);
	return result == MUTEX_OWNER_DIED;
}

static size_t
start_holder(void)
{
	size_t h = child(takes_and_stays, NULL);

	while (!robust_owner(robust_load(&page->lock)))
		nap();
	return h;
}

/* ---- tests -------------------------------------------------------------------------- */

static bool
locks_and_unlocks(void)
{
	CHECK(begin());
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
	CHECK(page->lock == (me() | FUTEX_WAITERS));
	mutex_unlock(&self, &mutex);
	CHECK(page->lock == 0);
	CHECK(lock_until(0) == MUTEX_LOCKED);
	mutex_unlock(&self, &mutex);
	CHECK(page->sleepers == 0 && page->lost_wakeups == 0);
	return true;
}

static bool
death_is_reported_once(void)
{
	CHECK(begin());
	CHECK(child_status(child(takes_and_dies, NULL)) == 137);
	CHECK(page->lock == (FUTEX_WAITERS | FUTEX_OWNER_DIED));
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_OWNER_DIED);
	mutex_unlock(&self, &mutex);
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
	mutex_unlock(&self, &mutex);
	return true;
}

static bool
dirty_is_reported_again(void)
{
	CHECK(begin());
	CHECK(child_status(child(takes_and_dies, NULL)) == 137);
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_OWNER_DIED);
	mutex_unlock_dirty(&self, &mutex);
	CHECK(child_status(child(takes_once, NULL)) == MUTEX_OWNER_DIED);
	CHECK(child_status(child(takes_once, NULL)) == MUTEX_LOCKED);
	return true;
}

static bool
exec_is_a_death(void)
{
	pid_t pid;
	int status;

	CHECK(begin());
	pid = fork();
	if (pid == 0) {
		enlist();
		NEED(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
		execl("/bin/true", "true", (char *)NULL);
		_exit(99);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_OWNER_DIED);
	mutex_unlock(&self, &mutex);
	return true;
}

static bool
sleepers_go_one_by_one(void)
{
	size_t w[8], i;

	CHECK(begin());
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
	for (i = 0; i < 8; i++) {
		w[i] = child(takes_once, NULL);
		CHECK(child_sleeps(w[i]));
	}
	CHECK(page->sleepers == 8);
	mutex_unlock(&self, &mutex);
	for (i = 0; i < 8; i++)
		CHECK(child_status(w[i]) == MUTEX_LOCKED);
	CHECK(page->sleepers == 0 && page->lost_wakeups == 0 && page->lock == 0);
	return true;
}

static bool
sleepers_survive_an_owners_death(void)
{
	size_t h, w[6], i;
	int died = 0, status;

	CHECK(begin());
	h = start_holder();
	for (i = 0; i < 6; i++) {
		w[i] = child(takes_once, NULL);
		CHECK(child_sleeps(w[i]));
	}
	child_kill(h, SIGKILL);
	for (i = 0; i < 6; i++) {
		status = child_status(w[i]);
		CHECK(status == MUTEX_LOCKED || status == MUTEX_OWNER_DIED);
		died += status == MUTEX_OWNER_DIED;
	}
	CHECK(child_status(h) == 137);
	CHECK(died == 1);
	CHECK(page->lost_wakeups == 0);
	return true;
}

/* The kernel wakes one sleeper; if that one is killed before it takes the lock, another must be
 * woken instead. */
static bool
killed_sleepers_pass_the_wake_on(void)
{
	size_t h, w[4], i;
	int round;

	CHECK(begin());
	for (round = 0; round < 60; round++) {
		children_count = 0;
		h = start_holder();
		for (i = 0; i < 4; i++) {
			w[i] = child(takes_once, NULL);
			CHECK(child_sleeps(w[i]));
		}
		child_kill(h, SIGKILL);
		for (i = 0; i < 3; i++)
			child_kill(w[(i + (size_t)round) % 4], SIGKILL);
		CHECK(child_status(w[(3 + (size_t)round) % 4]) <= MUTEX_OWNER_DIED);
		CHECK(child_status(h) == 137);
		for (i = 0; i < 4; i++)
			CHECK(child_status(w[i]) >= 0);
		CHECK(lock_until(CLOCK_NEVER) <= MUTEX_OWNER_DIED);
		mutex_unlock(&self, &mutex);
	}
	CHECK(page->lost_wakeups == 0);
	return true;
}

/* An unlock wakes a sleeper whose deadline comes at that moment. */
static bool
who_gives_up_passes_the_wake_on(void)
{
	size_t w[3], i;
	int round, soon;

	CHECK(begin());
	for (round = 0; round < 60; round++) {
		children_count = 0;
		soon = 2 + round % 7;
		CHECK(lock_until(CLOCK_NEVER) == MUTEX_LOCKED);
		w[0] = child(takes_before, &soon);
		w[1] = child(takes_before, &soon);
		w[2] = child(takes_once, NULL);
		CHECK(child_sleeps(w[2]));
		mutex_unlock(&self, &mutex);
		for (i = 0; i < 2; i++) {
			int status = child_status(w[i]);

			CHECK(status == MUTEX_LOCKED || status == MUTEX_TIMED_OUT);
		}
		CHECK(child_status(w[2]) == MUTEX_LOCKED);
	}
	CHECK(page->lost_wakeups == 0);
	CHECK(page->sleepers == 0);
	return true;
}

/* The lock may have an impossible owner when a process looks, and a living one when it acts. */
static bool
nonsense_is_seized_once(void)
{
	static const uint32_t nonsense[] = { 1, FUTEX_OWNER_DIED | 1, FUTEX_TID_MASK, UINT32_MAX };
	size_t w[6];
	int told;

	CHECK(begin());
	for (uint32_t round = 0; round < 60; round++) {
		children_count = 0;
		page->first = page->second = 0;
		told = 0;
		__atomic_store_n(&page->lock, nonsense[round % 4], __ATOMIC_SEQ_CST);
		CHECK(lock_until(0) == MUTEX_NO_OWNER);
		for (size_t i = 0; i < 6; i++)
			w[i] = child(seizes_once, NULL);
		for (size_t i = 0; i < 6; i++) {
			int status = child_status(w[i]);

			CHECK(status == 0 || status == 1);
			told += status;
		}
		CHECK(told == 1);
		CHECK(page->first == 6 && page->second == 6);
		CHECK(robust_load(&page->lock) == 0);
	}
	CHECK(page->lost_wakeups == 0);
	CHECK(page->sleepers == 0);
	return true;
}

/* How often a child has given its processor up: once more for each sleep that it begins. */
static long
sleeps_of(size_t i)
{
	char text[4096];
	const char *line = NULL;

	if (proc_read(children[i].pid, "status", text, sizeof text))
		line = strstr(text, "\nvoluntary_ctxt_switches:");
	return line != NULL ? strtol(line + 25, NULL, 10) : -1;
}

/* The child slept its former sleep then, when sleeps_anew() returns. */
static int64_t former_sleep_ns;

/* Waits until a child that has begun so many sleeps sleeps in another one. */
static bool
sleeps_anew(size_t i, long before)
{
	int64_t limit = in_ms(20000);

	for (int64_t now = now_ns(); sleeps_of(i) == before && now < limit; now = now_ns()) {
		former_sleep_ns = now;
		nap();
	}
	return sleeps_of(i) > before && child_sleeps(i);
}

/* Waits until a child has slept, woken and begun to sleep again. */
static bool
sleeps_again(size_t i)
{
	return sleeps_anew(i, sleeps_of(i));
}

/* The word loses its owner, and the wake comes in the second sleep after that; by then it has the
 * value `then`.  in_time: that sleep had begun, because the child looked at the word at once after
 * the first one, and it had not ended. */
static bool
wake_late(size_t w, uint32_t then, bool *in_time)
{
	long before = sleeps_of(w);
	bool slept, went_on;

	former_sleep_ns = now_ns();
	__atomic_store_n(&page->lock, 0, __ATOMIC_SEQ_CST);
	slept = sleeps_anew(w, before);
	went_on = !slept && child_try_reap(w);
	__atomic_store_n(&page->lock, then, __ATOMIC_SEQ_CST);
	futex_wake(&page->lock, 1);
	*in_time = !went_on && now_ns() - former_sleep_ns < CLOCK_SECOND_NS;
	CHECK(slept || !*in_time);
	return true;
}

/* The word loses its owner, and the wake comes late, as on a busy machine: after the watchdog, but
 * before the second sleep has ended.  Nothing was lost.  Twice, with an owner in between.  (If the
 * machine is slow at the wrong moment, the child looks late, or the wake comes too late.  Then all
 * begins anew.) */
static bool
late_wakes_are_not_lost(void)
{
	bool in_time;
	size_t w;

	for (;;) {
		CHECK(begin());
		__atomic_store_n(&page->lock, me() | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
		w = child(takes_once, NULL);
		CHECK(child_sleeps(w));
		CHECK(wake_late(w, me() | FUTEX_WAITERS, &in_time));
		if (in_time) {
			CHECK(sleeps_again(w));
			CHECK(sleeps_again(w)); /* after a sleep that only the watchdog has ended */
			CHECK(wake_late(w, 0, &in_time));
		}
		if (in_time)
			break;
		CHECK(page->lost_wakeups == 0);
		child_kill(w, SIGKILL);
		CHECK(child_status(w) >= 0);
	}
	CHECK(child_status(w) == MUTEX_LOCKED);
	CHECK(page->lost_wakeups == 0);
	return true;
}

/* The word loses its owner, and no wake comes.  (It is not counted if the child looks late.) */
static bool
lost_wakes_are_counted(void)
{
	for (int i = 0; i < 20; i++) {
		size_t w;

		CHECK(begin());
		__atomic_store_n(&page->lock, me() | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
		w = child(takes_once, NULL);
		CHECK(child_sleeps(w));
		__atomic_store_n(&page->lock, 0, __ATOMIC_SEQ_CST);
		CHECK(child_status(w) == MUTEX_LOCKED);
		if (page->lost_wakeups == 1)
			return true;
		CHECK(page->lost_wakeups == 0);
	}
	return false;
}

static bool
deadlines_are_kept(void)
{
	int64_t begin_ns, end_ns;
	size_t h;

	CHECK(begin());
	h = start_holder();
	begin_ns = clock_now_ns();
	CHECK(lock_until(in_ms(60)) == MUTEX_TIMED_OUT);
	end_ns = clock_now_ns();
	CHECK(end_ns - begin_ns >= 60000000 && end_ns - begin_ns < 5000000000);
	CHECK(lock_until(0) == MUTEX_TIMED_OUT);
	child_kill(h, SIGSTOP);
	CHECK(lock_until(in_ms(1500)) == MUTEX_TIMED_OUT);
	child_kill(h, SIGKILL);
	CHECK(child_status(h) == 137);
	CHECK(lock_until(CLOCK_NEVER) == MUTEX_OWNER_DIED);
	mutex_unlock(&self, &mutex);
	CHECK(page->lost_wakeups == 0);
	return true;
}

/* An owner whose death the kernel has not reported.  The second time the deadline ends the first
 * sleep. */
static bool
a_vanished_owner_has_died(void)
{
	int deadlines_ms[] = { 10000, 300 };
	size_t i, gone;

	CHECK(begin());
	gone = child(takes_once, NULL);
	CHECK(child_status(gone) >= 0);
	for (i = 0; i < COUNT(deadlines_ms); i++) {
		page->lock = FUTEX_WAITERS | (uint32_t)children[gone].pid;
		CHECK(lock_until(in_ms(deadlines_ms[i])) == MUTEX_OWNER_DIED);
		CHECK(page->lock == (me() | FUTEX_WAITERS));
		mutex_unlock(&self, &mutex);
		CHECK(page->lock == 0);
	}
	return true;
}

static void
do_nothing(int signal)
{
	(void)signal;
}

static int
signals_its_parent(void *argument)
{
	(void)argument;
	while (kill(getppid(), SIGUSR1) == 0)
		pause_us(50000);
	return 0;
}

/* Each signal ends the sleep, and comes long before a second is over. */
static bool
signals_do_not_put_the_watchdog_off(void)
{
	struct sigaction action = { .sa_handler = do_nothing };
	int64_t begin_ns;
	size_t gone, i;

	CHECK(begin());
	gone = child(takes_once, NULL);
	CHECK(child_status(gone) >= 0);
	page->lock = FUTEX_WAITERS | (uint32_t)children[gone].pid;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	i = child(signals_its_parent, NULL);
	begin_ns = clock_now_ns();
	CHECK(lock_until(in_ms(15000)) == MUTEX_OWNER_DIED);
	CHECK(clock_now_ns() - begin_ns < 10 * CLOCK_SECOND_NS);
	mutex_unlock(&self, &mutex);
	child_kill(i, SIGKILL);
	return child_status(i) == 137;
}

/* A foreign thread cannot ask about it; a thread of its own pid namespace can. */
static bool
a_vanished_owner_may_live_elsewhere(void)
{
	uint32_t word;
	size_t gone;

	CHECK(begin());
	gone = child(takes_once, NULL);
	CHECK(child_status(gone) >= 0);
	page->mixed = ROBUST_MIXED;
	page->lock = word = FUTEX_WAITERS | (uint32_t)children[gone].pid;
	mutex.seats.is_foreign = true;
	CHECK(lock_until(in_ms(1500)) == MUTEX_TIMED_OUT);
	CHECK(page->lock == word);
	mutex.seats.is_foreign = false;
	CHECK(lock_until(in_ms(10000)) == MUTEX_OWNER_DIED);
	mutex_unlock(&self, &mutex);
	return true;
}

/* Values that no sound participant leaves; the first one is our own id, and we do not own it. */
static bool
impossible_owners_are_damage(void)
{
	uint32_t words[] = { 0, FUTEX_WAITERS | 5000000, FUTEX_WAITERS | FUTEX_OWNER_DIED | 1, 1 };
	size_t i;

	CHECK(begin());
	words[0] = FUTEX_WAITERS | me();
	for (i = 0; i < COUNT(words); i++) {
		page->lock = words[i];
		CHECK(lock_until(in_ms(10000)) == MUTEX_NO_OWNER);
		CHECK(page->lock == words[i]);
	}
	return true;
}

/* ---- words ------------------------------------------------------------------------- */

static int
owns_the_word(void *argument)
{
	(void)argument;
	enlist();
	robust_own(&self, &page->word);
	while (pause() < 0)
		continue;
	return 0;
}

/* Sleeps on the word until it has no owner. */
static int
watches_the_word(void *argument)
{
	uint32_t value;

	(void)argument;
	while (robust_owner(value = robust_rearm(&page->word)))
		NEED(futex_wait(&page->word, value, CLOCK_NEVER) != FUTEX_BROKEN);
	return 7;
}

static bool
death_wakes_the_watcher(void)
{
	size_t o, w;

	CHECK(begin());
	o = child(owns_the_word, NULL);
	while (!robust_owner(robust_load(&page->word)))
		nap();
	w = child(watches_the_word, NULL);
	CHECK(child_sleeps(w));
	child_kill(o, SIGKILL);
	CHECK(child_status(w) == 7);
	CHECK(child_status(o) == 137);
	return true;
}

static bool
release_wakes_the_watcher(void)
{
	size_t w;

	CHECK(begin());
	robust_own(&self, &page->word);
	CHECK(page->word == (me() | FUTEX_WAITERS));
	w = child(watches_the_word, NULL);
	CHECK(child_sleeps(w));
	robust_release(&self, &page->word);
	CHECK(page->word == 0);
	CHECK(child_status(w) == 7);
	return true;
}

static bool
poke_wakes_and_the_owner_stays(void)
{
	size_t o, w;

	CHECK(begin());
	o = child(owns_the_word, NULL);
	while (!robust_owner(robust_load(&page->word)))
		nap();
	CHECK(robust_wake(&page->word) == 0);
	CHECK(robust_owner(page->word) == (uint32_t)children[o].pid);
	CHECK(page->word & FUTEX_OWNER_DIED);
	w = child(watches_the_word, NULL);
	CHECK(child_sleeps(w));
	CHECK(page->word == ((uint32_t)children[o].pid | FUTEX_WAITERS));
	CHECK(robust_wake(&page->word) == 1);
	CHECK(child_sleeps(w));
	CHECK(robust_wake(&page->word) <= 1);
	child_kill(o, SIGKILL);
	CHECK(child_status(w) == 7);
	return child_status(o) == 137;
}

/* ---- a storm ------------------------------------------------------------------------ */

static int
works_under_fire(void *argument)
{
	(void)argument;
	enlist();
	for (;;) {
		enum mutex_result result = lock_until(CLOCK_NEVER);

		NEED(result <= MUTEX_OWNER_DIED);
		if (result == MUTEX_OWNER_DIED) {
			page->second = page->first;
			page->owners_died++;
		}
		NEED(page->first == page->second);
		page->first++;
		page->second++;
		page->turns++;
		mutex_unlock(&self, &mutex);
	}
}

static bool
storm_of_kills(void)
{
	int64_t end;
	size_t w[6], i;
	unsigned kills = 0;

	CHECK(begin());
	for (i = 0; i < COUNT(w); i++)
		w[i] = child(works_under_fire, NULL);
	for (end = in_ms(2000); in_ms(0) < end; kills++) {
		i = (size_t)rand() % COUNT(w);
		nap();
		child_kill(w[i], SIGKILL);
		CHECK(child_status(w[i]) == 137);
		children_count = w[i];
		w[i] = child(works_under_fire, NULL);
		children_count = COUNT(w);
	}
	for (i = 0; i < COUNT(w); i++) {
		child_kill(w[i], SIGKILL);
		CHECK(child_status(w[i]) == 137);
	}
	CHECK(lock_until(in_ms(100)) <= MUTEX_OWNER_DIED);
	mutex_unlock(&self, &mutex);
	printf("# %u kills, %u turns, %u owners died\n", kills, page->turns, page->owners_died);
	CHECK(page->turns > kills);
	CHECK(page->lost_wakeups == 0);
	return true;
}

static const struct test tests[] = {
	{ "the lock holds our thread id, always with waiters, and then nothing", locks_and_unlocks,
	  false },
	{ "an owner's death is reported to the next, once", death_is_reported_once, false },
	{ "a death after which nobody could recover is reported again", dirty_is_reported_again,
	  false },
	{ "an exec unlocks as a death does", exec_is_a_death, false },
	{ "sleepers get the lock one after the other", sleepers_go_one_by_one, false },
	{ "when the owner dies one sleeper is told, and all go on",
	  sleepers_survive_an_owners_death, false },
	{ "sleepers that are killed pass the wake on", killed_sleepers_pass_the_wake_on, false },
	{ "a sleeper that gives up passes the wake on", who_gives_up_passes_the_wake_on, false },
	{ "a wake that comes after the watchdog is late, and not lost", late_wakes_are_not_lost,
	  false },
	{ "a wake that does not come is counted as lost", lost_wakes_are_counted, false },
	{ "a deadline ends the wait for a living owner, and for a stopped one", deadlines_are_kept,
	  false },
	{ "an owner that does not exist has died", a_vanished_owner_has_died, true },
	{ "signals do not put that off", signals_do_not_put_the_watchdog_off, true },
	{ "with several pid namespaces an owner that does not exist here may live there",
	  a_vanished_owner_may_live_elsewhere, false },
	{ "impossible owners are damage, and nothing is changed", impossible_owners_are_damage,
	  false },
	{ "of several processes that seize the lock from an impossible owner one at a time has it",
	  nonsense_is_seized_once, false },
	{ "the death of its owner wakes the sleeper of a word", death_wakes_the_watcher, false },
	{ "a release wakes the sleeper of a word", release_wakes_the_watcher, false },
	{ "a wake wakes the sleeper of a word, and its owner stays", poke_wakes_and_the_owner_stays,
	  false },
	{ "in a storm of kills no data are torn and no process hangs", storm_of_kills, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
