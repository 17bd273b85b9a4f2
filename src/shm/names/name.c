/* SPDX-License-Identifier: ISC
 *
 * name.c - looks names up, makes them, begins them anew and removes them
 *
 * Crash: one commit removes the name (or marks the segment dead) and writes the job into the
 * header.  If we die after it, the next owner of the lock finishes the walk.
 */
#include "shm/names/name.h"

#include "api/clock.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/hashtable.h"
#include "shm/names/job.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/log.h"

enum compl_result
name_lock(struct session *s, struct compl_space *c, const char *name, uint32_t *completion)
{
	enum compl_result result;

	if (!compl_is_name(name))
		return COMPL_E_BAD_NAME;
	if ((result = session_begin_brief(s, c, NULL)) != COMPL_OK ||
	    (result = segment_lock(s, CLOCK_NEVER)) != COMPL_OK)
		return result;
	*completion = name_reap_and_look_up(s, name);
	return COMPL_OK;
}

uint32_t
name_reap_and_look_up(struct session *s, const char *name)
{
	uint32_t found = hashtable_find(s, name);

	if (found == 0)
		return 0;
	producer_reap(s, found);
	borrower_reap(s, found);
	return completion_drop_if_idle(s, found) ? 0 : found;
}

enum compl_result
name_make(struct session *s, const char *name, uint32_t *completion)
{
	enum compl_result result = hashtable_make(s, name, completion);

	if (result != COMPL_E_FULL_NAMES && result != COMPL_E_FULL_DISK)
		return result;
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		completion_drop_if_idle(s, i);
	return hashtable_make(s, name, completion);
}

void
name_reinit(struct session *s, uint32_t completion, bool permanent)
{
	enum job_kind job;

	producer_announce(s, completion);
	job = completion_log_reinit(s, completion, permanent);
	job_commit(s, job, completion);
	completion_drop_if_idle(s, completion);
}

void
name_remove(struct session *s, uint32_t completion)
{
	waitqueue_wake_at_least(s, completion, WAITQUEUE_WAKES);
	hashtable_log_unlink(s, completion);
	job_commit(s, JOB_REMOVE, completion);
}

void
name_remove_all(struct session *s)
{
	unsigned missing = WAITQUEUE_WAKES;

	for (uint32_t i = 1; i <= s->completions && missing > 0 && !s->damaged; i++)
		if (get(&completion_at(s, i)->flags) & COMPLETION_USED)
			missing = waitqueue_wake_at_least(s, i, missing);
	log_put(s, &s->h->mark, MARK_DEAD);
	job_commit(s, JOB_REMOVE_ALL, 0);
}
