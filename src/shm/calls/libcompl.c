/* SPDX-License-Identifier: ISC
 *
 * libcompl.c - the functions of compl.h: checks their arguments and calls what does the work
 *
 * Invariant: arguments are checked here, once, and nothing below checks them again.
 */
#include "compl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/calls/audit.h"
#include "api/clock.h"
#include "shm/names/completion.h"
#include "shm/segment/file.h"
#include "shm/names/line.h"
#include "shm/names/name.h"
#include "shm/names/post.h"
#include "shm/calls/listing.h"
#include "shm/calls/probe.h"
#include "shm/calls/promise.h"
#include "shm/calls/removal.h"
#include "shm/names/repair.h"
#include "shm/calls/scope.h"
#include "shm/segment/segment.h"
#include "shm/calls/spaces.h"
#include "api/spelling.h"
#include "shm/calls/waiter.h"

enum compl_result
compl_path(char *path, size_t size, const struct compl_where *where)
{
	return file_path(path, size, where);
}

enum compl_result
compl_open(struct compl_space **c, const struct compl_where *where, unsigned flags)
{
	bool is_alien =
		where->space != NULL && spelling_is_scope(where->space) && !(flags & COMPL_SCOPE);
	enum compl_result result =
		segment_open(c, where, is_alien ? flags & ~(unsigned)COMPL_CREATE : flags);

	return is_alien && result == COMPL_E_NO_NAMESPACE ? COMPL_E_SCOPE_ENDED : result;
}

void
compl_close(struct compl_space *c)
{
	int error = errno;

	if (c != NULL)
		segment_close(c);
	errno = error;
}

bool
compl_is_removed(const struct compl_space *c)
{
	return get(&c->header->mark) == MARK_DEAD || !file_is_linked(c);
}

enum compl_result
compl_spaces(const struct compl_where *where, struct compl_spaces **list)
{
	return spaces_make(where, list);
}

void
compl_spaces_free(struct compl_spaces *list)
{
	free(list);
}

enum compl_result
compl_scope(struct compl_space **c, const struct compl_where *where, unsigned flags, char *name)
{
	return scope_make(c, where, flags, name);
}

bool
compl_is_name(const char *name)
{
	return spelling_is_name(name);
}

/* ---- one name, under the lock ------------------------------------------------- */

/* Begins a call about one name, with the lock.  *index is 0 if there is no such name. */
static enum compl_result
lock_and_look_up(struct session *s, struct compl_space *c, const char *name, uint32_t *index)
{
	enum compl_result result;

	if (!compl_is_name(name))
		return COMPL_E_BAD_NAME;
	if ((result = session_begin_brief(s, c)) != COMPL_OK ||
	    (result = segment_lock(s, CLOCK_NEVER)) != COMPL_OK)
		return result;
	*index = name_look_up(s, name);
	return COMPL_OK;
}

static bool
carries_something(struct session *s, uint32_t index)
{
	struct completion *n = completion_at(s, index);

	return (get(&n->flags) & COMPLETION_INIT) || get(&n->done) != 0 || get(&n->status) != 0 ||
	       get(&n->value) != 0;
}

enum compl_result
compl_init(struct compl_space *c, const char *name, bool exist_ok)
{
	struct session s;
	uint32_t index;
	enum compl_result result = lock_and_look_up(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0)
		result = name_make(&s, name, &index);
	else if (!exist_ok && carries_something(&s, index))
		result = COMPL_E_EXISTS;
	if (result == COMPL_OK)
		completion_init(&s, index);
	return segment_unlock_with(&s, result);
}

enum compl_result
compl_reinit(struct compl_space *c, const char *name, bool force)
{
	struct session s;
	uint32_t index;
	enum compl_result result = lock_and_look_up(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0)
		return segment_unlock_with(&s, COMPL_OK);
	if (!force && get(&completion_at(&s, index)->done) > 0 && line_reap_first(&s, index) != 0)
		return segment_unlock_with(&s, COMPL_E_BUSY);
	name_reinit(&s, index);
	return segment_unlock_with(&s, COMPL_OK);
}

/* ---- complete ------------------------------------------------------------------- */

static enum compl_result
check_post(const struct compl_post *post)
{
	if (post->tokens == COMPL_ALL && !post->all)
		return COMPL_E_ARGUMENT;
	if (post->value != NULL && !spelling_is_value(post->value))
		return COMPL_E_BAD_VALUE;
	return COMPL_OK;
}

/* *tokens is 0 if there is nothing to post.  Tokens that those in line have not come to take
 * yet are theirs already. */
static enum compl_result
count_tokens(struct session *s, uint32_t index, const struct compl_post *post, uint32_t *tokens)
{
	uint64_t needed;
	uint32_t there;

	*tokens = post_count(post);
	if (!post->waiting || post->all)
		return COMPL_OK;
	needed = index != 0 ? completion_needed(s, index) : 0;
	there = index != 0 ? get(&completion_at(s, index)->done) : 0;
	if (needed >= COMPL_ALL)
		return COMPL_E_OVERFLOW;
	*tokens = needed > there ? (uint32_t)needed - there : 0;
	return COMPL_OK;
}

