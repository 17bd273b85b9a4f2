/* SPDX-License-Identifier: ISC
 *
 * job.c - walks along a line and ends the waits in it that are over
 *
 * Crash: a walk may break off anywhere.  The next owner of the lock begins it again.  The waits
 * that it has already ended do not stand in line any more, and are unlinked.
 *
 * Ordering: a released waiter leaves without the lock.  end_wait() stores status and value before
 * it changes the state (release); wait_state() reads the state (acquire) before they are read.
 *
 * What failed before: waiters that look at the counter when they wake.  When a reinit followed
 * complete_all() at once, half of twenty waiters never saw the "all".  So the release is written
 * into each wait.
 */
#include "shm/names/job.h"

#include "shm/names/completion.h"
#include "shm/names/directory.h"
#include "shm/names/line.h"
#include "shm/segment/log.h"
#include "shm/names/rebuild.h"

/* The wait of this lead stands in all its lines, and all their names are at "all". */
static bool
is_covered(struct session *s, uint32_t lead)
{
	uint32_t i;

	for (struct line_wait walk = line_wait(s, lead); (i = line_wait_next(&walk)) != 0;) {
		uint32_t line = get(&place_at(s, i)->line);

		if (line == 0 || get(&completion_at(s, line)->done) != COMPL_ALL)
			return false;
	}
	return true;
}

/* Copies the status and the value of each name into the place of the wait in that name's line.  A
 * place that is not linked any more is passed over. */
static void
write_words(struct session *s, uint32_t lead)
{
	uint32_t i;

	for (struct line_wait walk = line_wait(s, lead); (i = line_wait_next(&walk)) != 0;) {
		struct place *p = place_at(s, i);
		uint32_t line = get(&p->line), length;

		if (line == 0)
			continue;
		put(&p->status, get(&completion_at(s, line)->status));
		completion_copy_value(s, line, place_value_at(s, i), &length);
		put(&p->value, length);
	}
}

static void
note_waits(struct session *s, uint32_t lead)
{
	const struct place *p = place_at(s, lead);
	bool io = get(&p->flags) & PLACE_IO;
	uint32_t i;

	for (struct line_wait walk = line_wait(s, lead); (i = line_wait_next(&walk)) != 0;)
		if (get(&place_at(s, i)->line) != 0)
			completion_note_wait(s, get(&place_at(s, i)->line), p->since_ns, io);
}

/* Unlinks a wait that has ended from all its lines, and drops those names that nothing else keeps,
 * except the name `walked`.  The waiter itself may not have gone yet, or be stopped. */
static void
unlink_wait(struct session *s, uint32_t lead, uint32_t walked)
{
	uint32_t i;

	for (struct line_wait walk = line_wait(s, lead); (i = line_wait_next(&walk)) != 0;) {
		uint32_t line = get(&place_at(s, i)->line);

		if (line == 0)
			continue;
		line_unlink(s, i);
		if (line != walked)
			completion_drop_if_idle(s, line);
	}
}

/* Ends a wait, from one of its places.  If the waiter has left meanwhile, at its deadline and
 * without the lock, that counts. */
static void
end_wait(struct session *s, uint32_t completion, uint32_t lead, uint32_t place,
	 enum place_state state)
{
	struct place *p = place_at(s, lead);
	uint32_t waiting = STATE_WAITING;

	write_words(s, lead);
	put(&p->culprit, place);
	if (__atomic_compare_exchange_n(&p->state, &waiting, (uint32_t)state, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		note_waits(s, lead);
	unlink_wait(s, lead, completion);
}

/* The state in which a job ends a wait, or STATE_WAITING if the wait goes on. */
static enum place_state
verdict(struct session *s, enum job_kind job, uint32_t completion, uint32_t lead)
{
	struct place *p = place_at(s, lead);
	uint32_t flags = get(&p->flags);
	bool failed = (flags & PLACE_FAIL_FAST) && get(&completion_at(s, completion)->status) != 0;

	if (job == JOB_REMOVE)
		return STATE_REMOVED;
	if (job == JOB_PRODUCER_DIED)
		return STATE_PRODUCER_DIED;
	if (failed)
		return STATE_FAILED;
	if (job == JOB_RELEASE && ((flags & PLACE_ANY) || is_covered(s, lead)))
		return STATE_DONE;
	return STATE_WAITING;
}

/* Does the job to one place.  A wait over several names that this "all" does not end alone is woken
 * to look again. */
static void
visit(struct session *s, enum job_kind job, uint32_t completion, uint32_t place)
{
	uint32_t lead = line_lead(s, place);
	enum place_state state = lead != 0 ? verdict(s, job, completion, lead) : STATE_LEFT;

	if (state == STATE_LEFT)
		line_unlink(s, place);
	else if (state != STATE_WAITING)
		end_wait(s, completion, lead, place, state);
	else if (job == JOB_RELEASE)
		line_poke(s, place);
}

/* Walks from the tail to the head, for two reasons.  The place after a place is dealt with before
 * that one is unlinked, and so need not be woken for it.  And the first in line, whom line_rouse()
 * has woken, stay to the end: they go on if we die. */
static void
walk(struct session *s, enum job_kind job, uint32_t completion)
{
	uint32_t place = get(&completion_at(s, completion)->line.tail);

	for (uint32_t steps = 0; place != 0 && !s->damaged; steps++) {
		uint32_t prev = get(&place_at(s, place)->prev);

		if (steps > s->places || get(&place_at(s, place)->line) != completion) {
			session_note_damage(s);
			return;
		}
		visit(s, job, completion, place);
		place = prev;
	}
}

/* Unlinks the producers of a name that was removed. */
static void
dismiss(struct session *s, uint32_t completion)
{
	struct queue *q = &completion_at(s, completion)->producers;

	for (uint32_t steps = 0; get(&q->head) != 0 && !s->damaged; steps++) {
		if (steps > s->places || get(&place_at(s, get(&q->head))->line) != completion) {
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
	if (job > JOB_REBUILD) {
		session_note_damage(s);
		return;
	}
	if (job == JOB_REMOVE_ALL)
		walk_all(s);
	else if (job == JOB_REBUILD)
		rebuild(s);
	else
		walk(s, (enum job_kind)job, completion);
	if (job == JOB_REMOVE)
		dismiss(s, completion);
	log_put(s, &s->h->job_kind, JOB_NONE);
	if (job == JOB_REMOVE)
		directory_free(s, completion);
	log_commit(s);
}

void
job_commit(struct session *s, enum job_kind job, uint32_t completion)
{
	if (job == JOB_NONE) {
		log_commit(s);
		return;
	}
	log_put(s, &s->h->job_completion, completion);
	log_put(s, &s->h->job_kind, job);
	if (log_commit(s))
		job_finish(s);
}
