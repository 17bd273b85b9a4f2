/* SPDX-License-Identifier: ISC
 *
 * word.h - waits and posts with one futex word in a mapped file, and nothing else
 */
#ifndef WORD_H
#define WORD_H

#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long
word_futex(uint32_t *word, int operation, uint32_t value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Sets the word, and wakes at most so many waiters. */
static inline void
word_post(uint32_t *word, uint32_t waiters)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	word_futex(word, FUTEX_WAKE, waiters);
}

static inline void
word_take(uint32_t *word)
{
	while (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) == 0)
		word_futex(word, FUTEX_WAIT, 0);
}

static inline bool
word_is_awaited(const char *what)
{
	return strcmp(what, "wait") == 0 || strcmp(what, "join") == 0;
}

/* Does what the command line says, and returns an exit status.  `post` releases one `wait`; `all`
 * releases every `join` by one FUTEX_WAKE; `reset` clears the word. */
static inline int
word_act(const char *what, uint32_t *word)
{
	if (strcmp(what, "post") == 0 || strcmp(what, "all") == 0) {
		word_post(word, *what == 'p' ? 1 : INT_MAX);
	} else if (strcmp(what, "wait") == 0) {
		word_take(word);
	} else if (strcmp(what, "join") == 0) {
		while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0)
			word_futex(word, FUTEX_WAIT, 0);
	} else if (strcmp(what, "reset") == 0) {
		__atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
	} else {
		return 2;
	}
	return 0;
}

#endif
