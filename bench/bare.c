/* SPDX-License-Identifier: ISC
 *
 * bare.c - waits and posts with one futex word in a file, and nothing else
 *
 * Usage: bare wait FILE | bare post FILE	one token releases one waiter
 *	  bare join FILE | bare all FILE	one FUTEX_WAKE releases all waiters
 *	  bare reset FILE
 *
 * This is the least that a hand-over between two processes by futex costs: open, mmap, and one
 * system call to sleep or to wake.  It gives none of compl's guarantees.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "word.h"

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
	return word_act(argv[1], word);
}
