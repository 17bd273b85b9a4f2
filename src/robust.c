/* SPDX-License-Identifier: ISC
 *
 * Owns the links of the calling thread's robust list for as long as a call of
 * the library lasts.
 *
 * Invariant: a word that holds our TID is on the list, or is its pending
 * operation.  So death at any instruction is a clean release.
 *
 * Ordering: the list is read by the kernel in this very thread, so program order
 * is enough; barrier() keeps the compiler from changing it.
 *
 * What failed before.  pthread's robust mutex, in glibc and musl alike, clears
 * the pending operation while it sleeps and sets FUTEX_WAITERS only when there
 * are sleepers: two kills leave FUTEX_OWNER_DIED in the word with sleepers that
 * nobody wakes.  Counting the sleepers to decide about FUTEX_WAITERS has the same
 * hole.  Hence: the bit is always set, and the operation stays pending during
 * the sleep.
 */
#include "robust.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "clock.h"

#define LINK_MAX_OFFSET 40		  /* no libc's link lies further behind its word */
#define TID_LIMIT	(4 * 1024 * 1024) /* PID_MAX_LIMIT of 64-bit kernels */
#define BELT_NS		CLOCK_SECOND_NS	  /* the longest sleep on the lock without a look */

static inline void
barrier(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static struct robust_list *
link_of(const struct robust_thread *t, uint32_t *word)
{
	return (struct robust_list *)((char *)word + t->distance);
}

/* musl's links are not aligned to their size for our words. */
static void
set_next(struct robust_list *link, struct robust_list *next)
{
	memcpy(link, &next, sizeof(struct robust_list *));
}

int
robust_register(struct robust_private *p, ptrdiff_t distance)
{
	if (futex_get_robust_list(&p->before) < 0)
		return -1;
	if (p->before != NULL && p->before->futex_offset < -LINK_MAX_OFFSET) {
		errno = EBUSY; /* not a libc's: another of ours */
		return -1;
	}
	p->head =
		(struct robust_list_head){ .list.next = &p->head.list, .futex_offset = -distance };
	return futex_set_robust_list(&p->head);
}

void
robust_unregister(struct robust_private *p)
{
	futex_set_robust_list(p->before);
}

/* A libc may register a thread's list only when the thread first locks a robust
 * mutex (and musl only if that is process-shared as well); this makes it do so. */
static void
make_libc_register(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	if (pthread_mutex_lock(&mutex) == 0)
		pthread_mutex_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
}

static int
find_libc_list(struct robust_thread *t)
{
	for (int i = 0; i < 2; i++) {
		if (futex_get_robust_list(&t->head) < 0)
			return -1;
		if (t->head != NULL && t->head->futex_offset != 0)
			break;
		make_libc_register();
	}
	/* The layout leaves room for a link 20 to 40 bytes behind each word. */
	if (t->head == NULL || t->head->futex_offset > -20 || t->head->futex_offset < -32) {
		errno = ENOSYS;
		return -1;
	}
	t->distance = -t->head->futex_offset;
	t->tid = (uint32_t)syscall(SYS_gettid);
	return 0;
}

int
robust_thread_init(struct robust_thread *t, const struct robust_private *p, uint32_t tid,
		   const uint32_t *mixed)
{
	t->count = 0;
	t->mixed = mixed;
	if (p == NULL)
		return find_libc_list(t);
	t->head = (struct robust_list_head *)&p->head;
	t->distance = -p->head.futex_offset;
	t->tid = tid;
	return 0;
}

static uint32_t
get_mixed(const struct robust_thread *t)
{
	return __atomic_load_n(t->mixed, __ATOMIC_RELAXED);
}

static bool
is_mixed(const struct robust_thread *t)
{
	return get_mixed(t) != 0;
}

static void
set_pending(struct robust_thread *t, uint32_t *word)
{
	barrier();
	t->head->list_op_pending = word == NULL ? NULL : link_of(t, word);
	barrier();
}

/* Puts a word at the near end of the list.
 * Crash: until the last store the word is not listed, after it, it is. */
static void
push(struct robust_thread *t, uint32_t *word)
{
	if (t->count == 0)
		t->base = t->head->list.next;
	set_next(link_of(t, word), t->count == 0 ? t->base : link_of(t, t->held[t->count - 1]));
	barrier();
	t->head->list.next = link_of(t, word);
	barrier();
	t->held[t->count++] = word;
}

/* Takes a word off the list, wherever it stands: one store. */
static void
pull(struct robust_thread *t, const uint32_t *word)
{
	struct robust_list *next;
	size_t i = t->count;

	while (i > 0 && t->held[i - 1] != word)
		i--;
	if (i-- == 0)
		return;
	next = i == 0 ? t->base : link_of(t, t->held[i - 1]);
	barrier();
	if (i == t->count - 1)
		t->head->list.next = next;
	else
		set_next(link_of(t, t->held[i + 1]), next);
	barrier();
	memmove(&t->held[i], &t->held[i + 1], (t->count - i - 1) * sizeof(t->held[0]));
	t->count--;
}

void
robust_own(struct robust_thread *t, uint32_t *word)
{
	push(t, word);
	__atomic_store_n(word, t->tid | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
}

/* Crash: before the exchange the word holds our TID and is pending; after it, it
 * is 0 and pending: either way the kernel wakes a sleeper.  Where somebody of another pid
 * namespace may have our thread id and take the word next, it must not stay pending; a
 * death in the one instruction between costs a wake, and a belt gives it. */
static void
give_up(struct robust_thread *t, uint32_t *word, uint32_t value)
{
	set_pending(t, word);
	pull(t, word);
	__atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
	if (is_mixed(t))
		set_pending(t, NULL);
}

void
robust_release(struct robust_thread *t, uint32_t *word)
{
	give_up(t, word, 0);
	futex_wake(word, INT_MAX);
	set_pending(t, NULL);
}

void
robust_release_all(struct robust_thread *t)
{
	while (t->count > 0)
		robust_release(t, t->held[t->count - 1]);
}

int
robust_poke(uint32_t *word)
{
	__atomic_fetch_or(word, FUTEX_OWNER_DIED, __ATOMIC_SEQ_CST);
	return futex_wake(word, INT_MAX);
}

uint32_t
robust_settle(uint32_t *word)
{
	uint32_t value = robust_load(word);

	while (robust_owner(value) != 0 && (value & FUTEX_OWNER_DIED)) {
		uint32_t settled = value & ~(uint32_t)FUTEX_OWNER_DIED;

		if (__atomic_compare_exchange_n(word, &value, settled, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return settled;
	}
	return value;
}

/* One attempt on a word that was seen without an owner.  What FUTEX_OWNER_DIED
 * said is remembered by the caller, who repairs; dying before that sets it
 * again. */
static bool
take(struct robust_thread *t, uint32_t *word, uint32_t seen)
{
	if (!__atomic_compare_exchange_n(word, &seen, t->tid | FUTEX_WAITERS, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	push(t, word);
	return true;
}

/* A value that no owner of ours can have written. */
static bool
is_nonsense(uint32_t value)
{
	return (value & FUTEX_OWNER_DIED) || !(value & FUTEX_WAITERS) ||
	       robust_owner(value) > TID_LIMIT;
}

/* The owner after a second asleep: is there such a thread at all?  We can only ask where
 * all thread ids are of one pid namespace. */
static bool
is_nobody(const struct robust_thread *t, uint32_t owner)
{
	if (get_mixed(t) > 1)
		return true;
	if (owner != t->tid && (syscall(SYS_kill, owner, 0) == 0 || errno != ESRCH))
		return false;
	return !is_mixed(t);
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

	if (is_mixed(t))
		set_pending(t, NULL);
	gate_open(gate);
	result = futex_wait(word, value, until);
	gate_close(gate);
	set_pending(t, word);
	return result == FUTEX_TIMED_OUT && until != deadline_ns;
}

/* One thread's wait for the lock. */
struct attempt {
	struct robust_thread *t;
	const struct robust_mutex *m;
	bool counted; /* among the sleepers */
	bool belted;  /* only the seat belt ended the latest sleep */
};

/* The word has no owner: ours, if nobody is quicker. */
static bool
is_taken(struct attempt *a, uint32_t value)
{
	if (a->belted)
		__atomic_add_fetch(a->m->rescues, 1, __ATOMIC_RELAXED);
	a->belted = false;
	if (!take(a->t, a->m->word, value))
		return false;
	set_pending(a->t, NULL);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return true;
}

static bool
is_damaged(const struct attempt *a, uint32_t value)
{
	if (!is_nonsense(value) && !(a->belted && is_nobody(a->t, robust_owner(value))))
		return false;
	return robust_load(a->m->word) == value;
}

/* Leaves without the lock.  After a sleep the one wake may have been ours alone. */
static enum robust_result
pass_on(struct attempt *a, enum robust_result result)
{
	if (a->counted)
		futex_wake(a->m->word, 1);
	set_pending(a->t, NULL);
	if (a->counted)
		__atomic_sub_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	return result;
}

/* Ordering: counted before the word is compared by the kernel; pairs with
 * robust_unlock(), which clears the word before it reads the count. */
static void
sleep_counted(struct attempt *a, uint32_t value, int64_t deadline_ns, struct gate *gate)
{
	if (!a->counted)
		__atomic_add_fetch(a->m->sleepers, 1, __ATOMIC_SEQ_CST);
	a->counted = true;
	a->belted = sleep_once(a->t, a->m->word, value, deadline_ns, gate);
}

static enum robust_result
lock_slow(struct robust_thread *t, const struct robust_mutex *m, int64_t deadline_ns,
	  struct gate *gate)
{
	struct attempt a = { .t = t, .m = m };

	for (;;) {
		uint32_t value = robust_load(m->word);

		if (robust_owner(value) == 0) {
			if (!is_taken(&a, value))
				continue;
			return value & FUTEX_OWNER_DIED ? ROBUST_OWNER_DIED : ROBUST_LOCKED;
		}
		if (is_damaged(&a, value))
			return pass_on(&a, ROBUST_NO_OWNER);
		if (gate_is_interrupted(gate))
			return pass_on(&a, ROBUST_INTERRUPTED);
		if (deadline_ns != CLOCK_NEVER && clock_now_ns() >= deadline_ns)
			return pass_on(&a, ROBUST_TIMED_OUT);
		sleep_counted(&a, value, deadline_ns, gate);
	}
}

enum robust_result
robust_lock(struct robust_thread *t, const struct robust_mutex *m, int64_t deadline_ns,
	    struct gate *gate)
{
	set_pending(t, m->word);
	if (!take(t, m->word, 0))
		return lock_slow(t, m, deadline_ns, gate);
	set_pending(t, NULL);
	return ROBUST_LOCKED;
}

void
robust_unlock(struct robust_thread *t, const struct robust_mutex *m)
{
	give_up(t, m->word, 0);
	if (__atomic_load_n(m->sleepers, __ATOMIC_SEQ_CST) > 0)
		futex_wake(m->word, 1);
	set_pending(t, NULL);
}

void
robust_unlock_dirty(struct robust_thread *t, const struct robust_mutex *m)
{
	give_up(t, m->word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	futex_wake(m->word, 1);
	set_pending(t, NULL);
}
