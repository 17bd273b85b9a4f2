/* SPDX-License-Identifier: ISC
 *
 * descriptor.c - opens the descriptor of a segment's file, and tells whether it is still ours
 *
 * A handle keeps its descriptor between calls.  Meanwhile the program around it may close
 * descriptors that it does not know (closefrom(3), a daemon that closes all), or open another file
 * at this number (dup2(2)).
 *
 * Invariant: a call that changes, locks or closes the file behind a descriptor which was kept
 * between calls first compares device and inode (descriptor_is_ours()).  So no file of the program
 * is ever changed, locked or closed.  (If another thread of the program replaces the descriptor
 * between the comparison and its use, that thread has broken a rule of compl.h.)
 */
#include "shm/segment/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Returns a duplicate with a number that is high enough, or -1. */
static int
duplicate(int fd, int lowest)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	if (high < 0 && lowest > DESCRIPTOR_LOWEST_ANY)
		high = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_LOWEST_ANY);
	return high;
}

/* Does what shm_open(3) does, except for two things.  It makes one system call less than musl's,
 * which asks twice for close-on-exec.  And it never returns a standard descriptor: what somebody
 * writes to a standard descriptor, which may have been closed, must not end up in a segment. */
int
descriptor_open(const char *path, int flags, int lowest)
{
	int high, fd;

	flags |= O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	fd = openat(AT_FDCWD, path, flags, 0600);
	if (fd < 0 || fd >= lowest)
		return fd;
	high = duplicate(fd, lowest);
	if (high < 0 && fd >= DESCRIPTOR_LOWEST_ANY)
		return fd;
	close(fd);
	if (high < 0)
		errno = EMFILE; /* it was EINVAL if the limit is below `lowest` */
	return high;
}

void
descriptor_note(struct compl_space *c, const struct stat *st)
{
	c->device = st->st_dev;
	c->inode = st->st_ino;
}

bool
descriptor_is_same(const struct compl_space *c, const struct stat *st)
{
	return st->st_dev == c->device && st->st_ino == c->inode;
}

bool
descriptor_look(const struct compl_space *c, struct stat *st)
{
	return fstat(c->fd, st) == 0 && descriptor_is_same(c, st);
}

bool
descriptor_is_ours(const struct compl_space *c)
{
	struct stat st;

	return descriptor_look(c, &st);
}
