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
