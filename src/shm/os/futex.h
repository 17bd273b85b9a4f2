/* SPDX-License-Identifier: ISC
 *
 * futex.h - the kernel's side of every sleep and wake; nothing else in the tree
 * issues these system calls
 *
 * All words are shared between processes.  A futex wait gives no memory
 * barrier that its caller could rely on: the words themselves are read and written
 * with the barriers that their owners document.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>

enum futex_result {
	FUTEX_WOKEN,	   /* woken, or spuriously: look again */
	FUTEX_CHANGED,	   /* the word did not hold the expected value */
	FUTEX_TIMED_OUT,   /* the deadline passed */
	FUTEX_SIGNALLED,   /* a signal handler ran */
	FUTEX_UNSUPPORTED, /* futex_waitv: not in this kernel, or forbidden */
	FUTEX_BROKEN,	   /* an errno that must not happen; errno has it */
};

/* One of several words to sleep on. */
struct futex_watch {
	uint32_t *word;
	uint32_t expected;
};

#define FUTEX_WATCH_MAX 128 /* the kernel's limit for futex_waitv(2) */

/* Sleeps while *word holds expected, until deadline_ns (CLOCK_MONOTONIC;
 * INT64_MAX is never).  Kernel: FUTEX_WAIT_BITSET.  Expected errors: EAGAIN,
 * EINTR, ETIMEDOUT. */
enum futex_result futex_wait(uint32_t *word, uint32_t expected, int64_t deadline_ns);

/* Sleeps while every word holds what is expected of it; 1 to FUTEX_WATCH_MAX.
 * Kernel: futex_waitv(2), Linux 5.16. */
enum futex_result futex_wait_any(const struct futex_watch *watches, size_t count,
				 int64_t deadline_ns);

/* Wakes at most count sleepers of *word; returns how many it found, and 0 if the
 * address is bad.  Kernel: FUTEX_WAKE. */
int futex_wake(uint32_t *word, int count);

/* The calling thread's robust list: set_robust_list(2), get_robust_list(2);
 * -1 with errno on an error. */
int futex_set_robust_list(struct robust_list_head *head);
int futex_get_robust_list(struct robust_list_head **head);

#endif
