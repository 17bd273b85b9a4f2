/* SPDX-License-Identifier: ISC
 *
 * books - what all processes of a storm share, and write down while they live
 *
 * Whoever is killed in the middle of an operation leaves it open here; who buries the dead
 * closes it.
 */
#ifndef BOOKS_H
#define BOOKS_H

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "history.h"
#include "plan.h"

#define DEATHS 64

struct worker {
	uint32_t open;	  /* the operation under way, or OPS */
	uint32_t next;	  /* the deed to begin next */
	uint32_t last;	  /* the end of the deed before */
	uint32_t promise; /* the beginning of what it has promised, or 0 */
	uint32_t hit;	  /* the signal of the deed under way has come */
	int out, err;	  /* descriptors: what a command says */
};

struct books {
	uint32_t stamp, go;
	struct worker worker[WORKERS];
	struct plan plan;
	struct history history;
	uint32_t death_count;
	struct op deaths[DEATHS];
};

static struct books *books;

/* For a descriptor that a peer inherits. */
static inline bool
books_open(int fd)
{
	books = mmap(NULL, sizeof *books, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return books != MAP_FAILED;
}

/* The descriptor, or -1. */
static inline int
books_make(void)
{
	int fd = memfd_create("books", 0);

	return fd >= 0 && !ftruncate(fd, sizeof *books) && books_open(fd) ? fd : -1;
}

static inline uint32_t
stamp(void)
{
	return __atomic_add_fetch(&books->stamp, 1, __ATOMIC_SEQ_CST);
}

static inline int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline uint32_t
peruse(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void
enter(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline void
op_begin(struct op *o, const struct ask *ask, pid_t pid)
{
	o->ask = *ask;
	o->got = (struct answer){ .which = -1, .failed_fast = -1 };
	o->pid = pid;
	o->begin_ns = now_ns();
	enter(&o->begin, stamp());
}

static inline void
op_end(struct op *o)
{
	o->end_ns = now_ns();
	enter(&o->end, stamp());
}

/* A page for a listing; 0: they are used up. */
static inline uint8_t
new_shot(void)
{
	uint32_t shot = __atomic_add_fetch(&books->history.shots, 1, __ATOMIC_SEQ_CST);

	return shot < SHOTS ? (uint8_t)shot : 0;
}

#endif