static enum compl_result
post_locked(struct session *s, uint32_t index, const char *name, struct compl_post *post)
{
	enum compl_result result;
	uint32_t tokens;

	if (post->existing && index == 0)
		return COMPL_E_NO_NAME;
	post->awaited = index != 0 && line_reap_first(s, index) != 0;
	result = count_tokens(s, index, post, &tokens);
	if (result != COMPL_OK || tokens == 0)
		return result;
	if (index == 0)
		result = name_make(s, name, &index);
	if (result == COMPL_OK)
		result = post_check(s, index, tokens);
	if (result == COMPL_OK)
		post_tokens(s, index, tokens, post, 0);
	return result;
}

enum compl_result
compl_done(struct compl_space *c, const char *name, struct compl_post *post)
{
	struct session s;
	uint32_t index;
	enum compl_result result = check_post(post);

	if (result != COMPL_OK || (result = lock_and_look_up(&s, c, name, &index)) != COMPL_OK)
		return result;
	return segment_unlock_with(&s, post_locked(&s, index, name, post));
}

enum compl_result
compl_remove(struct compl_space *c, const char *name)
{
	struct session s;
	uint32_t index;
	enum compl_result result = lock_and_look_up(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0)
		return segment_unlock_with(&s, COMPL_E_NO_NAME);
	name_remove(&s, index);
	return segment_unlock_with(&s, COMPL_OK);
}

enum compl_result
compl_remove_all(const struct compl_where *where, bool force)
{
	return removal(where, force, CLOCK_NEVER);
}

/* ---- producers ------------------------------------------------------------------- */

enum compl_result
compl_promise(struct compl_space *c, const char *name, unsigned flags, const char *command,
	      struct compl_promise *promise)
{
	return promise_make(c, name, flags, command, promise);
}

enum compl_result
compl_keep(struct compl_space *c, struct compl_promise *promise, struct compl_post *post,
	   bool stays)
{
	enum compl_result result = check_post(post);

	return result == COMPL_OK ? promise_keep(c, promise, post, stays) : result;
}

enum compl_result
compl_break(struct compl_space *c, struct compl_promise *promise)
{
	return promise_break(c, promise);
}

/* ---- wait, try, test ------------------------------------------------------------- */

static enum compl_result
check_request(const struct compl_request *req)
{
	if (req->count == 0 || req->count > COMPL_NAMES_MAX || req->need == 0 ||
	    req->need == COMPL_ALL)
		return COMPL_E_ARGUMENT;
	for (size_t i = 0; i < req->count; i++) {
		if (!compl_is_name(req->names[i]))
			return COMPL_E_BAD_NAME;
		if (spelling_is_repeated(req->names, i))
			return COMPL_E_ARGUMENT;
	}
	return COMPL_OK;
}

enum compl_result
compl_wait(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	enum compl_result result = check_request(req);

	out->which = 0;
	out->status = 0;
	out->failed_fast = false;
	if (result != COMPL_OK)
		return result;
	if (out->words != NULL)
		memset(out->words, 0, req->count * sizeof(out->words[0]));
	return waiter_wait(c, req, out);
}

enum compl_result
compl_try(struct compl_space *c, const struct compl_request *req, struct compl_outcome *out)
{
	struct compl_request now = *req;

	now.deadline_ns = 0;
	return compl_wait(c, &now, out);
}

/* With the lock, which a dead owner may have left, or others may hold. */
static enum compl_result
test_locked(struct compl_space *c, const char *name)
{
	struct session s;
	uint32_t index;
	enum compl_result result = lock_and_look_up(&s, c, name, &index);
	bool done;

	if (result != COMPL_OK)
		return result;
	done = index != 0 && get(&completion_at(&s, index)->done) > 0;
	return segment_unlock_with(&s, done ? COMPL_OK : COMPL_NOT_DONE);
}

enum compl_result
compl_test(struct compl_space *c, const char *name)
{
	bool done;

	if (!compl_is_name(name))
		return COMPL_E_BAD_NAME;
	if (probe_test(c, name, &done))
		return done ? COMPL_OK : COMPL_NOT_DONE;
	return test_locked(c, name);
}

/* ---- list, check ------------------------------------------------------------------ */

enum compl_result
compl_list(struct compl_space *c, struct compl_listing **list)
{
	return listing_make(c, list);
}

void
compl_list_free(struct compl_listing *list)
{
	free(list);
}

enum compl_result
compl_check(struct compl_space *c, compl_fault_fn *fault, void *arg, size_t *faults)
{
	return audit(c, fault, arg, faults);
}

enum compl_result
compl_repair(struct compl_space *c)
{
	return audit_repair(c);
}

uint32_t
compl_rescues(struct compl_space *c)
{
	return get(&c->header->rescues);
}
