/* SPDX-License-Identifier: ISC
 *
 * post.c - posts tokens, "all" or a producer's death, and wakes the waiters that this concerns
 *
 * A post has three steps: it wakes waiters (announce()); it commits; and if a job is due, it walks
 * along the waitqueue (job.c), and wakes each waiter whose wait it ends.
 *
 * Crash: before the commit nothing has happened, and a waiter that was woken finds nothing and
 * sleeps again.  After the commit the counter has its new value, and the next owner of the lock
 * finishes the walk.  There will be a next owner: one of the two waiters that
 * waitqueue_wake_at_least() has woken, or, if both die, the waiter after them.
 */
#include "shm/names/post.h"

#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/job.h"
#include "shm/names/queue.h"
#include "shm/names/ready_producers.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/file.h"
#include "shm/segment/log.h"

enum compl_result
post_check(struct session *s, uint32_t completion, uint32_t tokens)
{
	struct completion *n = completion_at(s, completion);
	uint32_t done = get(&n->done), lent = get(&n->lent);

	if (done == COMPL_ALL || tokens == COMPL_ALL || (uint64_t)tokens + lent < COMPL_ALL - done)
		return COMPL_OK;
	return COMPL_E_OVERFLOW;
}

/* Wakes waiters before a commit.  If a job is to follow the commit and there are waiters, wakes
 * WAITQUEUE_WAKES of them, and returns the job.  Otherwise rings for the first in line, if there is
 * one, and returns JOB_NONE: without waiters there is nothing to walk along. */
static enum job_kind
announce(struct session *s, uint32_t completion, enum job_kind job)
{
	if (job != JOB_NONE && waitqueue_reap_to_first(s, completion) != 0) {
		waitqueue_wake_at_least(s, completion, WAITQUEUE_WAKES);
		return job;
	}
	waitqueue_ring(s, completion);
	return JOB_NONE;
}

static enum job_kind
job_of(uint32_t tokens, uint8_t status)
{
	if (tokens == COMPL_ALL)
		return JOB_RELEASE;
	return status != 0 ? JOB_FAIL : JOB_NONE;
}

/* Whether a producer is ready, and no other producer of the completion is. */
static bool
is_last_ready(struct session *s, uint32_t completion, uint32_t entry)
{
	return get(&entry_at(s, entry)->ready) != 0 &&
	       !ready_producers_has_other(s, completion, entry);
}

/* The job that is due when the last readiness ends.  What it has covered counts from now on: a
 * status for the fail-fast waits, the death of a producer for all waits. */
static enum job_kind
job_uncovered(const struct completion *n)
{
	if (get(&n->flags) & COMPLETION_PRODUCER_DIED)
		return JOB_PRODUCER_DIED;
	return get(&n->status) != 0 ? JOB_FAIL : JOB_NONE;
}

/* Unlinks a producer, which may be ready. */
static void
log_leave(struct session *s, uint32_t completion, uint32_t leaver)
{
	struct completion *n = completion_at(s, completion);

	if (is_last_ready(s, completion, leaver))
		log_put(s, &n->flags, get(&n->flags) & ~COMPLETION_READY);
	queue_log_remove(s, leaver);
}

/* A post into a segment that another program has unlinked is taken back, wholly.  None of its
 * tokens can have been taken: only the owner of the lock takes any, and that is still the poster.
 * "All" has not released anybody: the walk begins after the look.  So the caller may post the same
 * in the namespace that is there now, and nothing is posted twice.  The waiters that were woken
 * find nothing, see that the segment is unlinked, and leave with COMPL_REMOVED (sleep_once() in
 * waiter.c).
 *
 * Crash: if we die between the commit and the look, the post has happened in the unlinked segment
 * only, and its waiters may take it.  Nobody posts it again, because the poster is dead. */
