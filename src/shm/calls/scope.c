/* SPDX-License-Identifier: ISC
 *
 * scope.c - makes a namespace that lives as long as its maker, and removes those whose makers died
 *
 * Invariant: the maker of a scope holds a lock on the segment's file (fcntl(2), of the open file
 * description) for as long as it lives; the kernel lets go of it when the maker dies, whoever
 * may have the same pid by then, in whichever pid namespace.
 *
 * Locking: who has that lock decides.  The maker has a scope if it got the lock and nobody has
 * removed the segment since; who sweeps removes one only while holding the lock.  So a scope
 * that was made and not yet locked may be swept, and its maker takes another word.  It is not
 * the lock of file_unlink(), which is flock(2)'s.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "api/random.h"
#include "api/validate.h"
#include "shm/calls/remove.h"
#include "shm/segment/file.h"
#include "shm/segment/word.h"

#define RANDOM_BYTES 8
#define PATIENCE_NS  CLOCK_SECOND_NS /* with a left scope, whose lock the stopped may hold */

/* Takes the lock, unless somebody has it; errno is EAGAIN or EACCES then. */
static bool
lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

/* The file alone: who only asks for the lock takes no part.
 * Crash: whoever sweeps next goes on. */
static void
sweep_one(const struct compl_where *where)
{
	struct compl_space left = { .fd = -1 };

	if (file_name(left.name, where) != COMPL_OK || file_open(&left, where, 0) != COMPL_OK)
		return;
	if (lock(left.fd))
		namespace_remove(where, false, clock_now_ns() + PATIENCE_NS);
	close(left.fd);
}

/* As far as it can be done: what is left harms nobody. */
static void
sweep(const struct compl_where *where)
{
	struct compl_where one = *where;
	struct compl_spaces *list;

	if (compl_spaces(where, &list) != COMPL_OK)
		return;
	for (size_t i = 0; i < list->count; i++) {
		one.space = compl_spaces_at(list, i);
		if (validate_is_scope(one.space))
			sweep_one(&one);
	}
	compl_spaces_free(list);
}

/* "scope.0123456789abcdef" */
static bool
make_name(char *name)
{
	static const char prefix[] = VALIDATE_SCOPE;

	memcpy(name, prefix, sizeof(prefix));
	return random_hex(name + strlen(prefix), RANDOM_BYTES);
}

/* COMPL_REMOVED: this one has been swept, or is somebody's; with another word it may do. */
static enum compl_result
try_make(struct compl_space **c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result = compl_open(c, where, flags | COMPL_CREATE | COMPL_SCOPE);
	bool is_locked;

	if (result != COMPL_OK)
		return result;
	is_locked = lock((*c)->fd);
	if (is_locked && get(&(*c)->header->mark) != MARK_DEAD && file_is_linked(*c))
		return COMPL_OK;
	result = is_locked || errno == EAGAIN || errno == EACCES ? COMPL_REMOVED : COMPL_E_SYSTEM;
	compl_close(*c);
	*c = NULL;
	return result;
}

/* A file that could not be given its pages; it need not be marked, for nobody else knows its
 * name. */
static void
forget(const struct compl_where *where)
{
	struct compl_space made = { .fd = -1 };
	int error = errno;

	if (file_name(made.name, where) == COMPL_OK && file_open(&made, where, 0) == COMPL_OK) {
		file_unlink(&made);
		close(made.fd);
	}
	errno = error;
}

enum compl_result
compl_scope(struct compl_space **c, const struct compl_where *where, unsigned flags, char *name)
{
	const struct compl_where one = { .space = name,
					 .uid = where->uid,
					 .system = where->system };
	enum compl_result result = check_open(where, flags);

	*c = NULL;
	if (result != COMPL_OK)
		return result;
	sweep(&one);
	do {
		if (!make_name(name))
			return COMPL_E_SYSTEM;
		result = try_make(c, &one, flags);
	} while (result == COMPL_REMOVED);
	if (result != COMPL_OK)
		forget(&one);
	return result;
}
