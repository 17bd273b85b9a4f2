/* SPDX-License-Identifier: ISC
 *
 * seqcount.h - lets compl_test() read without the lock what others change under it
 *
 * The kernel's sequence counter (include/linux/seqlock.h): odd while a transaction is applied.  A
 * reader that finds it odd, or another number after it has read, believes nothing that it has
 * read.  Here the reader does not try again: it takes the lock instead (test.c).
 *
 * Ordering: seqcount_write_begin() pairs with seqcount_is_same(): a reader that has seen one of the
 * new words sees the odd count afterwards.  seqcount_write_end() pairs with seqcount_read(): a
 * reader that has seen the even count sees all the new words.
 *
 * Crash: the count of a writer that dies stays odd.  The next owner of the lock applies the
 * transaction again, and makes it even.
 */
#ifndef SEQCOUNT_H
#define SEQCOUNT_H

#include <stdbool.h>

#include "shm/segment/word.h"

/* For writers, under the lock.  Returns the odd count, for seqcount_write_end(). */
static inline uint32_t
seqcount_write_begin(uint32_t *word)
{
	uint32_t odd = get(word) | 1;

	put(word, odd);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return odd;
}

static inline void
seqcount_write_end(uint32_t *word, uint32_t odd)
{
	__atomic_store_n(word, odd + 1, __ATOMIC_RELEASE);
}

/* For readers, before all other reads.  Returns the count.  If it is odd a transaction is under
 * way. */
static inline uint32_t
seqcount_read(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* For readers, after all other reads.  Whether no transaction was applied since the count was
 * read. */
static inline bool
seqcount_is_same(const uint32_t *word, uint32_t count)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return get(word) == count;
}

#endif
