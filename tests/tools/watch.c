/* SPDX-License-Identifier: ISC
 *
 * watch.c - keeps a copy of what the last look saw, and compares
 */
#include "watch.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bystander.h"
#include "peek.h"
#include "shm/segment/layout.h"

static void
watch_forget(struct watch *w)
{
	while (w->count)
		free(w->extent[--w->count].before);
	w->blocks = 0;
}

void
watch_begin(struct watch *w, const char *space)
{
	*w = (struct watch){ .fd = -1 };
	peek_file(w->path, sizeof w->path, space);
}

void
watch_end(struct watch *w)
{
	watch_forget(w);
	if (w->map)
		munmap(w->map, w->size);
	if (w->fd >= 0)
		close(w->fd);
}

/* Maps the segment as soon as it is there and has its size. */
static bool
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

/* Notes anew where the file has pages.  A hole must not be touched. */
static void
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

/* Whether in a changed extent a byte differs that is not in an entry of the log. */
static bool
differs_elsewhere(const struct watch *w, size_t i)
{
	const char *now = w->map + w->extent[i].at, *before = w->extent[i].before;

	return w->extent[i].at != 0 || w->extent[i].size < LAYOUT_BUCKETS_AT ||
	       memcmp(now, before, LAYOUT_LOG_AT) ||
	       memcmp(now + LAYOUT_BUCKETS_AT, before + LAYOUT_BUCKETS_AT,
		      w->extent[i].size - LAYOUT_BUCKETS_AT);
}

static bool
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

static bool
read_memory(pid_t pid, uint64_t address, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* The robust list of pid: its head, the pending operation, and the entries. */
static bool
watch_list(struct watch *w, pid_t pid)
{
	uint64_t list[WATCH_NODES + 3] = { 0 }, head[3], next;
	struct robust_list_head *at = NULL;
	size_t length, n = 0;
	bool changed;

	if (!syscall(SYS_get_robust_list, pid, &at, &length) && at &&
	    read_memory(pid, (uintptr_t)at, head, sizeof head)) {
		memcpy(list, head, sizeof head);
		n = 3;
		next = head[0] & ~UINT64_C(1);
		while (n < WATCH_NODES + 3 && next != (uintptr_t)at &&
		       read_memory(pid, next, &next, sizeof next))
			list[n++] = next &= ~UINT64_C(1);
	}
	changed = memcmp(list, w->list, sizeof list) != 0;
	memcpy(w->list, list, sizeof list);
	return changed;
}

uint32_t
watch_lock(struct watch *w)
{
	struct stat st;

	if (!watch_map(w, &st) || st.st_blocks == 0)
		return 0;
	return ((const struct layout_header *)w->map)->lock & (FUTEX_TID_MASK | FUTEX_OWNER_DIED);
}

bool
watch_changed(struct watch *w, pid_t pid)
{
	bool bytes = watch_bytes(w), list = watch_list(w, pid);

	w->only_log &= !list;
	return bytes || list;
}
