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
#include "shm/segment/layout.h"
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

/* Gives `to` the bytes of a sparse file from..end, and holes where it has some.  What pages it
 * has it keeps: to get and clear new ones would be most of the work. */
static inline void
copy_extent(int from, int to, off_t at, off_t end)
{
	static char buffer[65536];

	while (at < end) {
		size_t want = (size_t)(end - at);
		ssize_t n = pread(from, buffer, want < sizeof buffer ? want : sizeof buffer, at);

		if (n <= 0 || pwrite(to, buffer, (size_t)n, at) != n)
			give_up("copy of the segment");
		at += n;
	}
}

static inline void
copy_sparse(int from, int to)
{
	off_t at = 0, end = 0;
	struct stat st;

	if (fstat(from, &st) || ftruncate(to, st.st_size))
		give_up("copy of the segment");
	while (end < st.st_size) {
		at = lseek(from, end, SEEK_DATA);
		if (at < 0)
			at = st.st_size;
		if (at > end)
			fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, end, at - end);
		end = at < st.st_size ? lseek(from, at, SEEK_HOLE) : at;
		copy_extent(from, to, at, end);
	}
}

/* A namespace for copies, of this process alone. */
static inline const char *
copy_space(void)
{
	static char space[32];

	if (!*space)
		snprintf(space, sizeof space, "copy%d", (int)getpid());
	return space;
}

static inline void
copy_drop(void)
{
	char path[COMPL_PATH_MAX];

	segment_file(path, sizeof path, copy_space());
	unlink(path);
}

/* False: there is no segment. */
static inline bool
copy_take(const char *space)
{
	static bool again;
	char path[COMPL_PATH_MAX];
	int from, to;

	segment_file(path, sizeof path, space);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0 && errno == ENOENT)
		return false;
	if (!again)
		atexit(copy_drop);
	again = true;
	segment_file(path, sizeof path, copy_space());
	to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		give_up("copy of the segment");
	copy_sparse(from, to);
	close(from);
	close(to);
	return true;
}

/* The listing and the number of rescues of a segment as it stands.  False: there is no segment, or
 * not for whoever comes to it: a removal of all has been committed, and nobody is left to finish
 * it. */
static inline bool
peek(const char *space, struct compl_listing **list, uint32_t *rescues)
{
	struct compl_where where = { .space = copy_space(), .uid = geteuid() };
	enum compl_result result;
	struct compl_space *c;

	if (!copy_take(space))
		return false;
	result = compl_open(&c, &where, COMPL_CREATE); /* fills up the holes */
	if (result == COMPL_OK)
		result = compl_list(c, list);
	if (result != COMPL_OK && result != COMPL_E_NO_SEGMENT)
		give_up(compl_strresult(result));
	*rescues = compl_rescues(c);
	compl_close(c);
	return result == COMPL_OK;
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
	bool only_log; /* the latest change was of the redo log's entries alone */
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

/* Of an extent that has changed: does any byte outside of the log's entries differ? */
static inline bool
differs_elsewhere(const struct watch *w, size_t i)
{
	const char *now = w->map + w->extent[i].at, *before = w->extent[i].before;

	return w->extent[i].at != 0 || w->extent[i].size < LAYOUT_BUCKETS_AT ||
	       memcmp(now, before, LAYOUT_LOG_AT) ||
	       memcmp(now + LAYOUT_BUCKETS_AT, before + LAYOUT_BUCKETS_AT,
		      w->extent[i].size - LAYOUT_BUCKETS_AT);
}

static inline bool
watch_bytes(struct watch *w)
{
	bool changed = false;
	struct stat st;
	size_t i;

	w->only_log = false;
	if (!watch_map(w, &st))
		return false;
	if (st.st_blocks != w->blocks) {
		watch_extents(w, &st);
		return true;
	}
	for (i = 0; i < w->count; i++) {
		char *now = w->map + w->extent[i].at;

		if (memcmp(now, w->extent[i].before, w->extent[i].size)) {
			w->only_log = !changed && !differs_elsewhere(w, i);
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

/* The lock's owner in the segment as it stands, with the mark of a death; 0 if there is no
 * segment. */
static inline uint32_t
watch_lock(struct watch *w)
{
	struct stat st;

	if (!watch_map(w, &st) || st.st_blocks == 0)
		return 0;
	return ((const struct layout_header *)w->map)->lock & (FUTEX_TID_MASK | FUTEX_OWNER_DIED);
}

/* Whether what will outlive pid has changed since the last call. */
static inline bool
watch_changed(struct watch *w, pid_t pid)
{
	bool bytes = watch_bytes(w), list = watch_list(w, pid);

	w->only_log &= !list;
	return bytes || list;
}

#endif
