/* SPDX-License-Identifier: ISC
 *
 * mutexes.c - deaths around a lock: compl's, and the robust mutex of the libc
 *
 * The owner of a robust mutex is killed, and then the process that the kernel has woken for it,
 * before it has the mutex: which process wakes the rest?  And eight processes in a storm of such
 * kills.
 *
 *	mutexes hold FILE	locks a robust mutex of this libc in FILE, says so, and stays
 *	mutexes take FILE	locks it, and prints what it was told
 */
#include "peer.h"

#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "api/clock.h"
#include "shm/names/segment_lock.h"

#define STORM_MS 2500
#define STUCK_MS 1000
#define WORKERS	 8

static struct contest {
	pthread_mutex_t mutex;
	uint32_t held, let_go, stop;
	uint32_t turns[WORKERS];
} * contest;

static bool
make_contest(void)
{
	children_count = 0;
	if ((contest = peer_shared_memory(sizeof *contest)) == NULL)
		return false;
	peer_make_robust(&contest->mutex);
	return true;
}

static bool
is_set(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST) != 0;
}

static void
set(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
}

/* ---- two deaths in a row --------------------------------------------------------------------- */

static void
stay(void)
{
	set(&contest->held);
	while (!is_set(&contest->let_go))
		nap();
}

static int
holds_the_mutex(void *argument)
{
	(void)argument;
	NEED(peer_lock_robust(&contest->mutex));
	stay();
	return pthread_mutex_unlock(&contest->mutex);
}

static int
wants_the_mutex(void *argument)
{
	(void)argument;
	NEED(peer_lock_robust(&contest->mutex));
	return pthread_mutex_unlock(&contest->mutex);
}

static int
holds_our_lock(void *argument)
{
	struct session s;

	(void)argument;
	NEED(session_begin(&s, space_handle, NULL) == COMPL_OK);
	NEED(segment_lock(&s, CLOCK_NEVER) == COMPL_OK);
	stay();
	segment_unlock(&s);
	return 0;
}

static int
wants_our_lock(void *argument)
{
	(void)argument;
	return space_post("a", 1) == COMPL_OK ? 0 : 98;
}

/* Lets it run until its next system call, or the end of the one it is in. */
static bool
runs_to_a_call(pid_t pid, struct __ptrace_syscall_info *info)
{
	int status;

	return ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status) &&
	       ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof *info, info) > 0;
}

static bool
goes_to_sleep(const struct __ptrace_syscall_info *info)
{
	uint64_t op = info->entry.args[1] & FUTEX_CMD_MASK;

	return info->op == PTRACE_SYSCALL_INFO_ENTRY && info->entry.nr == SYS_futex &&
	       (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET);
}

/* Waits until it sleeps, or is stopped at the end of its sleep already. */
static bool
has_begun_to_sleep(size_t i)
{
	int64_t limit = in_ms((int)limit_s(20) * 1000);
	pid_t pid = children[i].pid;

	while (in_ms(0) < limit) {
		siginfo_t info = { .si_pid = 0 };

		if (child_is_asleep(i))
			return true;
		if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
		    info.si_pid == pid)
			return true;
		nap();
	}
	return false;
}

/* Starts a child that asks for the lock, which is held; it will be stopped at the end of its
 * sleep. */
static bool
asks_and_will_be_stopped(int (*wants)(void *), size_t *asker)
{
	struct __ptrace_syscall_info info;
	int status;
	pid_t pid;

	*asker = child(wants, NULL);
	pid = children[*asker].pid;
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD) != 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid)
		return false;
	do
		if (!runs_to_a_call(pid, &info))
			return false;
	while (!goes_to_sleep(&info));
	return ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && has_begun_to_sleep(*asker);
}

/* A kind of lock: the functions that hold it and want it. */
struct kind {
	int (*holds)(void *), (*wants)(void *);
};

static const struct kind peers_mutex = { holds_the_mutex, wants_the_mutex };
static const struct kind our_lock = { holds_our_lock, wants_our_lock };

