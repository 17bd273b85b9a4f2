/* SPDX-License-Identifier: ISC
 *
 * word.h - reads and writes words that others change at the same time, or stop changing half-way
 * because they die
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

/* Sets a word to value if it is 0.  Returns what the word is then: value, or what somebody else has
 * set it to before.  (The word is read first, for two reasons.  Mostly somebody else has set it.
 * And a page that is read before it is written comes with its neighbours, in one fault.) */
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
