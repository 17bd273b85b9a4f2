/* SPDX-License-Identifier: ISC
 *
 * word.h - how to read and write words that others change at the same time, or may leave behind
 * half-way
 */
#ifndef WORD_H
#define WORD_H

#include <stdbool.h>
#include <stdint.h>

/* No barrier. */
static inline uint32_t
get(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* No barrier. */
static inline void
put(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* What a word of 0 becomes; what it is, if somebody was there first.  (Mostly somebody was;
 * and a page that is read before it is written comes with its neighbours, in one fault.) */
static inline uint64_t
word_claim(uint64_t *word, uint64_t value)
{
	uint64_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	if (seen == 0 && __atomic_compare_exchange_n(word, &seen, value, false, __ATOMIC_SEQ_CST,
						     __ATOMIC_SEQ_CST))
		return value;
	return seen;
}

#endif
