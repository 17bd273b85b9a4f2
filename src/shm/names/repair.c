/* SPDX-License-Identifier: ISC
 *
 * repair.c - takes and gives back the lock, and finishes what a dead owner has begun
 *
 * Crash: a repair may die like anything else.  The kernel says so to the next
 * owner, who begins it again: replaying a log is idempotent, and so is the job's
 * walk.
 */
#include "shm/names/repair.h"

#include "shm/names/job.h"
#include "api/clock.h"
#include "shm/segment/log.h"
#include "shm/segment/mutex.h"
#include "shm/segment/pages.h"

/* How far the tables go.  Checked here once, for all the indices that follow. */
static void
measure(struct session *s)
{
	s->completions = get(&s->h->completions_made);
	s->places = get(&s->h->places_made);
	s->logged = 0;
	if (s->completions > LAYOUT_COMPLETIONS || s->places > LAYOUT_PLACES ||
	    !(pages_are_secured(s->c, s->completions, s->places) ||
	      pages_secure_tables(s->c, s->completions, s->places) == COMPL_OK)) {
		s->completions = s->places = 0;
		session_damaged(s);
	}
}

/* There is room for a record behind the last, and its page. */
static bool
has_next(struct session *s, enum pages_table kind, uint32_t count, uint32_t limit)
{
	return count < limit && pages_reserve_record(s->c, kind, count + 1) == COMPL_OK;
}

/* The log may speak of a record more than there are; its page was reserved before it was
 * written, and so this reserves nothing then. */
static bool
replay(struct session *s)
{
	return log_replay(s, has_next(s, PAGES_COMPLETIONS, s->completions, LAYOUT_COMPLETIONS),
			  has_next(s, PAGES_PLACES, s->places, LAYOUT_PLACES));
}

static bool
repair(struct session *s)
{
	if (!replay(s))
		return false;
	measure(s);
	job_finish(s);
	return !s->damaged;
}

/* A log or a job that nobody can have written: what is lost is lost, the records go on. */
static void
discard(struct session *s)
{
	put(&s->h->log_length, 0);
	put(&s->h->job_kind, JOB_NONE);
	s->damaged = false;
	measure(s);
}

/* With the lock, or without it and the reason why. */
static enum compl_result
enter(struct session *s, enum mutex_result result, bool discards)
{
	if (result == MUTEX_LOCKED || result == MUTEX_OWNER_DIED) {
		measure(s);
		if (!s->damaged && result == MUTEX_OWNER_DIED && !repair(s) && discards)
			discard(s);
		if (!s->damaged && get(&s->h->mark) != MARK_DEAD)
			return COMPL_OK;
		if (result == MUTEX_OWNER_DIED && s->damaged)
			mutex_unlock_dirty(&s->thread, &s->c->lock);
		else
			mutex_unlock(&s->thread, &s->c->lock);
	}
	if (s->damaged || result == MUTEX_NO_OWNER)
		return COMPL_E_DAMAGED;
	if (result == MUTEX_INTERRUPTED)
		return COMPL_INTERRUPTED;
	return result == MUTEX_TIMED_OUT ? COMPL_TIMED_OUT : COMPL_E_NO_SEGMENT;
}

enum compl_result
repair_enter(struct session *s, int64_t deadline_ns)
{
	gate_close(&s->gate);
	return enter(s, mutex_lock(&s->thread, &s->c->lock, deadline_ns, &s->gate), false);
}

enum compl_result
repair_enter_damaged(struct session *s)
{
	gate_close(&s->gate);
	return enter(s, mutex_seize(&s->thread, &s->c->lock, &s->gate), true);
}

void
repair_leave(struct session *s)
{
	mutex_unlock(&s->thread, &s->c->lock);
}

enum compl_result
repair_leave_with(struct session *s, enum compl_result result)
{
	repair_leave(s);
	return s->damaged ? COMPL_E_DAMAGED : result;
}
