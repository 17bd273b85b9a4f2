/* SPDX-License-Identifier: ISC
 *
 * scope.c - makes a namespace that lives as long as its maker, and removes those whose makers died
 *
 * Invariant: the maker of a scope holds the scope lock as long as it lives.  This is a lock on the
 * segment's file, of the open file description (fcntl(2), F_OFD_SETLK).  The kernel frees it when
 * the maker, and each child that still has the descriptor, is dead.  (A child that has called exec
 * does not have it any more.)  So it does not matter if another process gets the maker's pid, or in
 * which pid namespace the maker was.
 *
 * Locking: the owner of the scope lock decides.  try_make() has made a scope only if it got the
 * lock, and the segment was not removed before that.  sweep_one() removes a scope only while it
 * holds the lock.  So a scope that is made, and not locked yet, may be swept; then compl_scope()
 * tries another random name.  The scope lock is not the file lock of file_unlink(), which is taken
 * with flock(2).
 */
#include "shm/calls/scope.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "api/random.h"
#include "api/validate.h"
#include "shm/calls/remove.h"
#include "shm/os/ofd_lock.h"
#include "shm/segment/file.h"
#include "shm/segment/word.h"

#define RANDOM_BYTES 8
#define PATIENCE_NS  CLOCK_SECOND_NS /* for the header.lock of a left scope: its owner may stop */

/* Takes the scope lock.  False: somebody has it (EAGAIN, EACCES), or the call failed. */
static bool
lock(int fd)
{
	return ofd_lock_take(fd, LAYOUT_SIZE) == 0;
}

/* Opens the file alone: a process that only tries the lock takes no part in the segment. */
int
scope_seize(const struct compl_where *where)
{
	struct compl_space left = { .fd = -1 };

	if (file_name(left.name, where) != COMPL_OK || file_open(&left, where, 0) != COMPL_OK)
		return -1;
	if (lock(left.fd))
		return left.fd;
	close(left.fd);
	return -1;
}

/* Removes one scope if its maker has died.
 *
 * Crash: the next sweep goes on. */
static void
sweep_one(const struct compl_where *where)
{
	int fd = scope_seize(where);

	if (fd < 0)
		return;
	namespace_remove(where, false, clock_now_ns() + PATIENCE_NS);
	close(fd);
}

/* Removes the scopes of this user whose makers have died.  Ignores failures: a scope that is left
 * over does no harm. */
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

/* Writes a name such as "scope.0123456789abcdef".  False with errno: there are no random bytes. */
static bool
make_name(char *name)
{
	static const char prefix[] = VALIDATE_SCOPE;

	memcpy(name, prefix, sizeof(prefix));
	return random_hex(name + strlen(prefix), RANDOM_BYTES);
}

/* Makes one scope.  COMPL_REMOVED: it was swept, or belongs to somebody else; try another name. */
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

/* Unlinks what a failed compl_scope() has left.  The file is not marked, because no process waits
 * in it.  Another process that sweeps it meanwhile does no harm.  Leaves errno as it is. */
static void
forget(const struct compl_where *where)
{
	struct compl_space made = { .fd = -1 };
	int error = errno;

	if (file_name(made.name, where) == COMPL_OK && file_open(&made, where, 0) == COMPL_OK) {
		if (file_check(&made, where) == COMPL_OK)
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