static size_t
owner_of(const struct kind *kind)
{
	size_t owner;

	__atomic_store_n(&contest->held, 0, __ATOMIC_SEQ_CST);
	owner = child(kind->holds, NULL);
	while (!is_set(&contest->held))
		nap();
	return owner;
}

/* Whether the latest asker was woken.  If not, its watchdog came before: the machine had stood
 * still for a second. */
static bool was_woken;

/* Waits until the asker is stopped at the end of its sleep. */
static bool
await_wake(size_t asker)
{
	struct __ptrace_syscall_info info;
	pid_t pid = children[asker].pid;
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0)
		return false;
	was_woken = info.op == PTRACE_SYSCALL_INFO_EXIT && info.exit.rval == 0;
	return true;
}

/* The owner dies; the kernel wakes the first sleeper, which dies before it does anything. */
static bool
owner_and_woken(const struct kind *kind, size_t *last)
{
	size_t owner, woken;

	CHECK(make_contest());
	owner = owner_of(kind);
	CHECK(asks_and_will_be_stopped(kind->wants, &woken));
	*last = child(kind->wants, NULL);
	CHECK(child_sleeps(*last));
	peer_put_away(owner);
	CHECK(await_wake(woken));
	peer_put_away(woken);
	return true;
}

/* The owner unlocks and wakes the first sleeper; before that one does anything a newcomer takes the
 * lock; both die. */
static bool
woken_and_newcomer(const struct kind *kind, size_t *last)
{
	size_t owner, newcomer, woken;

	CHECK(make_contest());
	owner = owner_of(kind);
	CHECK(asks_and_will_be_stopped(kind->wants, &woken));
	*last = child(kind->wants, NULL);
	CHECK(child_sleeps(*last));
	set(&contest->let_go);
	CHECK(child_status(owner) == 0);
	CHECK(await_wake(woken));
	__atomic_store_n(&contest->let_go, 0, __ATOMIC_SEQ_CST);
	newcomer = owner_of(kind);
	CHECK(!was_woken || child_sleeps(*last));
	peer_put_away(woken);
	peer_put_away(newcomer);
	return true;
}

static bool
two_deaths(bool (*die)(const struct kind *, size_t *), const char *who)
{
	size_t last;

	CHECK(die(&peers_mutex, &last));
	printf("# note: %s's robust mutex, %s are killed: the next one %s\n", PEER, who,
	       peer_ends_within(last, PATIENT_MS) ? "has it" : "sleeps on");
	peer_put_away(last);
	space();
	CHECK(space_post("b", 1) == COMPL_OK);
	for (;;) {
		CHECK(die(&our_lock, &last));
		if (was_woken)
			break;
		peer_put_away(last);
		compl_remove(space(), "a");
	}
	CHECK(child_status(last) == 0);
	CHECK(space_counter("a") == 1);
	return true;
}

static bool
the_owner_and_who_was_woken(void)
{
	return two_deaths(owner_and_woken, "its owner and the one woken for it");
}

static bool
who_was_woken_and_a_newcomer(void)
{
	return two_deaths(woken_and_newcomer, "the one woken for it and a newcomer that has it");
}

/* ---- a storm --------------------------------------------------------------------------------- */

static int
turns_with_the_mutex(void *argument)
{
	uint32_t *turns = &contest->turns[*(size_t *)argument];

	(void)!nice(10); /* the killer needs a processor, too */
	while (!is_set(&contest->stop)) {
		NEED(peer_lock_robust(&contest->mutex));
		__atomic_add_fetch(turns, 1, __ATOMIC_SEQ_CST);
		pthread_mutex_unlock(&contest->mutex);
	}
	return 0;
}

static int
turns_with_our_lock(void *argument)
{
	uint32_t *turns = &contest->turns[*(size_t *)argument];

	(void)!nice(10);
	while (!is_set(&contest->stop)) {
		NEED(space_post("a", 1) == COMPL_OK);
		__atomic_add_fetch(turns, 1, __ATOMIC_SEQ_CST);
		space_try("a");
	}
	return 0;
}

