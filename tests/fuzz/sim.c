/* SPDX-License-Identifier: ISC
 *
 * sim.c - replaces the clock, sleeps, wakes and robust lists of the code under test
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/clock.h"
#include "shm/os/futex.h"
#include "shm/os/participant.h"
#include "shm/segment/layout.h"
#include "sim-files.h"

#define SLEEPERS	64
#define SLEEPS_MAX	20000
#define LOOKS_MAX	2000
#define ACTS		8
#define PARTICIPANTS	8
#define CLOCK_READS_MAX 2000000 /* far more than any call needs */

void (*sim_asleep)(unsigned sleeps);
void (*sim_stuck)(void);
bool sim_has_waitv;

void
sim_fail(const char *sentence)
{
	fprintf(stderr, "fuzz: %s\n", sentence);
	abort();
}

/* ---- functions entered and left -------------------------------------------------------- */

static struct act {
	uint64_t at;
	void (*act)(void *);
	void *argument;
} acts[ACTS];
static unsigned act_count;
static uint64_t events, next_act = UINT64_MAX;

static void
set_next_act(void)
{
	unsigned i;

	next_act = UINT64_MAX;
	for (i = 0; i < act_count; i++)
		if (acts[i].at < next_act)
			next_act = acts[i].at;
}

static void
do_acts(void)
{
	unsigned i = 0;

	while (i < act_count)
		if (acts[i].at <= events) {
			struct act now = acts[i];

			acts[i] = acts[--act_count];
			now.act(now.argument);
		} else {
			i++;
		}
	set_next_act();
}

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);

void
__cyg_profile_func_enter(void *function, void *caller)
{
	(void)function;
	(void)caller;
	if (++events >= next_act)
		do_acts();
}

void
__cyg_profile_func_exit(void *function, void *caller)
{
	__cyg_profile_func_enter(function, caller);
}

bool
sim_at(unsigned from_now, void (*act)(void *), void *argument)
{
	if (act_count == ACTS)
		return false;
	acts[act_count++] = (struct act){ events + from_now + 1, act, argument };
	set_next_act();
	return true;
}

void
sim_cancel_acts(void)
{
	act_count = 0;
	next_act = UINT64_MAX;
}

/* ---- time -------------------------------------------------------------------------------- */

static int64_t now_ns;
static unsigned clock_reads;

int64_t
sim_now(void)
{
	return now_ns;
}

void
sim_pass_time(int64_t ns)
{
	now_ns += ns;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_nanosleep(const struct timespec *ts, struct timespec *left);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	REQUIRE(++clock_reads < CLOCK_READS_MAX);
	sim_pass_time(1000);
	*ts = (struct timespec){ .tv_sec = (time_t)(now_ns / 1000000000),
				 .tv_nsec = (long)(now_ns % 1000000000) };
	return 0;
}

int
__wrap_nanosleep(const struct timespec *ts, struct timespec *left)
{
	(void)left;
	sim_pass_time(ts->tv_sec * INT64_C(1000000000) + ts->tv_nsec);
	return 0;
}

/* ---- sleep --------------------------------------------------------------------------------- */

static struct sleeper {
	const struct futex_watch *watches;
	size_t count;
	bool woken, signalled;
} sleepers[SLEEPERS];
static size_t sleeper_count;
static unsigned sleeps, lock_sleeps, looks;

void
sim_signal(void)
{
	sleepers[sleeper_count - 1].signalled = true;
}

size_t
sim_sleepers(void)
{
	return sleeper_count;
}

void
sim_leave(size_t count)
{
	sleeper_count = count;
}

/* A second has passed; the owner of the lock dies or releases it at each fifth. */
static void
change_lock_owner(uint32_t *lock)
{
	if (++lock_sleeps % 5 == 0)
		*lock = lock_sleeps & 1 ? FUTEX_OWNER_DIED | FUTEX_WAITERS : 0;
}

/* Sleeps until another participant wakes it, or until the deadline. */
static enum futex_result
fall_asleep(const struct futex_watch *watches, size_t count, int64_t deadline_ns)
{
	struct sleeper *self = &sleepers[sleeper_count];

	REQUIRE(sleeper_count < SLEEPERS);
	REQUIRE(++sleeps < SLEEPS_MAX);
	*self = (struct sleeper){ .watches = watches, .count = count };
	sleeper_count++;
	if (sim_files_key(watches[0].word) == offsetof(struct layout_header, lock))
		change_lock_owner(watches[0].word);
	else
		sim_asleep(sleeps);
	sleeper_count--;
	if (self->woken)
		return FUTEX_WOKEN;
	if (self->signalled)
		return FUTEX_SIGNALLED;
	if (deadline_ns == CLOCK_NEVER)
		sim_stuck();
	if (deadline_ns > now_ns)
		now_ns = deadline_ns;
	return FUTEX_TIMED_OUT;
}

