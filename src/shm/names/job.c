/* SPDX-License-Identifier: ISC
 *
 * job.c - walks along a waitqueue and ends the waits in it that are over
 *
 * Crash: a walk may break off anywhere.  The next owner of the lock begins it again (job_finish()).
 * The entries of the waits that the first walk has ended are not queued any more, and the second
 * walk unlinks them.
 *
 * Ordering: a released waiter leaves without the lock.  visit() stores `payload`
 * (write_payloads()) and `ended_by` before it changes `state` (release), in end_wait().  The waiter
 * reads them after it has loaded `state` (acquire), in wait_state() or in the compare-and-swap of
 * wait_leave_unlocked().
 *
 * What failed before: a waiter looked at the counter when it woke.  When `reinit` followed
 * `done --all` at once, half of twenty waiters never saw the "all".  So the walk writes the release
 * into each wait.
 */
#include "shm/names/job.h"

#include "shm/names/barrier.h"
#include "shm/names/completion.h"
#include "shm/names/hashtable.h"
#include "shm/names/ready_producers.h"
#include "shm/names/rebuild.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/log.h"

/* Whether a completion is open to the waits that a walk meets.  Nobody has reaped the producers of
 * the completions other than `walked`: a ready one may be dead, and releases nobody. */
static bool
is_open_still(struct session *s, uint32_t completion, uint32_t walked)
{
	return completion_is_settled(s, completion) ||
	       (completion_is_ready(s, completion) &&
		(completion == walked || ready_producers_has_living(s, completion)));
}

/* Returns which names of a wait are open, as bits, in the order of wait_walk().  A producer may die
 * at any moment.  So a walk asks once for each wait: the names that the wait is told of are those
 * that have released it. */
static uint64_t
find_open(struct session *s, uint32_t walked, uint32_t first)
{
	uint64_t open = 0, bit = 1;
	uint32_t i;

	for (struct wait_walk walk = wait_walk(s, first); (i = wait_walk_next(&walk)) != 0;
	     bit <<= 1) {
		uint32_t completion = get(&entry_at(s, i)->completion);

		if (completion != 0 && is_open_still(s, completion, walked))
			open |= bit;
	}
	return open;
}

/* Whether enough names of a wait are open: all of them, with all entries linked, or as many as it
 * needs. */
static bool
is_covered(struct session *s, uint64_t open, uint32_t first)
{
	uint32_t quorum = waitqueue_quorum(s, first), covered = 0, count = 0, i;

	for (struct wait_walk walk = wait_walk(s, first); (i = wait_walk_next(&walk)) != 0;
	     open >>= 1) {
		count++;
		covered += open & 1 &&
			   !completion_is_lost_to(s, get(&entry_at(s, i)->completion), first);
	}
	return covered >= (quorum != 0 ? quorum : count);
}

/* Whether a wait with compl_request.at_least goes on without one of its completions, because enough
 * others are left. */
static bool
goes_on_without(struct session *s, uint32_t completion, uint32_t first)
{
	uint32_t needed = get(&entry_at(s, first)->flags) >> ENTRY_AT_LEAST_SHIFT & 255;
	uint32_t left = 0, i;

	for (struct wait_walk walk = wait_walk(s, first); (i = wait_walk_next(&walk)) != 0;) {
		uint32_t other = get(&entry_at(s, i)->completion);

		left += other != 0 && other != completion && !completion_is_lost(s, other);
	}
	return needed != 0 && left >= needed;
}

/* Returns why a wait takes nothing from a completion that is open: PAYLOAD_ALL or PAYLOAD_READY. */
static uint32_t
how_open(struct session *s, uint32_t completion)
{
	return completion_is_settled(s, completion) ? PAYLOAD_ALL : PAYLOAD_READY;
}

static uint32_t
how_lost(struct session *s, uint32_t completion)
{
	return completion_is_lost(s, completion) ? PAYLOAD_LOST : 0;
}

/* Copies the status and the value of each name into the entry that the wait has in the waitqueue of
 * that name.  Passes over an entry that is not linked any more. */
