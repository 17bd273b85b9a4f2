/* SPDX-License-Identifier: ISC
 *
 * ofd_lock.h - locks of open file descriptions, and which process has one
 *
 * Such a lock (fcntl(2), F_OFD_SETLK) belongs to what open(2) makes, not to a process.  fork() and
 * exec hand it on with the descriptor, whatever the credentials of the process become, and the
 * kernel frees it when the last copy of the descriptor is closed, however that happens.
 *
 * A byte that is locked need not exist: it may be beyond the end of the file.  A call that takes a
 * lock does not sleep, and fails with ENOLCK if the file system, or the kernel, has no such locks.
 */
#ifndef OFD_LOCK_H
#define OFD_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Takes a lock on the first `length` bytes of the file, beside which others may have none there.
 * fd is open for writing.  0, or -1 with errno: EAGAIN or EACCES if another description has a lock
 * there. */
int ofd_lock_take(int fd, int64_t length);

/* Takes a lock on a byte, beside which others may have the same lock.  fd is open for reading.
 * 0, or -1 with errno. */
int ofd_lock_share(int fd, int64_t byte);

/* Whether a description other than that of fd has a lock on a byte.  True also if the kernel does
 * not say. */
bool ofd_lock_is_taken(int fd, int64_t byte);

/* Finds a process, but not this one, that has a descriptor of the file of fd with a lock on a byte.
 * Returns its pid, or 0 if /proc shows none: the kernel shows the descriptors of a process only to
 * those who may trace it.  name: how the last component of the file's path begins. */
pid_t ofd_lock_find_pid(int fd, int64_t byte, const char *name);

#endif
