/* SPDX-License-Identifier: ISC
 *
 * watch.h - whether something has changed that outlives a process, since the last look
 *
 * That is the bytes of the segment, and the robust list that the kernel will walk.  Between two
 * moments without such a change it makes no difference where a process is killed.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../segment-path.h"
#include "compl.h"

#define WATCH_EXTENTS 64
#define WATCH_NODES   100

struct watch {
	char path[SEGMENT_PATH_MAX];
	int fd;
	char *map;
	size_t size;
	blkcnt_t blocks;
	bool only_log; /* the latest change was only of entries of the redo log */
	size_t count;
	struct {
		size_t at, size;
		char *before;
	} extent[WATCH_EXTENTS];
	uint64_t list[WATCH_NODES + 3];
};

/* The segment need not be there yet. */
void watch_begin(struct watch *w, const char *space);
void watch_end(struct watch *w);

/* The lock's owner in the segment as it is, with the mark of a death; 0 if there is no
 * segment. */
uint32_t watch_lock(struct watch *w);

/* Whether what will outlive pid has changed since the last call. */
bool watch_changed(struct watch *w, pid_t pid);

#endif