static void
write_payloads(struct session *s, uint64_t open, uint32_t first)
{
	uint32_t i;

	for (struct wait_walk walk = wait_walk(s, first); (i = wait_walk_next(&walk)) != 0;
	     open >>= 1) {
		struct entry *e = entry_at(s, i);
		uint32_t completion = get(&e->completion), length;

		if (completion == 0)
			continue;
		completion_copy_value(s, completion, entry_value_at(s, i), &length);
		put(&e->payload, completion_status(s, completion) | length << 8 |
					 (open & 1 ? how_open(s, completion) : 0) |
					 how_lost(s, completion));
	}
}

/* Adds a wait to the statistics of each of its names. */
static void
note_waits(struct session *s, uint32_t first)
{
	const struct entry *e = entry_at(s, first);
	bool io = get(&e->flags) & ENTRY_IO;
	uint32_t i;

	for (struct wait_walk walk = wait_walk(s, first); (i = wait_walk_next(&walk)) != 0;)
		if (get(&entry_at(s, i)->completion) != 0)
			completion_note_wait(s, get(&entry_at(s, i)->completion), e->since_ns, io);
}

/* Unlinks all entries of a wait that has ended, and drops those of its names that are idle then,
 * except the completion `walked`.  The waiter itself may not have left yet, or may be stopped. */
static void
unlink_wait(struct session *s, uint32_t first, uint32_t walked)
{
	uint32_t i;

	for (struct wait_walk walk = wait_walk(s, first); (i = wait_walk_next(&walk)) != 0;) {
		uint32_t completion = get(&entry_at(s, i)->completion);

		if (completion == 0)
			continue;
		waitqueue_unlink(s, i);
		if (completion != walked)
			completion_drop_if_idle(s, completion);
	}
}

/* Ends a wait whose payloads are written.  `entry` is the one of its entries that the walk has met.
 * If the waiter has left first, at its deadline and without the lock, the state that it has set
 * stays. */
static void
end_wait(struct session *s, uint32_t completion, uint32_t first, uint32_t entry,
	 enum entry_state state)
{
	struct entry *e = entry_at(s, first);
	uint32_t waiting = STATE_WAITING;

