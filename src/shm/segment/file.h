/* SPDX-License-Identifier: ISC
 *
 * file.h - the file behind a segment: its name, whose it is, its size, its end
 *
 * All calls but file_owner() are about a handle whose name is set, and leave
 * errno with COMPL_E_SYSTEM.
 */
#ifndef FILE_H
#define FILE_H

#include "shm/segment/handle.h"

/* "/compl.<uid>.<space>", as shm_open(3) wants it; COMPL_PATH_MAX bytes.  COMPL_E_BAD_NAMESPACE. */
enum compl_result file_name(char *name, const struct compl_where *where);

/* The user that a segment there must belong to. */
uid_t file_owner(const struct compl_where *where);

/* Opens it, with COMPL_CREATE if need be anew.  In another user's entry the thread is that
 * user meanwhile, for files alone.  COMPL_E_NO_NAMESPACE, _WRONG_FILE, _WRONG_OWNER,
 * _FULL_DISK, _SYSTEM. */
enum compl_result file_open(struct compl_space *c, const struct compl_where *where, unsigned flags);

/* Whether it may be used; with COMPL_CREATE gives it its size and first pages.  Those of
 * file_open(), COMPL_E_WRONG_VERSION, or COMPL_REMOVED: it is to be unlinked. */
enum compl_result file_check(struct compl_space *c, const struct compl_where *where,
			     unsigned flags);

/* An older version's that nobody uses. */
bool file_is_replaceable(const struct layout_header *h);

/* It has not been unlinked. */
bool file_is_linked(const struct compl_space *c);

/* Unlinks the segment's path if it still leads to this very segment.  Only
 * what is marked dead may be unlinked.  COMPL_E_SYSTEM. */
enum compl_result file_unlink(struct compl_space *c);

/* Whether file_unlink() would be let. */
bool file_may_unlink(const struct compl_space *c);

/* Marks and unlinks a file that cannot be used, of another version or damaged, but is a
 * regular file of the right owner.  COMPL_E_WRONG_FILE, _WRONG_OWNER, _SYSTEM. */
enum compl_result file_unlink_foreign(const struct compl_where *where);

/* The same for one that nobody has used yet.  COMPL_REMOVED: it may have users by now, who are to
 * be told, so it was left.  (Who completes it in this very moment, is told by its watchdog.) */
enum compl_result file_unlink_unused(const struct compl_where *where);

#endif