/* The word has another value.  A call may find that often, but not for ever. */
static enum futex_result
look_again(void)
{
	REQUIRE(++looks < LOOKS_MAX);
	return FUTEX_CHANGED;
}

enum futex_result __wrap_futex_wait(uint32_t *word, uint32_t expected, int64_t deadline_ns);
enum futex_result __wrap_futex_wait_any(const struct futex_watch *watches, size_t count,
					int64_t deadline_ns);

enum futex_result
__wrap_futex_wait(uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	const struct futex_watch watch = { .word = word, .expected = expected };

	return __wrap_futex_wait_any(&watch, 1, deadline_ns);
}

enum futex_result
__wrap_futex_wait_any(const struct futex_watch *watches, size_t count, int64_t deadline_ns)
{
	size_t i;

	REQUIRE(count > 0 && count <= FUTEX_WATCH_MAX);
	if (count > 1 && !sim_has_waitv)
		return FUTEX_UNSUPPORTED;
	for (i = 0; i < count; i++)
		if (__atomic_load_n(watches[i].word, __ATOMIC_SEQ_CST) != watches[i].expected)
			return look_again();
	return fall_asleep(watches, count, deadline_ns);
}

static bool
sleeps_on(const struct sleeper *s, uint64_t key)
{
	size_t i;

	for (i = 0; !s->woken && i < s->count; i++)
		if (sim_files_key(s->watches[i].word) == key)
			return true;
	return false;
}

int
sim_wake(uint32_t *word, int count)
{
	uint64_t key = sim_files_key(word);
	int woken = 0;
	size_t i;

	for (i = 0; i < sleeper_count && woken < count; i++)
		if (sleeps_on(&sleepers[i], key)) {
			sleepers[i].woken = true;
			woken++;
		}
	return woken;
}

int __wrap_futex_wake(uint32_t *word, int count);

int
__wrap_futex_wake(uint32_t *word, int count)
{
	return sim_wake(word, count);
}

/* ---- robust lists -------------------------------------------------------------------------- */

static struct robust_list_head libc_heads[PARTICIPANTS], *heads[PARTICIPANTS];
static unsigned actor;

void
sim_act_as(unsigned participant)
{
	actor = participant;
}

/* An empty list, with the distance from words to links that glibc has. */
static struct robust_list_head *
libc_head(void)
{
	struct robust_list_head *head = &libc_heads[actor];

	if (head->futex_offset == 0)
		*head = (struct robust_list_head){ .list.next = &head->list, .futex_offset = -32 };
	return head;
}

void
sim_register_list(struct robust_list_head *head)
{
	heads[actor] = head ? head : libc_head();
}

int __wrap_futex_set_robust_list(struct robust_list_head *head);
int __wrap_futex_get_robust_list(struct robust_list_head **head);

int
__wrap_futex_set_robust_list(struct robust_list_head *head)
{
	sim_register_list(head);
	return 0;
}

int
__wrap_futex_get_robust_list(struct robust_list_head **head)
{
	if (!heads[actor])
		sim_register_list(NULL);
	*head = heads[actor];
	return 0;
}

/* The participants have the highest ids that there are, or, with libc's lists, our own. */
static bool
is_participant(uint32_t tid)
{
	return tid == (uint32_t)getpid() || tid + PARTICIPANTS > SIM_LAST_TID;
}

enum futex_list __wrap_futex_list_of(uint32_t tid);
bool __wrap_participant_is_another(uint32_t tid, int64_t since_ns);

enum futex_list
__wrap_futex_list_of(uint32_t tid)
{
	return is_participant(tid) || tid % 2 ? FUTEX_HAS_LIST : FUTEX_NO_THREAD;
}

bool
__wrap_participant_is_another(uint32_t tid, int64_t since_ns)
{
	return !is_participant(tid) && since_ns < sim_now() && tid % 4 == 1;
}

/* ---- the beginning ----------------------------------------------------------------------- */

/* A participant that is killed, or exits, does not free its memory. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

void
sim_begin(void)
{
	sim_files_begin();
	sim_cancel_acts();
	events = 0;
	now_ns = INT64_C(1000000000000);
	clock_reads = 0;
	actor = 0;
	sleeper_count = 0;
	sleeps = lock_sleeps = looks = 0;
	sim_has_waitv = true;
}
