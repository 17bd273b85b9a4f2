/* SPDX-License-Identifier: ISC
 *
 * robust.h - words that the kernel lets go of when their owner dies
 *
 * A robust word is a futex word: TID | FUTEX_WAITERS | FUTEX_OWNER_DIED.  It is on the robust list
 * of the thread that owns it (set_robust_list(2), the kernel's
 * Documentation/locking/robust-futex-ABI.rst).  When the thread ends or execs, the kernel looks at
 * each word on the list.  A word that still holds the TID becomes FUTEX_WAITERS | FUTEX_OWNER_DIED,
 * and the kernel wakes ONE sleeper of it.  It wakes nobody if FUTEX_WAITERS was not set, so we set
 * that bit in every word that we own.
 *
 * A word without a TID has no owner, whatever its two upper bits say.
 *
 * FUTEX_OWNER_DIED beside the TID of a living thread has a second meaning, see robust_wake().
 */
#ifndef ROBUST_H
#define ROBUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/os/futex.h"

#define ROBUST_MIXED UINT32_C(0x6d697865) /* a value that is not there by chance */

/* A word that its last owner has given up, and may still have as its pending operation.  (The
 * kernel sets FUTEX_WAITERS beside this bit.) */
#define ROBUST_LEFT FUTEX_OWNER_DIED

#define ROBUST_RETAINED 80

/* A robust list of our own, for a program that lets us replace the list of its thread.
 *
 * Its head is `first`, until robust_set_head() gives it another one.  The memory of the head and of
 * the links decides which deaths the kernel can report.  Of a process that is being killed,
 * process_mrelease(2) and the kernel's OOM reaper take the private memory away, and they may do so
 * before the kernel has gone along the list.  They leave memory alone that is mapped MAP_SHARED. */
struct robust_private {
	struct robust_list_head first;
	struct robust_list_head *head;
	struct robust_list_head *before; /* the list that the thread had */
	/* The words that stay owned between calls, the oldest first.  They are last: most programs
	   never touch them. */
	size_t retained_count;
	uint32_t *retained[ROBUST_RETAINED];
};

/* The words that a thread owns, during one call: first those of private->retained, then held[0] and
 * so on.
 *
 * Invariant: all `count` of them are on the thread's list.  The kernel comes to the last of them
 * first and to the first one last, and then to whatever was on the list before (a host program's
 * own mutexes).  We write the links, which may lie in shared memory, and never read them. */
struct robust_thread {
	struct robust_list_head *head;
	ptrdiff_t distance; /* from a word to its link */
	uint32_t tid;
	const uint32_t *mixed;		/* header.mixed; see robust_mixed() */
	struct robust_list *base;	/* the link that comes after that of the first word */
	struct robust_private *private; /* NULL: the list is libc's */
	size_t count;
	uint32_t *held[66]; /* 64 beacons and the lock, and one to spare */
};

/* Registers p as the calling thread's list.  The link of a word lies `distance` bytes after the
 * word.  0, or -1 with errno (EBUSY: the thread has another list of ours already). */
int robust_register(struct robust_private *p, ptrdiff_t distance);

/* Gives the retained words up, and registers the list that the thread had before.  Does nothing in
 * a child of the thread's process, if there are such words. */
void robust_unregister(struct robust_private *p, uint32_t tid, const uint32_t *mixed);

/* Registers another head for the list, and changes the distance of the links.  To be called while
 * no word is owned or pending.  0, or -1 with errno: nothing has changed. */
int robust_set_head(struct robust_private *p, struct robust_list_head *head, ptrdiff_t distance);

/* Prepares t for a call of the calling thread.  If p is not NULL, t uses the list p and the id tid;
 * else the list that libc has registered.  0, or -1 with errno. */
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

/* Returns the word number i of those that t owns, from 0 on. */
uint32_t *robust_word(const struct robust_thread *t, size_t i);

/* Whether t owns a word, whatever the word itself says. */
bool robust_holds(const struct robust_thread *t, const uint32_t *word);

