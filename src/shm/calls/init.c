/* SPDX-License-Identifier: ISC
 *
 * init.c - compl_init() and compl_reinit(), the kernel's init_completion() and reinit_completion()
 */
#include "shm/names/barrier.h"
#include "shm/names/completion.h"
#include "shm/names/job.h"
#include "shm/names/name.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"

enum compl_result
compl_init(struct compl_space *c, const char *name, bool exist_ok, uint32_t tokens)
{
	struct session s;
	uint32_t index;
	enum compl_result result = tokens == COMPL_ALL ? COMPL_E_ARGUMENT : COMPL_OK;

	if (result != COMPL_OK || (result = name_lock(&s, c, name, &index)) != COMPL_OK)
		return result;
	if (index == 0)
		result = name_make(&s, name, &index);
	else if (barrier_stands(&s, index))
		result = COMPL_E_BARRIER;
	else if (!exist_ok && completion_carries_something(&s, index))
		result = COMPL_E_EXISTS;
	if (result == COMPL_OK && tokens != 0)
		waitqueue_ring(&s, index);
	if (result == COMPL_OK)
		job_commit(&s, completion_log_init(&s, index, tokens), index);
	return segment_look_and_unlock(&s, result);
}

enum compl_result
compl_reinit(struct compl_space *c, const char *name, bool force, uint64_t *generation)
{
	struct session s;
	uint32_t index;
	enum compl_result result = name_lock(&s, c, name, &index);

	if (result != COMPL_OK)
		return result;
	if (index == 0 && generation != NULL)
		result = name_make(&s, name, &index);
	if (index == 0 || result != COMPL_OK)
		return segment_look_and_unlock(&s, result);
	if (!force && get(&completion_at(&s, index)->done) > 0 &&
	    waitqueue_reap_to_first(&s, index) != 0)
		return segment_look_and_unlock(&s, COMPL_E_BUSY);
	if (!barrier_stands(&s, index))
		name_reinit(&s, index, generation != NULL);
	if (generation != NULL)
		*generation = completion_generation(&s, index);
	return segment_look_and_unlock(&s, COMPL_OK);
}
