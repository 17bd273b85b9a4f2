/* SPDX-License-Identifier: ISC
 *
 * init.c - compl_init() and compl_reinit(), the kernel's init_completion() and reinit_completion()
 */
#include "shm/names/completion.h"
#include "shm/names/name.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"

/* Whether a name is initialised, or has a token, a status or a value. */
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
	enum compl_result result = name_lock(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0)
		result = name_make(&s, name, &index);
	else if (!exist_ok && carries_something(&s, index))
		result = COMPL_E_EXISTS;
	if (result == COMPL_OK)
		completion_init(&s, index);
	return segment_look_and_unlock(&s, result);
}

enum compl_result
compl_reinit(struct compl_space *c, const char *name, bool force)
{
	struct session s;
	uint32_t index;
	enum compl_result result = name_lock(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0)
		return segment_look_and_unlock(&s, COMPL_OK);
	if (!force && get(&completion_at(&s, index)->done) > 0 &&
	    waitqueue_reap_to_first(&s, index) != 0)
		return segment_look_and_unlock(&s, COMPL_E_BUSY);
	name_reinit(&s, index);
	return segment_look_and_unlock(&s, COMPL_OK);
}
