/* SPDX-License-Identifier: ISC
 *
 * check.c - checks the structures, flags and names that callers pass
 *
 * The fields called reserved must be zero in all structures that callers fill in, so that a later
 * version may give them a meaning.
 */
#include "api/check.h"

#include "api/validate.h"

#define OPEN_FLAGS \
	(COMPL_CREATE | COMPL_ONE_THREAD | COMPL_SCOPE | COMPL_ANY_DESCRIPTOR | COMPL_LOOK)
#define PROMISE_FLAGS                                                                           \
	(COMPL_PROMISE_SINGLE | COMPL_PROMISE_CHILD | COMPL_PROMISE_HOLD | COMPL_PROMISE_ANEW | \
	 COMPL_PROMISE_READY)
#define WAIT_FLAGS                                                                     \
	(COMPL_WAIT_ANY | COMPL_WAIT_FAIL_FAST | COMPL_WAIT_EXISTING | COMPL_WAIT_IO | \
	 COMPL_WAIT_INTERRUPTIBLE | COMPL_WAIT_DETECT)

#define IS_ZERO(reserved) is_zero(reserved, sizeof(reserved) / sizeof((reserved)[0]))

static bool
is_zero(const uint64_t *reserved, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (reserved[i] != 0)
			return false;
	return true;
}

enum compl_result
check_where(const struct compl_where *where)
{
	return where->url == NULL && IS_ZERO(where->reserved) ? COMPL_OK : COMPL_E_ARGUMENT;
}

enum compl_result
check_open(const struct compl_where *where, unsigned flags)
{
	return flags & ~(unsigned)OPEN_FLAGS ? COMPL_E_ARGUMENT : check_where(where);
}

enum compl_result
check_post(const struct compl_post *post)
{
	if ((post->tokens == COMPL_ALL && !post->all) || !IS_ZERO(post->reserved))
		return COMPL_E_ARGUMENT;
	if (post->value != NULL && !validate_is_value(post->value))
		return COMPL_E_BAD_VALUE;
	return COMPL_OK;
}

enum compl_result
check_keep(const struct compl_post *post, bool stays)
{
	if (post->generation != 0)
		return COMPL_E_ARGUMENT;
	if (post->ready && (!stays || post->tokens != 0 || post->all || post->status != 0))
		return COMPL_E_ARGUMENT;
	return check_post(post);
}

enum compl_result
check_promise(const char *name, unsigned flags)
{
	if (!compl_is_name(name))
		return COMPL_E_BAD_NAME;
	return flags & ~(unsigned)PROMISE_FLAGS ? COMPL_E_ARGUMENT : COMPL_OK;
}

static bool
is_escape(const struct compl_escape *escape)
{
	return escape == NULL || (escape->env != NULL && IS_ZERO(escape->reserved));
}

static bool
is_tick(const struct compl_tick *tick)
{
	return tick == NULL ||
	       (tick->interval_ns > 0 && tick->fn != NULL && IS_ZERO(tick->reserved));
}

enum compl_result
check_request(const struct compl_request *req)
{
	if (req->count == 0 || req->count > COMPL_NAMES_MAX || req->need == COMPL_ALL ||
	    req->at_least > req->count || (req->at_least != 0 && req->flags & COMPL_WAIT_ANY) ||
	    (req->generation != 0 && req->count > 1) || req->flags & ~(unsigned)WAIT_FLAGS ||
	    !is_escape(req->escape) || !is_tick(req->tick) || !IS_ZERO(req->reserved))
		return COMPL_E_ARGUMENT;
	for (size_t i = 0; i < req->count; i++) {
		if (!compl_is_name(req->names[i]))
			return COMPL_E_BAD_NAME;
		if (validate_is_repeated(req->names, i))
			return COMPL_E_ARGUMENT;
	}
	return COMPL_OK;
}

enum compl_result
check_barrier(const struct compl_request *req, const struct compl_round *round)
{
	if (req->count != 1 || req->need != 0 || req->generation != 0 ||
	    req->flags & ~(unsigned)COMPL_WAIT_INTERRUPTIBLE || round->parties < 1 ||
	    round->parties > COMPL_PARTIES_MAX || !IS_ZERO(round->reserved))
		return COMPL_E_ARGUMENT;
	return check_request(req);
}