enum compl_result
post_tokens(struct session *s, uint32_t completion, uint32_t tokens, const struct compl_post *post,
	    uint32_t leaver)
{
	struct completion *n = completion_at(s, completion);
	enum job_kind job = JOB_NONE;
	uint32_t done = get(&n->done);
	bool adds = done != COMPL_ALL && tokens != 0;

	if (!adds && leaver == 0)
		return file_is_linked(s->c) ? COMPL_OK : COMPL_E_NO_NAMESPACE;
	if (adds)
		job = job_of(tokens, post->status);
	if (job == JOB_NONE && leaver != 0 && is_last_ready(s, completion, leaver))
		job = job_uncovered(n);
	if (adds || job != JOB_NONE)
		job = announce(s, completion, job);
	if (adds) {
		log_put(s, &n->done, tokens == COMPL_ALL ? COMPL_ALL : done + tokens);
		completion_log_not_failed(s, completion);
		if (post->status != 0 || post->value != NULL)
			completion_log_status(s, completion, post);
	}
	if (leaver != 0)
		log_leave(s, completion, leaver);
	return job_commit_if_linked(s, job, completion) ? COMPL_OK : COMPL_E_NO_NAMESPACE;
}

enum compl_result
post_ready(struct session *s, uint32_t completion, uint32_t producer, const char *value)
{
	enum job_kind job;

	if (get(&entry_at(s, producer)->ready) != 0)
		return file_is_linked(s->c) ? COMPL_OK : COMPL_E_NO_NAMESPACE;
	job = announce(s, completion, JOB_RELEASE);
	ready_producers_log_add(s, completion, producer, value);
	return job_commit_if_linked(s, job, completion) ? COMPL_OK : COMPL_E_NO_NAMESPACE;
}

/* Puts into the transaction under way how the last producer of all has ended, while the counter is
 * 0. */
static void
log_last_end(struct session *s, struct completion *n, uint32_t status, bool died)
{
	uint32_t flags = get(&n->flags) & ~COMPLETION_READY;

	if (died || status != 0)
		log_put(s, &n->failed, died ? COMPL_STATUS_PRODUCER_DIED : status);
	log_put(s, &n->flags, died ? flags | COMPLETION_PRODUCER_DIED : flags);
}

/* Whether a completion has another producer.  (That one may have died since the producers were
 * reaped.  It counts as if it dies later, and the next to look reaps it.) */
static bool
has_other_producer(const struct completion *n, uint32_t entry)
{
	return get(&n->producers.head) != entry || get(&n->producers.tail) != entry;
}

/* If the counter is above 0, it takes effect now.  The first in line may take tokens of it, so the
 * bell is rung.
 *
 * Crash: one commit ends the readiness, unlinks the producer and writes the job. */
void
post_ready_end(struct session *s, uint32_t completion, uint32_t producer, uint32_t status,
	       bool died)
{
	struct completion *n = completion_at(s, completion);
	bool is_last = is_last_ready(s, completion, producer);
	bool ends_waits = is_last && get(&n->done) == 0 && !has_other_producer(n, producer);
	enum job_kind job = JOB_NONE;

	if (ends_waits)
		job = died || status == 0 ? JOB_PRODUCER_DIED : JOB_PRODUCER_FAILED;
	else if (is_last)
		job = job_uncovered(n);
	job = announce(s, completion, job);
	if (ends_waits)
		log_last_end(s, n, status, died);
	else if (is_last)
		log_put(s, &n->flags, get(&n->flags) & ~COMPLETION_READY);
	queue_log_remove(s, producer);
	job_commit(s, job, completion);
}

void
post_producer_died(struct session *s, uint32_t completion)
{
	const struct compl_post post = { .status = COMPL_STATUS_PRODUCER_DIED };
	struct completion *n = completion_at(s, completion);
	enum job_kind job = announce(s, completion, JOB_PRODUCER_DIED);

	log_put(s, &n->done, COMPL_ALL);
	log_put(s, &n->failed, 0);
	log_put(s, &n->flags, get(&n->flags) | COMPLETION_PRODUCER_DIED);
	completion_log_status(s, completion, &post);
	job_commit(s, job, completion);
}
