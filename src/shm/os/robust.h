/* SPDX-License-Identifier: ISC
 *
 * robust.h - words that the kernel lets go of when their owner dies
 *
 * A robust word is a futex word TID | FUTEX_WAITERS | FUTEX_OWNER_DIED.  Its
 * owner keeps it on the robust list of its thread (set_robust_list(2), the
 * kernel's Documentation/locking/robust-futex-ABI.rst).  When the thread ends or
 * execs, the kernel turns each listed word that still holds its TID into
 * FUTEX_WAITERS | FUTEX_OWNER_DIED and wakes ONE sleeper of it: the kernel as
 * the executor of our will.  We always own a word with FUTEX_WAITERS set, or that
 * wake would not be made.
 *
 * A word without a TID belongs to nobody, whatever its two upper bits say.
 *
 * FUTEX_OWNER_DIED beside a living TID has a second meaning, see robust_wake().
 */
#ifndef ROBUST_H
#define ROBUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/os/futex.h"

#define ROBUST_MIXED UINT32_C(0x6d697865) /* chance does not write this */

#define ROBUST_RETAINED 16

/* The robust list that a program uses which leaves its thread's list to us.
 * Registered by robust_register(), in private memory. */
struct robust_private {
	struct robust_list_head head, *before;
	uint32_t *retained
		[ROBUST_RETAINED]; /* words that stay owned between calls, the oldest first */
	size_t retained_count;
};
/* The words of one thread.
 *
 * Invariant: held[0..count) are on the thread's list, in this order from its
 * far end; whatever was on it before (a host program's own mutexes) lies
 * beyond.  We write the links, which may lie in shared memory, and never read
 * them. */
struct robust_thread {
	struct robust_list_head *head;
	ptrdiff_t distance; /* from a word to its link */
	uint32_t tid;
	const uint32_t *mixed;	  /* ROBUST_MIXED: several pid namespaces share the segment */
	struct robust_list *base; /* what lay there before held[0] */
	size_t count;
	uint32_t *held[ROBUST_RETAINED + 66]; /* 64 beacons and the lock, and one to spare */
	struct robust_private *private;	      /* NULL: on libc's list */
};
/* Registers p as the calling thread's list, with the links at a distance from
 * the words; robust_unregister() gives up what is kept and puts the former list back.
 * -1 with errno. */
int robust_register(struct robust_private *p, ptrdiff_t distance);
void robust_unregister(struct robust_private *p, uint32_t tid, const uint32_t *mixed);

/* From now on the links lie at another distance; while no word is owned or pending. */
void robust_set_distance(struct robust_private *p, ptrdiff_t distance);

/* Prepares t for the calling thread: with p, the private list and tid; with
 * NULL, the list that libc has registered.  0, or -1 with errno. */
int robust_thread_init(struct robust_thread *t, struct robust_private *p, uint32_t tid,
		       const uint32_t *mixed);

static inline uint32_t
robust_owner(uint32_t value)
{
	return value & FUTEX_TID_MASK;
}

static inline uint32_t
robust_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* Whether t owns a word by its own books, whatever the word says. */
bool robust_holds(const struct robust_thread *t, const uint32_t *word);

/* Owns a word that nobody else changes at this time, and that t does not hold yet. */
void robust_own(struct robust_thread *t, uint32_t *word);

/* An owned word is from now on the first that the kernel lets go of. */
void robust_raise(struct robust_thread *t, uint32_t *word);

/* Gives an owned word up: it becomes 0, and its sleepers are woken.
 * Crash: at every instruction either the word still holds our TID and is
 * listed, or it is the pending operation; the kernel makes the wake. */
void robust_release(struct robust_thread *t, uint32_t *word);

/* Gives up all that t owns but what it keeps, the latest first. */
void robust_release_all(struct robust_thread *t);

/* A word that t owns, and nothing else but what it keeps already, stays owned when the call is
 * over; until robust_release() in a later call, or the thread's end.  On a private list, and
 * for ROBUST_RETAINED words at the most; robust_may_retain() tells. */
bool robust_may_retain(const struct robust_thread *t);
void robust_retain(struct robust_thread *t);
/* Wakes all sleepers of a word that may have any owner, who stays it: the
 * FUTEX_OWNER_DIED bit changes the value, so that whoever has read the word and
 * does not sleep yet will not.  Returns how many slept. */
int robust_wake(uint32_t *word);

/* Takes the poke of a word back, if there is one, and returns the value: a sleeper expects this
 * one.  Only the thread that sleeps on the word next may call it. */
uint32_t robust_rearm(uint32_t *word);

/* ---- for the mutex ------------------------------------------------------------ */

/* Takes a word that was seen without an owner; false if somebody was quicker.  What
 * FUTEX_OWNER_DIED said is remembered by the caller, who repairs; dying before that sets
 * it again.  To be pending before. */
bool robust_take(struct robust_thread *t, uint32_t *word, uint32_t seen);

/* robust_release() without the wake; the operation is pending afterwards. */
void robust_give_up(struct robust_thread *t, uint32_t *word, uint32_t value);

/* The list is read by the kernel in this very thread: program order is enough, and this keeps the
 * compiler from changing it. */
static inline void
robust_barrier(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline struct robust_list *
robust_link(const struct robust_thread *t, uint32_t *word)
{
	return (struct robust_list *)((char *)word + t->distance);
}

/* The kernel looks after this word too when the thread dies (list_op_pending), with one
 * wake if it has no owner; NULL: no more. */
static inline void
robust_set_pending(struct robust_thread *t, uint32_t *word)
{
	robust_barrier();
	t->head->list_op_pending = word == NULL ? NULL : robust_link(t, word);
	robust_barrier();
}

/* 0: all thread ids are of one pid namespace; ROBUST_MIXED: they are not; else damage. */
static inline uint32_t
robust_mixed(const struct robust_thread *t)
{
	return __atomic_load_n(t->mixed, __ATOMIC_RELAXED);
}

static inline bool
robust_is_mixed(const struct robust_thread *t)
{
	return robust_mixed(t) == ROBUST_MIXED;
}

#endif
