/* SPDX-License-Identifier: ISC
 *
 * own.c - gives each waiter a futex word of its own, and wakes the waiters one after the other
 *
 * Usage: own join FILE | own all FILE	all waiters, in the order of their arrival
 *	  own reset FILE
 *
 * A program that notices the death of each waiter needs a word for each waiter.  This is the
 * least that such a program needs to release a crowd.  A faster way to wake would hardly help:
 * most of the rest is that so many processes end.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "word.h"

#define CROWD_MAX 10000

struct crowd {
	uint32_t count;
	struct {
		_Alignas(64) uint32_t word;
	} own[CROWD_MAX];
};

static void
join(struct crowd *crowd)
{
	uint32_t i = __atomic_fetch_add(&crowd->count, 1, __ATOMIC_SEQ_CST);

	while (i < CROWD_MAX && __atomic_load_n(&crowd->own[i].word, __ATOMIC_SEQ_CST) == 0)
		word_futex(&crowd->own[i].word, FUTEX_WAIT, 0);
}

static void
release_all(struct crowd *crowd)
{
	for (uint32_t i = 0; i < crowd->count && i < CROWD_MAX; i++)
		word_post(&crowd->own[i].word, 1);
}

int
main(int argc, char **argv)
{
	struct crowd *crowd;
	int fd;

	if (argc != 3)
		return 2;
	fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0 || (strcmp(argv[1], "reset") == 0 && ftruncate(fd, sizeof(*crowd)) < 0))
		return 1;
	crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (crowd == MAP_FAILED)
		return 1;
	if (strcmp(argv[1], "join") == 0)
		join(crowd);
	else if (strcmp(argv[1], "all") == 0)
		release_all(crowd);
	else
		memset(crowd, 0, sizeof(*crowd));
	return 0;
}
