/* SPDX-License-Identifier: ISC
 *
 * peek.c - copies a segment, and lists the copy
 *
 * The listing comes from a copy: there compl takes the lock and recovers after a killed owner, and
 * the original stays as it was.
 */
#include "peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../segment-path.h"
#include "bystander.h"
#include "shm/segment/layout.h"

void
peek_file(char *path, size_t size, const char *space)
{
	struct compl_where where = { .space = space, .uid = geteuid() };

	if (!segment_path(path, size, &where))
		give_up("path of the segment");
}

ino_t
peek_inode(const char *space)
{
	char path[SEGMENT_PATH_MAX];
	struct stat st;

	peek_file(path, sizeof path, space);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* Copies the bytes at..end of a sparse file to `to`, which keeps the pages that it has: to get and
 * clear new ones would be most of the work. */
static void
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

void
peek_copy(int from, int to)
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
static const char *
copy_space(void)
{
	static char space[32];

	if (!*space)
		snprintf(space, sizeof space, "copy%d", (int)getpid());
	return space;
}

static void
copy_drop(void)
{
	char path[SEGMENT_PATH_MAX];

	peek_file(path, sizeof path, copy_space());
	unlink(path);
}

/* What changes when somebody takes the lock, or commits. */
static uint64_t
stamp_of(int fd)
{
	uint32_t lock = 0, seqcount = 0;

	if (pread(fd, &lock, sizeof lock, offsetof(struct layout_header, lock)) < 0 ||
	    pread(fd, &seqcount, sizeof seqcount, offsetof(struct layout_header, seqcount)) < 0)
		give_up("copy of the segment");
	return (uint64_t)lock << 32 | seqcount;
}

/* Copies again if the segment has changed meanwhile: the first in line may look by itself, once a
 * second, while it waits for what a borrower has left. */
static void
copy_whole(int from, int to)
{
	uint64_t stamp;

	do {
		stamp = stamp_of(from);
		peek_copy(from, to);
	} while (stamp_of(from) != stamp);
}

/* False: there is no segment. */
static bool
copy_take(const char *space)
{
	static bool again;
	char path[SEGMENT_PATH_MAX];
	int from, to;

	peek_file(path, sizeof path, space);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0 && errno == ENOENT)
		return false;
	if (!again)
		atexit(copy_drop);
	again = true;
	peek_file(path, sizeof path, copy_space());
	to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		give_up("copy of the segment");
	copy_whole(from, to);
	close(from);
	close(to);
	return true;
}

bool
peek(const char *space, struct compl_listing **list, uint32_t *lost_wakeups)
{
	struct compl_where where = { .space = copy_space(), .uid = geteuid() };
	enum compl_result result;
	struct compl_space *c;

	if (!copy_take(space))
		return false;
	result = compl_open(&c, &where, COMPL_CREATE); /* fills up the holes */
	if (result == COMPL_OK)
		result = compl_list(c, list);
	if (result != COMPL_OK && result != COMPL_E_NO_NAMESPACE)
		give_up(compl_strresult(result));
	*lost_wakeups = compl_lost_wakeups(c);
	compl_close(c);
	return result == COMPL_OK;
}