/* Makes t the owner of a word.  Nobody else may change the word meanwhile, and t must not own it
 * yet. */
void robust_own(struct robust_thread *t, uint32_t *word);

/* Makes an owned word the first one that the kernel lets go of when the thread dies. */
void robust_raise(struct robust_thread *t, uint32_t *word);

/* Gives an owned word up: sets it to 0, and wakes all its sleepers.  In between it may be
 * ROBUST_LEFT; nobody may take it then.
 *
 * Crash: at every instruction the word holds our TID and is on the list, or it is the pending
 * operation.  So if we die, the kernel wakes a sleeper. */
void robust_release(struct robust_thread *t, uint32_t *word);

/* Does for a dead owner what the kernel has not done: if the word still has the value `seen`, which
 * names that owner, sets it to 0 and wakes all its sleepers.  Returns whether it did.  Nothing may
 * be pending.
 *
 * Crash: the word is the pending operation, so if we die, the kernel wakes a sleeper.  (Before
 * Linux 6.2 it does so only if the word is 0.  Therefore it becomes 0 and not FUTEX_OWNER_DIED.) */
bool robust_release_dead(struct robust_thread *t, uint32_t *word, uint32_t seen);

/* Gives up all words that t owns, the latest first, except the retained ones. */
void robust_release_all(struct robust_thread *t);

/* Whether robust_retain() can retain so many more words: t has a private list, with room for
 * ROBUST_RETAINED of them. */
bool robust_may_retain(const struct robust_thread *t, size_t count);

/* Retains the words that t owns and has not retained yet: they stay owned when the call is over,
 * until robust_release() in a later call or the end of the thread.  robust_may_retain() has said
 * that there is room. */
void robust_retain(struct robust_thread *t);

/* Wakes all sleepers of a word.  The word may have any owner, which stays its owner.  Sets
 * FUTEX_OWNER_DIED: that changes the value, so a thread that has read the word and does not sleep
 * yet will not sleep.  Returns how many slept. */
int robust_wake(uint32_t *word);

/* Clears the FUTEX_OWNER_DIED that robust_wake() has set, if the word has an owner.  Returns the
 * value of the word, which a sleeper is to expect.  Only the thread that is about to sleep on the
 * word may call it. */
uint32_t robust_rearm(uint32_t *word);

/* ---- for the mutex ------------------------------------------------------------ */

/* Takes a word if it still has the value `seen`, which names no owner, or an owner that cannot
 * exist.  Returns false if the word has changed.  Call robust_set_pending() first.  If `seen` has
 * FUTEX_OWNER_DIED the caller has to recover; if it dies before that, the kernel sets the bit
 * again. */
bool robust_take(struct robust_thread *t, uint32_t *word, uint32_t seen);

/* Gives an owned word up as robust_release() does, but wakes nobody, and sets it to a value of the
 * caller's choice, which names no owner.  The word is the pending operation afterwards. */
void robust_give_up(struct robust_thread *t, uint32_t *word, uint32_t value);

/* Puts a word that holds our TID on the list, or takes it off.  The word is never the pending
 * operation.
 *
 * Crash: the kernel lets go of the word only between the two calls. */
void robust_attach(struct robust_thread *t, uint32_t *word);
void robust_detach(struct robust_thread *t, const uint32_t *word);

/* Keeps the compiler from changing the order of stores.  Program order is enough, because the
 * kernel reads the list in this very thread. */
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

/* Makes a word the pending operation (list_op_pending); NULL: no word.  When the thread dies, the
 * kernel treats that word as one on the list.  If the word has no owner, it wakes one sleeper. */
static inline void
robust_set_pending(struct robust_thread *t, uint32_t *word)
{
	robust_barrier();
	t->head->list_op_pending = word == NULL ? NULL : robust_link(t, word);
	robust_barrier();
}

/* 0: all thread ids in the segment are of one pid namespace.  ROBUST_MIXED: they are not.  Any
 * other value is damage. */
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
