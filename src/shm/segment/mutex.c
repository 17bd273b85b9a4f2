/* SPDX-License-Identifier: ISC
 *
 * mutex.c - locks and unlocks the one lock of a segment, and sleeps for it
 *
 * Invariant: the word is 0, or is FUTEX_OWNER_DIED without a thread id, or is a thread id and
 * FUTEX_WAITERS, or is the name of a seat (seat.h).  The thread id is one of the home pid
 * namespace.  A foreign thread never has the word on its robust list, or as its pending operation.
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

#define WATCHDOG_NS CLOCK_SECOND_NS	    /* the longest sleep before another look at the word */
#define NO_SEAT_NS  (CLOCK_SECOND_NS / 100) /* the same while there is no free seat */
#define TID_LIMIT   (4 * 1024 * 1024)	    /* PID_MAX_LIMIT of 64-bit kernels */

static void
set_pending(struct robust_thread *t, const struct mutex *m, uint32_t *word)
{
	if (!seat_is_foreign(&m->seats))
		robust_set_pending(t, word);
}

/* Whether compl cannot have written this value, which has an owner and is no name of a seat. */
static bool
is_nonsense(uint32_t value)
{
	return (value & FUTEX_OWNER_DIED) || !(value & FUTEX_WAITERS) ||
	       robust_owner(value) > TID_LIMIT;
}

/* One thread's wait for the lock. */
struct attempt {
	struct robust_thread *t;
	const struct mutex *m;
	bool seizes;	     /* takes the lock also from an owner that cannot exist */
	bool counted;	     /* is counted in *m->sleepers */
	bool by_watchdog;    /* only the watchdog has ended the latest sleep */
	bool unwoken;	     /* and the look came so soon after it that no wake was missed */
	bool doubted;	     /* is_doubtful() was true before the latest sleep */
	bool seatless;	     /* there was no free seat at the latest look */
	int64_t until_ns;    /* when the latest sleep had to end */
	int64_t watchdog_ns; /* when it ends a sleep that a signal has interrupted, or 0 */
};

/* Whether a value of the word names an owner that has not died, as far as the kernel has told. */
static bool
has_owner(const struct mutex *m, uint32_t value)
{
	return seat_is_named(&m->seats, value) ? seat_has_owner(&m->seats, value)
					       : robust_owner(value) != 0;
}

/* What it means that the word has been taken while it had this value, which names no owner. */
static enum mutex_result
result_of(const struct mutex *m, uint32_t value)
{
	bool died = (value & FUTEX_OWNER_DIED) != 0 || seat_is_named(&m->seats, value);

	return died ? MUTEX_OWNER_DIED : MUTEX_LOCKED;
}

/* Whether only the watchdog has ended the latest sleep, and the look at the word, just before this
 * call, came at once after that.  If it came later, the owner may have unlocked in between, when
 * this thread was no sleeper any more that could be woken. */
static bool
is_unwoken(const struct attempt *a)
{
	return a->by_watchdog && clock_has_just_come(a->until_ns);
}

/* Whether to sleep once more before a wake-up counts as lost.  The word has no owner, after a sleep
 * that only the watchdog has ended.  Either nobody was woken, or the owner has unlocked a moment
 * ago and the woken sleeper still waits for a processor.  (False if users of several pid namespaces
 * share the segment: there the watchdog is the normal way to wake.) */
static bool
is_doubtful(const struct attempt *a)
{
	return a->unwoken && !a->doubted && !robust_is_mixed(a->t);
}

/* Takes the word if it still has this value, which names no owner, or one that does not exist. */
static bool
try_take(struct attempt *a, uint32_t value)
{
	enum seat_result result;

	if (seat_is_foreign(&a->m->seats)) {
		result = seat_take(a->t, &a->m->seats, a->m->word, value);
		a->seatless = result == SEAT_NONE;
		if (result != SEAT_TAKEN)
			return false;
	} else if (!robust_take(a->t, a->m->word, value)) {
		return false;
	}
	set_pending(a->t, a->m, NULL);
	if (a->unwoken)
		__atomic_add_fetch(a->m->lost_wakeups, 1, __ATOMIC_RELAXED);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return true;
}

/* Whether the lock has a value that is damage: one that compl cannot have written.  After a second
 * two more things are: header.mixed has a strange value, or the owner is this very thread, which
 * waits for the lock.  (That may be a signal handler, which must not call.  A thread with a list of
 * its own has one call at a time: see is_owner_gone().  The owner may have the id of a foreign
 * thread.) */
static bool
is_damaged(const struct attempt *a, uint32_t value)
{
	uint32_t mixed = robust_mixed(a->t);
	bool is_own = robust_owner(value) == a->t->tid && a->t->private == NULL &&
		      !seat_is_foreign(&a->m->seats);
	bool is_strange = is_own || (mixed != 0 && mixed != ROBUST_MIXED);

	if (seat_is_named(&a->m->seats, value))
		return false;
	return (is_nonsense(value) || (a->by_watchdog && is_strange)) &&
	       robust_load(a->m->word) == value;
}

/* Whether the owner that this value names has died, and the kernel has not reported it: no thread
 * has this id, or one that does not use the segment, or we have it ourselves and do not own the
 * lock.  A foreign thread cannot ask about an id of the home.  Anybody can ask about the owner of a
 * seat, by its handle.
 *
 * Not excluded: between this look and try_take() another thread takes the lock from the dead owner
 * and gives it back, and a third one, new and with the very id of the dead one, takes it. */
