/* SPDX-License-Identifier: ISC
 *
 * mutex.c - locks and unlocks the one lock of a segment, and sleeps for it
 *
 * Invariant: the word is 0, or is FUTEX_OWNER_DIED without a thread id, or is a thread id and
 * FUTEX_WAITERS.
 *
 * What failed before:
 *
 * A thread that sleeps on musl's robust mutex does not have it as its pending operation.  When the
 * owner was killed, the kernel woke one sleeper.  That sleeper was killed too, and nobody woke the
 * next.
 *
 * The owner of glibc's robust mutex sets FUTEX_WAITERS only if it knows of sleepers.  When one
 * sleeper had been woken, a newcomer took the mutex without the bit.  Then both were killed, and
 * the kernel woke nobody.  A count of the sleepers, to decide about the bit, has the same hole.
 *
 * tests/c/mutexes.c shows both failures.  Hence the bit is always set here, and the operation stays
 * pending during the sleep.
 */
#include "shm/segment/mutex.h"

#include "api/clock.h"
#include "shm/os/participant.h"

#define WATCHDOG_NS CLOCK_SECOND_NS   /* the longest sleep before another look at the word */
#define TID_LIMIT   (4 * 1024 * 1024) /* PID_MAX_LIMIT of 64-bit kernels */

/* Whether compl cannot have written this value, which has an owner. */
static bool
is_nonsense(uint32_t value)
{
	return (value & FUTEX_OWNER_DIED) || !(value & FUTEX_WAITERS) ||
	       robust_owner(value) > TID_LIMIT;
}

/* Sleeps on the lock once.  Returns whether only the watchdog (WATCHDOG_NS) has ended the sleep.
 *
 * Crash: the operation stays pending during the sleep.  The kernel and mutex_unlock() wake one
 * sleeper.  If that one is killed before it has the lock, the kernel wakes the next, but only
 * because the operation is pending.  If users of several pid namespaces share the segment it must
 * not be pending: the living owner may have the same thread id in another namespace, and our death
 * would free its lock.  Then the next sleeper wakes after WATCHDOG_NS. */
static bool
sleep_on_lock(struct robust_thread *t, uint32_t *word, uint32_t value, int64_t deadline_ns,
	      struct sigmask *sigmask)
{
	int64_t until = clock_sooner(deadline_ns, WATCHDOG_NS);
	enum futex_result result;

	if (robust_is_mixed(t))
		robust_set_pending(t, NULL);
	sigmask_restore(sigmask);
	result = futex_wait(word, value, until);
	sigmask_block(sigmask);
	robust_set_pending(t, word);
	return result == FUTEX_TIMED_OUT && until != deadline_ns;
}

/* One thread's wait for the lock. */
struct attempt {
	struct robust_thread *t;
	const struct mutex *m;
	bool seizes;	  /* takes the lock also from an owner that cannot exist */
	bool counted;	  /* is counted in *m->sleepers */
	bool by_watchdog; /* only the watchdog has ended the latest sleep */
	bool doubted;	  /* is_doubtful() was true before the latest sleep */
};

/* Whether to sleep once more before a wake-up counts as lost.  The word has no owner, after a sleep
 * that only the watchdog has ended.  Either nobody was woken, or the owner has unlocked a moment
 * ago and the woken sleeper still waits for a processor.  (False if users of several pid namespaces
 * share the segment: there the watchdog is the normal way to wake.) */
static bool
is_doubtful(const struct attempt *a)
{
	return a->by_watchdog && !a->doubted && !robust_is_mixed(a->t);
}

/* Takes the word if it still has this value, which names no owner, or one that does not exist. */
static bool
try_take(struct attempt *a, uint32_t value)
{
	if (!robust_take(a->t, a->m->word, value))
		return false;
	robust_set_pending(a->t, NULL);
	if (a->by_watchdog)
		__atomic_add_fetch(a->m->lost_wakeups, 1, __ATOMIC_RELAXED);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return true;
}

/* Whether the lock has a value that is damage: one that compl cannot have written.  After a second
 * two more things are: header.mixed has a strange value, or the owner is this very thread, which
 * waits for the lock.  (That may be a signal handler, which must not call.  A thread with a list of
 * its own has one call at a time: see is_owner_gone().) */
