/* SPDX-License-Identifier: ISC
 *
 * futex.h - the kernel's side of every sleep and wake; no other file issues these system calls
 *
 * All words are shared between processes.  A caller cannot rely on a futex wait as a memory
 * barrier.  The words are read and written with the barriers that their owners document.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>

enum futex_result {
	FUTEX_WOKEN,	   /* woken, perhaps for no reason: look again */
	FUTEX_CHANGED,	   /* the word did not hold the expected value */
	FUTEX_TIMED_OUT,   /* the deadline has passed */
	FUTEX_SIGNALLED,   /* a signal handler has run */
	FUTEX_UNSUPPORTED, /* this kernel lacks futex_waitv(2), or forbids it */
	FUTEX_BROKEN,	   /* an error that must not happen; errno says which */
};

/* One of several words to sleep on. */
struct futex_watch {
	uint32_t *word;
	uint32_t expected;
};

#define FUTEX_WATCH_MAX 128 /* the kernel's limit for futex_waitv(2) */

/* Sleeps while *word has the value expected, until deadline_ns (CLOCK_MONOTONIC; CLOCK_NEVER is
 * never).  Kernel: FUTEX_WAIT_BITSET.  Expected errors: EAGAIN, EINTR, ETIMEDOUT. */
enum futex_result futex_wait(uint32_t *word, uint32_t expected, int64_t deadline_ns);

/* Sleeps while every word has its expected value.  There are 1 to FUTEX_WATCH_MAX words.  Kernel:
 * futex_waitv(2), Linux 5.16. */
enum futex_result futex_wait_any(const struct futex_watch *watches, size_t count,
				 int64_t deadline_ns);

/* Wakes at most count sleepers of *word.  Returns how many it has woken; 0 if the address is bad.
 * Kernel: FUTEX_WAKE. */
int futex_wake(uint32_t *word, int count);

/* Makes the kernel provide the page of *word, as a store would.  Does so by an atomic operation
 * that changes nothing, so no store of another process is lost.  May wake a sleeper of *word.
 * Where a store would end in SIGBUS, this fails with EFAULT.  0, or -1 with errno.  Kernel:
 * FUTEX_WAKE_OP. */
int futex_touch(uint32_t *word);

/* Registers, or gets, the robust list of the calling thread: set_robust_list(2),
 * get_robust_list(2).  0, or -1 with errno. */
int futex_set_robust_list(struct robust_list_head *head);
int futex_get_robust_list(struct robust_list_head **head);

/* Whether another thread has a robust list: get_robust_list(2).  The thread is one of our pid
 * namespace. */
enum futex_list {
	FUTEX_HAS_LIST,	   /* it has one, or it cannot be told (EPERM) */
	FUTEX_HAS_NO_LIST, /* it has ended, and the kernel is done with its list; or it never had
			      one; or the list is that of a program of another word size */
	FUTEX_NO_THREAD,   /* no thread has this id */
};
enum futex_list futex_list_of(uint32_t tid);

#endif
