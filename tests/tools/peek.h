/* SPDX-License-Identifier: ISC
 *
 * peek - looks at a segment without touching it
 *
 * The listing comes from a copy: there compl takes the lock and repairs what a
 * killed owner left, and in the original everything stays as it was.
 *
 * A watch tells whether what outlives a process has changed since the last
 * look: the bytes of the segment, and the robust list that the kernel will walk.
 * Two moments between which it has not changed are the same to a killer.
 */
#ifndef PEEK_H
#define PEEK_H

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "compl.h"
#include "others.h"

static inline void
segment_file(char *path, size_t size, const char *space)
{
	struct compl_where where = { .space = space, .uid = geteuid() };

	if (compl_path(path, size, &where) != COMPL_OK)
		give_up("path of the segment");
}

/* 0: there is none. */
static inline ino_t
segment_inode(const char *space)
{
	char path[COMPL_PATH_MAX];
	struct stat st;

	segment_file(path, sizeof path, space);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* Copies what was ever written of a sparse file. */
static inline void
copy_sparse(int from, int to)
{
	static char buffer[65536];
	off_t at = 0, end;
	struct stat st;

	if (fstat(from, &st) || ftruncate(to, st.st_size))
		give_up("copy of the segment");
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		end = lseek(from, at, SEEK_HOLE);
		while (at < end) {
			size_t want = (size_t)(end - at);
			ssize_t n = pread(from, buffer, want < sizeof buffer ? want : sizeof buffer,
					  at);

			if (n <= 0 || pwrite(to, buffer, (size_t)n, at) != n)
				give_up("copy of the segment");
			at += n;
		}
	}
}

/* The listing, the number of rescues and of faults of a segment as it stands.  False: there
 * is no segment. */
static inline bool
peek(const char *space, struct compl_listing **list, uint32_t *rescues)
{
	char path[COMPL_PATH_MAX], copy_path[COMPL_PATH_MAX], copy[COMPL_SPACE_MAX + 1];
	struct compl_where where = { .space = copy, .uid = geteuid() };
	enum compl_result result;
	struct compl_space *c;
	int from, to;

	segment_file(path, sizeof path, space);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0 && errno == ENOENT)
		return false;
	if (from < 0)
		give_up("look at the segment");
	snprintf(copy, sizeof copy, "%s.c", space);
	segment_file(copy_path, sizeof copy_path, copy);
	to = open(copy_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		give_up("copy of the segment");
	copy_sparse(from, to);
	close(from);
	close(to);
	result = compl_open(&c, &where, COMPL_CREATE); /* fills up the holes */
	if (result == COMPL_OK)
		result = compl_list(c, list);
	if (result != COMPL_OK) {
		unlink(copy_path);
		give_up(compl_strresult(result));
	}
	*rescues = compl_rescues(c);
	compl_close(c);
	unlink(copy_path);
	return true;
}

/* ---- watch ------------------------------------------------------------------- */

#define WATCH_EXTENTS 64
#define WATCH_NODES   100

struct watch {
	char path[COMPL_PATH_MAX];
	int fd;
	char *map;
	size_t size;
	blkcnt_t blocks;
	size_t count;
	struct {
		size_t at, size;
		char *before;
	} extent[WATCH_EXTENTS];
	uint64_t list[WATCH_NODES + 3];
};

static inline void
watch_forget(struct watch *w)
{
	while (w->count)
		free(w->extent[--w->count].before);
	w->blocks = 0;
}

static inline void
watch_begin(struct watch *w, const char *space)
{
	*w = (struct watch){ .fd = -1 };
	segment_file(w->path, sizeof w->path, space);
}

static inline void
watch_end(struct watch *w)
{
	watch_forget(w);
	if (w->map)
		munmap(w->map, w->size);
	if (w->fd >= 0)
		close(w->fd);
}

/* Maps the segment as soon as it is there and has its size. */
static inline bool
watch_map(struct watch *w, struct stat *st)
{
	if (w->fd < 0)
		w->fd = open(w->path, O_RDONLY | O_CLOEXEC);
	if (w->fd < 0 || fstat(w->fd, st) || st->st_size == 0)
		return false;
	if (!w->map) {
		w->size = (size_t)st->st_size;
		w->map = mmap(NULL, w->size, PROT_READ, MAP_SHARED, w->fd, 0);
		if (w->map == MAP_FAILED)
			give_up("map of the segment");
	}
	return true;
}

/* Notes anew where the file has pages; a hole must not be touched. */
static inline void
watch_extents(struct watch *w, const struct stat *st)
{
	off_t at = 0, end;

	watch_forget(w);
	while (w->count < WATCH_EXTENTS && (at = lseek(w->fd, at, SEEK_DATA)) >= 0) {
		size_t i = w->count++;

		end = lseek(w->fd, at, SEEK_HOLE);
		w->extent[i].at = (size_t)at;
		w->extent[i].size = (size_t)(end - at);
		w->extent[i].before = malloc((size_t)(end - at));
		if (!w->extent[i].before)
			give_up("memory");
		memcpy(w->extent[i].before, w->map + at, (size_t)(end - at));
		at = end;
	}
	w->blocks = st->st_blocks;
}

static inline bool
watch_bytes(struct watch *w)
{
	bool changed = false;
	struct stat st;
	size_t i;

	if (!watch_map(w, &st))
		return false;
	if (st.st_blocks != w->blocks) {
		watch_extents(w, &st);
		return true;
	}
	for (i = 0; i < w->count; i++) {
		char *now = w->map + w->extent[i].at;

		if (memcmp(now, w->extent[i].before, w->extent[i].size)) {
			memcpy(w->extent[i].before, now, w->extent[i].size);
			changed = true;
		}
	}
	return changed;
}

static inline bool
peer_read(pid_t pid, uint64_t address, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* The robust list of pid: its head, the pending operation, and the entries. */
static inline bool
watch_list(struct watch *w, pid_t pid)
{
	uint64_t list[WATCH_NODES + 3] = { 0 }, head[3], next;
	struct robust_list_head *at = NULL;
	size_t length, n = 0;
	bool changed;

	if (!syscall(SYS_get_robust_list, pid, &at, &length) && at &&
	    peer_read(pid, (uintptr_t)at, head, sizeof head)) {
		memcpy(list, head, sizeof head);
		n = 3;
		next = head[0] & ~UINT64_C(1);
		while (n < WATCH_NODES + 3 && next != (uintptr_t)at &&
		       peer_read(pid, next, &next, sizeof next))
			list[n++] = next &= ~UINT64_C(1);
	}
	changed = memcmp(list, w->list, sizeof list) != 0;
	memcpy(w->list, list, sizeof list);
	return changed;
}

/* Whether what will outlive pid has changed since the last call. */
static inline bool
watch_changed(struct watch *w, pid_t pid)
{
	bool bytes = watch_bytes(w), list = watch_list(w, pid);

	return bytes || list;
}

#endif