static uint32_t
all_turns(void)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < WORKERS; i++)
		sum += __atomic_load_n(&contest->turns[i], __ATOMIC_SEQ_CST);
	return sum;
}

/* Whether no process has a turn for this long. */
static bool
stands_still(int ms)
{
	uint32_t before = all_turns();
	int64_t limit = in_ms(ms);

	while (in_ms(0) < limit) {
		if (all_turns() != before)
			return false;
		nap();
	}
	return true;
}

/* Returns how often all stood still; the kill after that may make them go on. */
static unsigned
storm(int (*run)(void *), int stuck_ms, unsigned *kills)
{
	static size_t number[WORKERS];
	unsigned stuck = 0;
	int64_t end;
	size_t i;

	for (i = 0; i < WORKERS; i++) {
		number[i] = i;
		child(run, &number[i]);
	}
	*kills = 0;
	for (end = in_ms(STORM_MS); in_ms(0) < end; ++*kills) {
		nap();
		i = (size_t)rand() % WORKERS;
		peer_put_away(i);
		children_count = i;
		child(run, &number[i]);
		children_count = WORKERS;
		stuck += stands_still(stuck_ms);
	}
	set(&contest->stop);
	return stuck;
}

static bool
eight_in_a_storm(void)
{
	unsigned kills, stuck, left = 0;
	size_t i;

	CHECK(make_contest());
	stuck = storm(turns_with_the_mutex, STUCK_MS, &kills);
	for (i = 0; i < WORKERS; i++)
		left += !peer_ends_within(i, STUCK_MS);
	printf("# note: %s's robust mutex, %d processes: after %u of %u kills all stood still; %u "
	       "sleep on at the end\n",
	       PEER, WORKERS, stuck, kills, left);
	for (i = 0; i < WORKERS; i++)
		peer_put_away(i);
	space();
	CHECK(make_contest());
	stuck = storm(turns_with_our_lock, 20000, &kills);
	for (i = 0; i < WORKERS; i++)
		CHECK(child_status(i) == 0);
	printf("# note: compl's lock, %d processes: after %u of %u kills all stood still; none "
	       "sleeps on\n",
	       WORKERS, stuck, kills);
	CHECK(stuck == 0);
	return true;
}

/* ---- one mutex for two libcs ----------------------------------------------------------------- */

static pthread_mutex_t *
mutex_in(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	pthread_mutex_t *mutex;

	NEED(fd >= 0 && ftruncate(fd, 4096) == 0);
	mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(mutex != MAP_FAILED);
	return mutex;
}

static int
hold(const char *path)
{
	pthread_mutex_t *mutex = mutex_in(path);

	peer_make_robust(mutex);
	NEED(pthread_mutex_lock(mutex) == 0);
	puts("held");
	fflush(stdout);
	for (;;)
		pause();
}

static int
take(const char *path)
{
	int result = pthread_mutex_lock(mutex_in(path));

	puts(result == 0	    ? "got it, as if nobody had died"
	     : result == EOWNERDEAD ? "was told that its owner had died"
				    : "could not lock it");
	return 0;
}

static const struct test tests[] = {
	{ "the lock's owner is killed, then the process woken for it, and the next gets it",
	  the_owner_and_who_was_woken, false },
	{ "the process woken for the lock is killed, then a newcomer that has it, and the next "
	  "gets it",
	  who_was_woken_and_a_newcomer, false },
	{ "in a storm of kills among eight processes the lock never stands still", eight_in_a_storm,
	  false },
};

/* Tracing finds the two processes that are killed one after the other. */
static bool
try_to_trace(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	errno = WEXITSTATUS(status);
	return errno == 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3)
		return strcmp(argv[1], "hold") ? take(argv[2]) : hold(argv[2]);
	if (!try_to_trace()) {
		printf("1..0 # SKIP may not trace (ptrace): %s\n", strerror(errno));
		return 0;
	}
	srand((unsigned)time(NULL));
	return tap_run(tests, COUNT(tests));
}
