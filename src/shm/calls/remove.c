/* SPDX-License-Identifier: ISC
 *
 * remove.c - removes a name, or a whole namespace
 *
 * To remove a namespace is to mark it dead, end all its waits, and unlink its file, in this order.
 *
 * Crash: once the mark is committed, the namespace is gone, even if we are killed.  The next owner
 * of the lock goes on to end the waits.  The next call that opens the path finds the mark, and
 * unlinks the file.
 */
#include "shm/calls/remove.h"

#include "api/clock.h"
#include "shm/names/name.h"
#include "shm/names/segment_lock.h"
#include "shm/segment/file.h"

enum compl_result
compl_remove(struct compl_space *c, const char *name)
{
	struct session s;
	uint32_t index;
	enum compl_result result = name_lock(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0)
		return segment_look_and_unlock(&s, COMPL_E_NO_NAME);
	name_remove(&s, index);
	return segment_look_and_unlock(&s, COMPL_OK);
}

static enum compl_result
mark_and_wake(struct compl_space *c, int64_t deadline_ns)
{
	struct session s;
	enum compl_result result = session_begin_brief(&s, c, NULL);

	if (result != COMPL_OK || (result = segment_lock(&s, deadline_ns)) != COMPL_OK)
		return result;
	name_remove_all(&s);
	return segment_unlock_with(&s, COMPL_OK);
}

static enum compl_result
remove_open(const struct compl_where *where, int64_t deadline_ns)
{
	struct compl_space *c;
	/* COMPL_SCOPE: for an ended scope compl_open() then fails as for any missing namespace. */
	enum compl_result result = compl_open(&c, where, COMPL_SCOPE);

	if (result != COMPL_OK)
		return result;
	/* Asks first, so that no waiter is woken in vain. */
	result = file_may_unlink(c) ? mark_and_wake(c, deadline_ns) : COMPL_E_WRONG_OWNER;
	/* COMPL_E_NO_NAMESPACE: another process has marked it dead before us, which is as good. */
	if (result == COMPL_OK || result == COMPL_E_NO_NAMESPACE)
		result = file_unlink(c);
	compl_close(c);
	return result;
}

/* COMPL_REMOVED: by now the file may have users that must be woken; call it again. */
static enum compl_result
remove_once(const struct compl_where *where, bool force, int64_t deadline_ns)
{
	enum compl_result result = remove_open(where, deadline_ns);

	if (force && (result == COMPL_E_DAMAGED || result == COMPL_E_WRONG_VERSION ||
		      result == COMPL_E_WRONG_FILE))
		return file_unlink_foreign(where);
	/* There is no namespace, or a file that never got its pages, and so never had a user. */
	if (result == COMPL_E_NO_NAMESPACE || result == COMPL_E_FULL_DISK)
		return file_unlink_unused(where);
	return result;
}

enum compl_result
namespace_remove(const struct compl_where *where, bool force, int64_t deadline_ns)
{
	enum compl_result result;

	do
		result = remove_once(where, force, deadline_ns);
	while (result == COMPL_REMOVED);
	return result == COMPL_E_NO_NAMESPACE ? COMPL_OK : result;
}

enum compl_result
compl_remove_all(const struct compl_where *where, bool force)
{
	return namespace_remove(where, force, CLOCK_NEVER);
}
