/* SPDX-License-Identifier: ISC
 *
 * bare.c - waiting and posting with nothing but a futex word in a file
 *
 * Usage: bare wait FILE | bare post FILE	one token for one waiter
 *	  bare join FILE | bare all FILE	everybody, by one FUTEX_WAKE
 *	  bare reset FILE
 *
 * What any hand-over between two processes by futex costs at least: open, mmap, one system
 * call to sleep or to wake.  It keeps none of compl's promises.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long
futex(uint32_t *word, int operation, uint32_t value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static int
act(const char *what, uint32_t *word)
{
	if (strcmp(what, "post") == 0 || strcmp(what, "all") == 0) {
		__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
		futex(word, FUTEX_WAKE, *what == 'p' ? 1 : INT_MAX);
	} else if (strcmp(what, "wait") == 0) {
		while (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) == 0)
			futex(word, FUTEX_WAIT, 0);
	} else if (strcmp(what, "join") == 0) {
		while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0)
			futex(word, FUTEX_WAIT, 0);
	} else if (strcmp(what, "reset") == 0) {
		__atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
	} else {
		return 2;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t *word;
	int fd;

	if (argc != 3)
		return 2;
	fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 1;
	word = mmap(NULL, sizeof(*word), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (word == MAP_FAILED)
		return 1;
	return act(argv[1], word);
}