static bool
is_damaged(const struct attempt *a, uint32_t value)
{
	uint32_t mixed = robust_mixed(a->t);
	bool is_own = robust_owner(value) == a->t->tid && a->t->private == NULL;
	bool is_strange = mixed != 0 ? mixed != ROBUST_MIXED : is_own;

	return (is_nonsense(value) || (a->by_watchdog && is_strange)) &&
	       robust_load(a->m->word) == value;
}

/* Whether the owner that this value names has died, and the kernel has not reported it: no thread
 * has this id, or one that does not use the segment, or we have it ourselves and do not own the
 * lock.  It can only be told where all thread ids are of one pid namespace.
 *
 * Not excluded: between this look and try_take() another thread takes the lock from the dead owner
 * and gives it back, and a third one, new and with the very id of the dead one, takes it. */
static bool
is_owner_gone(const struct attempt *a, uint32_t value)
{
	uint32_t owner = robust_owner(value);

	if (is_nonsense(value) || robust_mixed(a->t) != 0)
		return false;
	if (owner == a->t->tid)
		return a->t->private != NULL;
	return participant_is_gone(owner, a->m->segment) ||
	       !participant_may_be(owner, a->m->segment);
}

/* Gives up without the lock.  The one wake of mutex_unlock() or the kernel may have come to us, so
 * we wake another sleeper. */
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

/* Ordering: the sleeper is counted before the kernel compares the word.  Pairs with mutex_unlock(),
 * which clears the word before it reads the count. */
static void
sleep_counted(struct attempt *a, uint32_t value, int64_t deadline_ns, struct sigmask *sigmask)
{
	if (!a->counted)
		__atomic_add_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	a->counted = true;
	a->by_watchdog = sleep_on_lock(a->t, a->m->word, value, deadline_ns, sigmask);
}

/* Whether to ask about the owner: after a sleep of a second, or to the deadline. */
static bool
is_time_to_ask(const struct attempt *a, bool is_over)
{
	return a->by_watchdog || (a->counted && is_over);
}

static enum mutex_result
lock_slow(struct attempt a, int64_t deadline_ns, struct sigmask *sigmask)
{
	for (;;) {
		uint32_t value = robust_load(a.m->word);
		bool is_over, damaged;

		if (robust_owner(value) == 0) {
			a.doubted = is_doubtful(&a);
			if (a.doubted)
				sleep_counted(&a, value, deadline_ns, sigmask);
			else if (try_take(&a, value))
				return value & FUTEX_OWNER_DIED ? MUTEX_OWNER_DIED : MUTEX_LOCKED;
			continue;
		}
		is_over = deadline_ns != CLOCK_NEVER && clock_now_ns() >= deadline_ns;
		damaged = is_damaged(&a, value);
		if (damaged && !a.seizes)
			return pass_on(&a, MUTEX_NO_OWNER);
		if (damaged || (is_time_to_ask(&a, is_over) && is_owner_gone(&a, value))) {
			if (try_take(&a, value))
				return MUTEX_OWNER_DIED;
			continue;
		}
		if (sigmask_is_interrupted(sigmask))
			return pass_on(&a, MUTEX_INTERRUPTED);
		if (is_over)
			return pass_on(&a, MUTEX_TIMED_OUT);
		a.doubted = false;
		sleep_counted(&a, value, deadline_ns, sigmask);
	}
}

enum mutex_result
mutex_lock(struct robust_thread *t, const struct mutex *m, int64_t deadline_ns,
	   struct sigmask *sigmask)
{
	robust_set_pending(t, m->word);
	if (!robust_take(t, m->word, 0))
		return lock_slow((struct attempt){ .t = t, .m = m }, deadline_ns, sigmask);
	robust_set_pending(t, NULL);
	return MUTEX_LOCKED;
}

enum mutex_result
mutex_seize(struct robust_thread *t, const struct mutex *m, struct sigmask *sigmask)
{
	robust_set_pending(t, m->word);
	return lock_slow((struct attempt){ .t = t, .m = m, .seizes = true }, CLOCK_NEVER, sigmask);
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
