/* SPDX-License-Identifier: ISC
 *
 * file.h - the file behind a segment: its name, its owner, its size, its end
 *
 * The calls that take a handle need its name to be set.  With COMPL_E_SYSTEM errno says why.
 */
#ifndef FILE_H
#define FILE_H

#include "shm/segment/handle.h"

/* Writes "/compl.<uid>.<space>", as for shm_open(3); name has HANDLE_NAME_MAX bytes.
 * COMPL_E_BAD_NAMESPACE. */
enum compl_result file_name(char *name, const struct compl_where *where);

/* Writes "/dev/shm/compl.<uid>.<space>".  COMPL_E_BAD_NAMESPACE. */
#define FILE_PATH_MAX (HANDLE_NAME_MAX + 8) /* bytes of path, with its NUL */
enum compl_result file_path(char *path, const struct compl_where *where);

/* The user that a segment there must belong to. */
uid_t file_owner(const struct compl_where *where);

/* Opens the file; with COMPL_CREATE creates it if there is none.  In another user's namespace the
 * thread acts on files as that user, if the file cannot be opened, or is created.
 * COMPL_E_NO_NAMESPACE, _WRONG_FILE, _WRONG_OWNER, _FULL_DISK, _SYSTEM.  The caller closes c->fd;
 * after a failure too, if it is not -1, which can only be with COMPL_CREATE. */
enum compl_result file_open(struct compl_space *c, const struct compl_where *where, unsigned flags);

/* Opens the file of a handle once more, as *fd: for reading only, close-on-exec, by a description
 * of its own, so no copy of *fd can write.  (To open the file for writing by way of *fd, through
 * /proc/self/fd, a process needs the permissions of the file, as for its path.)
 * COMPL_E_NO_NAMESPACE: the path leads to this file no more.  COMPL_E_SYSTEM.  After a failure *fd
 * is -1. */
enum compl_result file_open_again(const struct compl_space *c, int *fd);

/* Checks whether the open file is a regular one with the right owner and mode.
 * COMPL_E_WRONG_FILE, _WRONG_OWNER, _SYSTEM. */
enum compl_result file_check(struct compl_space *c, const struct compl_where *where);

/* Does file_check(), and checks whether the segment in the file may be used.  With COMPL_CREATE
 * also marks a segment of an older version dead if it carries no name.  Returns a result of
 * file_open(), COMPL_E_WRONG_VERSION, or COMPL_REMOVED: the caller is to unlink it.  After COMPL_OK
 * the caller maps the file, and calls file_complete() if c->reserved is less than LAYOUT_CORE. */
enum compl_result file_prepare(struct compl_space *c, const struct compl_where *where,
			       unsigned flags);

/* Gives the file what it may lack: its mode, its size, its first pages and its magic.  If there is
 * no room, or a call is refused, unlinks the file again.  COMPL_E_FULL_DISK, _LOCKED,
 * _WRONG_VERSION, _SYSTEM; or COMPL_REMOVED: somebody has unlinked it meanwhile. */
enum compl_result file_complete(struct compl_space *c);

/* Whether it is the header of an older version's segment that carries no name. */
bool file_is_replaceable(const struct layout_header *h);

/* Whether nobody has unlinked the file. */
bool file_is_linked(const struct compl_space *c);

/* Unlinks the path of the segment if it still leads to this very file.  The caller has marked the
 * segment dead.  COMPL_E_SYSTEM; errno is EBADF if c->fd is not ours any more. */
enum compl_result file_unlink(struct compl_space *c);

/* Whether this process may unlink the file. */
bool file_may_unlink(const struct compl_space *c);

/* Unlinks a file although it cannot be used (damage, another version, or not compl's), and marks it
 * dead first if it is a segment.  Writes nothing into any other file.  It must be a regular file of
 * the right owner.  COMPL_E_WRONG_FILE, _WRONG_OWNER, _SYSTEM. */
enum compl_result file_unlink_foreign(const struct compl_where *where);

/* Does the same to a file that nobody has used yet.  COMPL_REMOVED: it may have users by now, and
 * was left, because somebody has to wake them.  (A process that completes the file at this very
 * moment finds out by its watchdog.) */
enum compl_result file_unlink_unused(const struct compl_where *where);

#endif
