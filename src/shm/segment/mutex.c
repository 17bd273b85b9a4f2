/* SPDX-License-Identifier: ISC
 *
 * mutex.c - locks and unlocks the one lock of a segment, and sleeps for it
 *
 * Invariant: the word is 0, or FUTEX_OWNER_DIED with whatever, or thread id and
 * FUTEX_WAITERS.
 *
 * What failed before.  musl's robust mutex is not the pending operation of who sleeps on it:
 * its owner is killed, the kernel wakes one sleeper, that one is killed, and nobody wakes the
 * next.  glibc's says FUTEX_WAITERS only if its owner knows of sleepers: one is woken, a newcomer
 * takes the mutex without the bit, both are killed, and the kernel finds nobody to wake.
 * (tests/c/mutexes.c does both to them.)  Counting the sleepers to decide about FUTEX_WAITERS
 * has the same hole.  Hence: the bit is always set, and the operation stays pending during
 * the sleep.
 */
#include "shm/segment/mutex.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/clock.h"
#include "shm/os/participant.h"

#define BELT_NS	  CLOCK_SECOND_NS   /* the longest sleep without a look */
#define TID_LIMIT (4 * 1024 * 1024) /* PID_MAX_LIMIT of 64-bit kernels */

/* A value that no owner of ours can have written. */
static bool
is_nonsense(uint32_t value)
{
	return (value & FUTEX_OWNER_DIED) || !(value & FUTEX_WAITERS) ||
	       robust_owner(value) > TID_LIMIT;
}

/* The owner after a second asleep: is there such a thread at all, and has it the segment?
 * We can only ask where all thread ids are of one pid namespace. */
static bool
is_nobody(const struct robust_thread *t, const char *segment, uint32_t owner)
{
	if (robust_mixed(t) != 0 && !robust_is_mixed(t))
		return true;
	if (owner != t->tid && (syscall(SYS_kill, owner, 0) == 0 || errno != ESRCH) &&
	    (segment == NULL || participant_may_be(owner, segment)))
		return false;
	return !robust_is_mixed(t);
}

/* Sleeps on the lock once; true if only the seat belt ended the sleep.
 *
 * Crash: the operation stays pending meanwhile.  The kernel, and unlock, wake
 * ONE sleeper; when that one is killed before it has the lock, its death passes
 * the wake on only because of this.  With thread ids of several pid namespaces
 * it cannot stay pending: our death would release a lock whose living owner has
 * the same id over there.  There the belt is the promise. */
static bool
sleep_once(struct robust_thread *t, uint32_t *word, uint32_t value, int64_t deadline_ns,
	   struct gate *gate)
{
	int64_t until = clock_sooner(deadline_ns, BELT_NS);
	enum futex_result result;

	if (robust_is_mixed(t))
		robust_set_pending(t, NULL);
	gate_open(gate);
	result = futex_wait(word, value, until);
	gate_close(gate);
	robust_set_pending(t, word);
	return result == FUTEX_TIMED_OUT && until != deadline_ns;
}

/* One thread's wait for the lock. */
struct attempt {
	struct robust_thread *t;
	const struct mutex *m;
	bool seizes;  /* also from an owner that there cannot be */
	bool counted; /* among the sleepers */
	bool belted;  /* only the seat belt ended the latest sleep, */
	bool doubted; /* and the one before it, with the word free in between */
};

/* After a sleep that only the belt ended the word has no owner: was it left without a wake?  Its
 * owner may have gone a moment ago, and who was woken, or is about to be, wants a processor;
 * hundreds who look at once, as of several pid namespaces they must, do not hasten that.  So
 * another sleep decides. */
static bool
is_in_doubt(struct attempt *a)
{
	bool first = a->belted && !a->doubted && !robust_is_mixed(a->t);

	a->doubted = first;
	return first;
}

/* The word has no owner: ours, if it still is so. */
static bool
is_taken(struct attempt *a, uint32_t value)
{
	if (!robust_take(a->t, a->m->word, value))
		return false;
	robust_set_pending(a->t, NULL);
	if (a->belted)
		__atomic_add_fetch(a->m->rescues, 1, __ATOMIC_RELAXED);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return true;
}

static bool
is_damaged(const struct attempt *a, uint32_t value)
{
	if (!is_nonsense(value) &&
	    !(a->belted && is_nobody(a->t, a->m->segment, robust_owner(value))))
		return false;
	return robust_load(a->m->word) == value;
}

/* Leaves without the lock.  After a sleep the one wake may have been ours alone. */
static enum mutex_result
pass_on(struct attempt *a, enum mutex_result result)
{
	if (a->counted)
		futex_wake(a->m->word, 1);
	robust_set_pending(a->t, NULL);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return result;
}

/* Ordering: counted before the word is compared by the kernel; pairs with
 * mutex_unlock(), which clears the word before it reads the count. */
static void
sleep_counted(struct attempt *a, uint32_t value, int64_t deadline_ns, struct gate *gate)
{
	if (!a->counted)
		__atomic_add_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	a->counted = true;
	a->belted = sleep_once(a->t, a->m->word, value, deadline_ns, gate);
}

static enum mutex_result
lock_slow(struct attempt a, int64_t deadline_ns, struct gate *gate)
{
	for (;;) {
		uint32_t value = robust_load(a.m->word);

		if (robust_owner(value) == 0) {
			if (is_in_doubt(&a))
				sleep_counted(&a, value, deadline_ns, gate);
			else if (is_taken(&a, value))
				return value & FUTEX_OWNER_DIED ? MUTEX_OWNER_DIED : MUTEX_LOCKED;
			continue;
		}
		if (is_damaged(&a, value)) {
			if (!a.seizes)
				return pass_on(&a, MUTEX_NO_OWNER);
			if (is_taken(&a, value))
				return MUTEX_OWNER_DIED;
			continue;
		}
		if (gate_is_interrupted(gate))
			return pass_on(&a, MUTEX_INTERRUPTED);
		if (deadline_ns != CLOCK_NEVER && clock_now_ns() >= deadline_ns)
			return pass_on(&a, MUTEX_TIMED_OUT);
		sleep_counted(&a, value, deadline_ns, gate);
	}
}

enum mutex_result
mutex_lock(struct robust_thread *t, const struct mutex *m, int64_t deadline_ns, struct gate *gate)
{
	robust_set_pending(t, m->word);
	if (!robust_take(t, m->word, 0))
		return lock_slow((struct attempt){ .t = t, .m = m }, deadline_ns, gate);
	robust_set_pending(t, NULL);
	return MUTEX_LOCKED;
}

enum mutex_result
mutex_seize(struct robust_thread *t, const struct mutex *m, struct gate *gate)
{
	robust_set_pending(t, m->word);
	return lock_slow((struct attempt){ .t = t, .m = m, .seizes = true }, CLOCK_NEVER, gate);
}

void
mutex_unlock(struct robust_thread *t, const struct mutex *m)
{
	robust_give_up(t, m->word, 0);
	if (__atomic_load_n(m->sleepers, __ATOMIC_SEQ_CST) > 0)
		futex_wake(m->word, 1);
	robust_set_pending(t, NULL);
}

void
mutex_unlock_dirty(struct robust_thread *t, const struct mutex *m)
{
	robust_give_up(t, m->word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	futex_wake(m->word, 1);
	robust_set_pending(t, NULL);
}
