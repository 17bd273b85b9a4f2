/* SPDX-License-Identifier: ISC
 *
 * round.c - lets a participant into a barrier, and completes the round when it can
 *
 * Crash: waitqueue_wake_at_least() comes before the commit of the job, so that one of those it has
 * woken goes on if we die (waitqueue.h).
 */
#include "shm/calls/round.h"

#include "shm/names/barrier.h"
#include "shm/names/completion.h"
#include "shm/names/job.h"
#include "shm/names/waitqueue.h"

/* Whether the name carries anything, or is waited for, produced or borrowed from. */
static bool
has_other_use(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->done) != 0 || get(&n->status) != 0 || get(&n->value) != 0 ||
	       get(&n->failed) != 0 || get(&n->producers.head) != 0 ||
	       get(&n->borrowers.head) != 0 || waitqueue_find_first(s, completion) != 0 ||
	       completion_is_held(s, completion);
}

/* Whether the wait may join. */
static enum compl_result
check(struct wait *w)
{
	uint32_t completion = w->completions[0], parties;

	if (completion == 0)
		return COMPL_OK;
	parties = barrier_parties(&w->s, completion);
	if (parties == 0)
		return has_other_use(&w->s, completion) ? COMPL_E_IN_USE : COMPL_OK;
	if (parties == w->req->need)
		return COMPL_OK;
	w->round->parties = parties;
	return COMPL_E_PARTIES;
}

bool
round_try_end(struct wait *w, enum compl_result *end)
{
	struct session *s = &w->s;
	uint32_t completion = w->completions[0];

	if (!w->joined)
		return (*end = check(w)) != COMPL_OK;
	if (get(&completion_at(s, completion)->done) != 0)
		session_note_damage(s);
	if (barrier_reap_to_full(s, completion)) {
		waitqueue_wake_at_least(s, completion, WAITQUEUE_WAKES);
		job_commit(s, JOB_ROUND, completion);
	}
	if (wait_state(w) == STATE_WAITING)
		return false;
	*end = wait_read_round(w);
	return true;
}
