/* SPDX-License-Identifier: ISC
 *
 * check.c - checks the structures that callers fill in
 */
#include "api/check.h"

#include "api/spelling.h"

enum compl_result
check_post(const struct compl_post *post)
{
	if (post->tokens == COMPL_ALL && !post->all)
		return COMPL_E_ARGUMENT;
	if (post->value != NULL && !spelling_is_value(post->value))
		return COMPL_E_BAD_VALUE;
	return COMPL_OK;
}

enum compl_result
check_request(const struct compl_request *req)
{
	if (req->count == 0 || req->count > COMPL_NAMES_MAX || req->need == 0 ||
	    req->need == COMPL_ALL)
		return COMPL_E_ARGUMENT;
	if (req->escape != NULL && req->escape->env == NULL)
		return COMPL_E_ARGUMENT;
	for (size_t i = 0; i < req->count; i++) {
		if (!compl_is_name(req->names[i]))
			return COMPL_E_BAD_NAME;
		if (spelling_is_repeated(req->names, i))
			return COMPL_E_ARGUMENT;
	}
	return COMPL_OK;
}