	put(&e->ended_by, entry);
	if (__atomic_compare_exchange_n(&e->state, &waiting, (uint32_t)state, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		note_waits(s, first);
	unlink_wait(s, first, completion);
}

/* Returns the state in which a job ends a wait, or STATE_WAITING if the wait goes on. */
static enum entry_state
verdict(struct session *s, enum job_kind job, uint32_t completion, uint32_t first, uint64_t open)
{
	struct entry *e = entry_at(s, first);
	uint32_t flags = get(&e->flags);
	bool failed = (flags & ENTRY_FAIL_FAST) && completion_status(s, completion) != 0;

	bool goes_on = goes_on_without(s, completion, first);

	if (job == JOB_REMOVE)
		return goes_on ? STATE_WAITING : STATE_REMOVED;
	if (job == JOB_PRODUCER_DIED && !goes_on)
		return STATE_PRODUCER_DIED;
	if (job == JOB_OUTDATE || job == JOB_RECALL)
		return flags & ENTRY_GENERATION ? STATE_OUTDATED : STATE_WAITING;
	if (job == JOB_PRODUCER_FAILED && flags & ENTRY_ANY && !failed)
		return STATE_DONE;
	if (failed || (job == JOB_PRODUCER_FAILED && !goes_on))
		return STATE_FAILED;
	if (job == JOB_RELEASE && is_covered(s, open, first))
		return STATE_DONE;
	return STATE_WAITING;
}

/* Does the job for one entry.  A wait over several names that this "all" alone does not end is
 * woken to look again, and so is one that goes on without the name. */
static void
visit(struct session *s, enum job_kind job, uint32_t completion, uint32_t entry)
{
	uint32_t first = waitqueue_wait_of(s, entry);
	enum entry_state state = STATE_LEFT;
	uint64_t open = 0;

	if (job == JOB_ROUND) {
		barrier_pass(s, completion, entry);
		return;
	}
	if (first != 0) {
		open = find_open(s, completion, first);
		state = verdict(s, job, completion, first, open);
	}
	if (state == STATE_LEFT || (state == STATE_WAITING && job == JOB_REMOVE)) {
		waitqueue_unlink(s, entry);
	} else if (state != STATE_WAITING) {
		write_payloads(s, open, first);
		end_wait(s, completion, first, entry, state);
	} else if (job == JOB_RELEASE || job == JOB_PRODUCER_DIED || job == JOB_PRODUCER_FAILED) {
		waitqueue_wake_entry(s, entry);
	}
}

/* Walks from the tail to the head, for two reasons.  An entry is unlinked only after the entry that
 * follows it was dealt with; so the waiter of that entry need not be woken.  And the first waiters
 * in line, which waitqueue_wake_at_least() has woken, stay linked to the end: they go on with the
 * walk if we die. */
static void
walk(struct session *s, enum job_kind job, uint32_t completion)
{
	uint32_t entry = get(&completion_at(s, completion)->waiters.tail);

	for (uint32_t steps = 0; entry != 0 && !s->damaged; steps++) {
		uint32_t prev = get(&entry_at(s, entry)->prev);

		if (steps > s->entries || get(&entry_at(s, entry)->completion) != completion) {
			session_note_damage(s);
			return;
		}
		visit(s, job, completion, entry);
		entry = prev;
	}
}

/* Unlinks all entries of a queue: the producers of a name that was removed, or the borrowers of a
 * name that was removed or reinitialised. */
static void
unlink_queue(struct session *s, struct queue *q, uint32_t completion)
{
	for (uint32_t steps = 0; get(&q->head) != 0 && !s->damaged; steps++) {
		if (steps > s->entries ||
		    get(&entry_at(s, get(&q->head))->completion) != completion) {
			session_note_damage(s);
			return;
		}
		queue_log_remove(s, get(&q->head));
		log_commit(s);
	}
}

static void
walk_all(struct session *s)
{
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (get(&completion_at(s, i)->flags) & COMPLETION_USED)
			walk(s, JOB_REMOVE, i);
}

void
job_finish(struct session *s)
{
	uint32_t job = get(&s->h->job_kind), completion = get(&s->h->job_completion);

	if (job == JOB_NONE)
		return;
	if (job >= JOB_KINDS) {
		session_note_damage(s);
		return;
	}
	if (job == JOB_REMOVE_ALL)
		walk_all(s);
	else if (job == JOB_REBUILD)
		rebuild(s);
	else if (job != JOB_ROUND || barrier_complete(s, completion))
		walk(s, (enum job_kind)job, completion);
	if (job == JOB_REMOVE)
		unlink_queue(s, &completion_at(s, completion)->producers, completion);
	if (job == JOB_REMOVE || job == JOB_RECALL)
		unlink_queue(s, &completion_at(s, completion)->borrowers, completion);
	if (job == JOB_ROUND)
		barrier_end_round(s, completion);
	log_put(s, &s->h->job_kind, JOB_NONE);
	if (job == JOB_REMOVE)
		hashtable_log_free(s, completion);
	log_commit(s);
	if (job == JOB_ROUND)
		completion_drop_if_idle(s, completion);
}

/* Puts a job, or JOB_NONE, into the transaction under way. */
static void
log_job(struct session *s, enum job_kind job, uint32_t completion)
{
	if (job == JOB_NONE)
		return;
	log_put(s, &s->h->job_completion, completion);
	log_put(s, &s->h->job_kind, job);
}

void
job_commit(struct session *s, enum job_kind job, uint32_t completion)
{
	log_job(s, job, completion);
	if (log_commit(s) && job != JOB_NONE)
		job_finish(s);
}

bool
job_commit_if_linked(struct session *s, enum job_kind job, uint32_t completion)
{
	log_job(s, job, completion);
	if (!log_commit_if_linked(s))
		return false;
	if (job != JOB_NONE)
		job_finish(s);
	return true;
}