static bool
is_owner_gone(const struct attempt *a, uint32_t value)
{
	uint32_t owner = robust_owner(value);

	if (seat_is_named(&a->m->seats, value))
		return seat_is_abandoned(&a->m->seats, value);
	if (is_nonsense(value) || seat_is_foreign(&a->m->seats))
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
	set_pending(a->t, a->m, NULL);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return result;
}

/* Sleeps while the word has this value.  If it names a seat, sleeps on the seat too: it is for the
 * seat that the kernel wakes a sleeper when the owner dies.  (Without futex_waitv(2) the watchdog
 * finds that.) */
static enum futex_result
sleep_on(const struct mutex *m, uint32_t value, int64_t until_ns)
{
	struct futex_watch both[2] = { { .word = m->word, .expected = value } };
	enum futex_result result = FUTEX_UNSUPPORTED;

	if (seat_is_named(&m->seats, value)) {
		both[1].word = seat_word(&m->seats, value);
		both[1].expected = robust_load(both[1].word);
		if (robust_owner(both[1].expected) == 0)
			return FUTEX_CHANGED;
		result = futex_wait_any(both, 2, until_ns);
	}
	return result == FUTEX_UNSUPPORTED ? futex_wait(m->word, value, until_ns) : result;
}

/* Sleeps on the lock once.  A signal handler does not put the watchdog off: signals may come more
 * often than once in a second.
 *
 * Ordering: the sleeper is counted before the kernel compares the word.  Pairs with mutex_unlock(),
 * which clears the word before it reads the count.
 *
 * Crash: the operation stays pending during the sleep.  The kernel and mutex_unlock() wake one
 * sleeper.  If that one is killed before it has the lock, the kernel wakes the next, but only
 * because the operation is pending.  A foreign sleeper that is killed takes the wake with it: then
 * the next sleeper wakes after WATCHDOG_NS. */
static void
sleep_counted(struct attempt *a, uint32_t value, int64_t deadline_ns, struct sigmask *sigmask)
{
	enum futex_result result;
	int64_t until;

	if (a->watchdog_ns == 0)
		a->watchdog_ns = clock_now_ns() + (a->seatless ? NO_SEAT_NS : WATCHDOG_NS);
	until = deadline_ns < a->watchdog_ns ? deadline_ns : a->watchdog_ns;
	if (!a->counted)
		__atomic_add_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	a->counted = true;
	sigmask_restore(sigmask);
	result = sleep_on(a->m, value, until);
	sigmask_block(sigmask);
	if (result != FUTEX_SIGNALLED)
		a->watchdog_ns = 0;
	a->until_ns = until;
	a->by_watchdog = result == FUTEX_TIMED_OUT && until != deadline_ns && !a->seatless;
	a->seatless = false;
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
		bool is_free = !has_owner(a.m, value), is_over, damaged;

		a.unwoken = is_unwoken(&a);
		a.doubted = is_free && is_doubtful(&a);
		if (a.doubted) {
			sleep_counted(&a, value, deadline_ns, sigmask);
			continue;
		}
		is_over = deadline_ns != CLOCK_NEVER && clock_now_ns() >= deadline_ns;
		damaged = !is_free && is_damaged(&a, value);
		if (damaged && !a.seizes)
			return pass_on(&a, MUTEX_NO_OWNER);
		if (is_free || damaged ||
		    (is_time_to_ask(&a, is_over) && is_owner_gone(&a, value))) {
			if (try_take(&a, value))
				return is_free ? result_of(a.m, value) : MUTEX_OWNER_DIED;
			if (!a.seatless)
				continue;
		}
		if (sigmask_is_interrupted(sigmask))
			return pass_on(&a, MUTEX_INTERRUPTED);
		if (is_over)
			return pass_on(&a, MUTEX_TIMED_OUT);
		sleep_counted(&a, value, deadline_ns, sigmask);
	}
}

enum mutex_result
mutex_lock(struct robust_thread *t, const struct mutex *m, int64_t deadline_ns,
	   struct sigmask *sigmask)
{
	set_pending(t, m, m->word);
	if (seat_is_foreign(&m->seats) || !robust_take(t, m->word, 0))
		return lock_slow((struct attempt){ .t = t, .m = m }, deadline_ns, sigmask);
	robust_set_pending(t, NULL);
	return MUTEX_LOCKED;
}

enum mutex_result
mutex_seize(struct robust_thread *t, const struct mutex *m, struct sigmask *sigmask)
{
	set_pending(t, m, m->word);
	return lock_slow((struct attempt){ .t = t, .m = m, .seizes = true }, CLOCK_NEVER, sigmask);
}

/* Sets the word to a value that names no owner.
 *
 * Crash: if the thread dies before finish_unlock(), the kernel wakes a sleeper.  At home the word
 * is the pending operation.  A foreign thread has its seat still, on which the sleepers sleep
 * too. */
static void
begin_unlock(struct robust_thread *t, const struct mutex *m, uint32_t value)
{
	if (seat_is_foreign(&m->seats))
		__atomic_exchange_n(m->word, value, __ATOMIC_SEQ_CST);
	else
		robust_give_up(t, m->word, value);
}

static void
finish_unlock(struct robust_thread *t, const struct mutex *m)
{
	if (seat_is_foreign(&m->seats))
		seat_leave(t, &m->seats);
	else
		robust_set_pending(t, NULL);
}

void
mutex_unlock(struct robust_thread *t, const struct mutex *m)
{
	begin_unlock(t, m, 0);
	if (__atomic_load_n(m->sleepers, __ATOMIC_SEQ_CST) > 0)
		futex_wake(m->word, 1);
	finish_unlock(t, m);
}

void
mutex_unlock_dirty(struct robust_thread *t, const struct mutex *m)
{
	begin_unlock(t, m, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	futex_wake(m->word, 1);
	finish_unlock(t, m);
}
