/* SPDX-License-Identifier: ISC
 *
 * books.c - maps the books, and stamps operations
 */
#include "books.h"

#include <sys/mman.h>
#include <unistd.h>

#include "timing.h"

struct books *books;

bool
books_open(int fd)
{
	books = mmap(NULL, sizeof *books, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return books != MAP_FAILED;
}

int
books_make(void)
{
	int fd = memfd_create("books", 0);

	return fd >= 0 && !ftruncate(fd, sizeof *books) && books_open(fd) ? fd : -1;
}

uint32_t
books_stamp(void)
{
	return __atomic_add_fetch(&books->stamp, 1, __ATOMIC_SEQ_CST);
}

void
books_begin_op(struct op *o, const struct ask *ask, pid_t pid)
{
	o->ask = *ask;
	o->got = (struct answer){ .which = -1, .failed_fast = -1 };
	o->pid = pid;
	o->begin_ns = now_ns();
	enter(&o->begin, books_stamp());
}

void
books_end_op(struct op *o)
{
	o->end_ns = now_ns();
	enter(&o->end, books_stamp());
}

uint8_t
books_new_shot(void)
{
	uint32_t shot = __atomic_add_fetch(&books->history.shots, 1, __ATOMIC_SEQ_CST);

	return shot < SHOTS ? (uint8_t)shot : 0;
}
