/* SPDX-License-Identifier: ISC
 *
 * segment_lock.c - takes and gives back the lock of a segment, and recovers after an owner that
 * died
 *
 * Crash: a process may die while it recovers.  The kernel tells the next owner so, and the next
 * owner recovers again.  Two replays of the log have the same result as one, and so have two walks
 * of a job.
 */
#include "shm/names/segment_lock.h"

#include "api/clock.h"
#include "shm/names/job.h"
#include "shm/segment/file.h"
#include "shm/segment/log.h"
#include "shm/segment/mutex.h"
#include "shm/segment/pages.h"

/* Reads the sizes of the tables, and reserves their pages.  All indices that are read later are
 * checked against these sizes. */
static void
measure(struct session *s)
{
	s->completions = get(&s->h->completions_made);
	s->entries = get(&s->h->entries_made);
	s->logged = 0;
	if (s->completions > LAYOUT_COMPLETIONS || s->entries > LAYOUT_ENTRIES ||
	    !(pages_are_secured(s->c, s->completions, s->entries) ||
	      pages_secure_tables(s->c, s->completions, s->entries) == COMPL_OK)) {
		s->completions = s->entries = 0;
		session_note_damage(s);
	}
}

/* Replays the log.  Returns false if the log is damaged.  The log may name one record more than a
 * table has.  The dead owner had reserved the page of that record, so pages_reserve_begun() takes
 * no new memory then. */
static bool
replay(struct session *s)
{
	bool next_completion =
		pages_reserve_begun(s->c, PAGES_COMPLETIONS, s->completions) == COMPL_OK;
	bool next_entry = pages_reserve_begun(s->c, PAGES_ENTRIES, s->entries) == COMPL_OK;

	return log_replay(s, next_completion, next_entry);
}

/* Finishes what the dead owner had committed.  Returns false if the segment is damaged. */
static bool
recover(struct session *s)
{
	if (!replay(s))
		return false;
	measure(s);
	job_finish(s);
	return !s->damaged;
}

/* Throws away a log and a job that compl cannot have written.  The records stay. */
static void
discard(struct session *s)
{
	put(&s->h->log_length, 0);
	put(&s->h->job_kind, JOB_NONE);
	s->damaged = false;
	measure(s);
}

/* Begins to use a segment after its mutex gave this result.  Recovers if the owner of the mutex
 * died.  discards: throws away what cannot be recovered.  COMPL_OK: the caller holds the lock.  Any
 * other result: it does not, and the result says why. */
static enum compl_result
finish_locking(struct session *s, enum mutex_result result, bool discards)
{
	if (result == MUTEX_LOCKED || result == MUTEX_OWNER_DIED) {
		measure(s);
		if (!s->damaged && result == MUTEX_OWNER_DIED && !recover(s) && discards)
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
	return result == MUTEX_TIMED_OUT ? COMPL_TIMED_OUT : COMPL_E_NO_NAMESPACE;
}

enum compl_result
segment_lock(struct session *s, int64_t deadline_ns)
{
	sigmask_block(&s->sigmask);
	return finish_locking(s, mutex_lock(&s->thread, &s->c->lock, deadline_ns, &s->sigmask),
			      false);
}

enum compl_result
segment_lock_for_repair(struct session *s)
{
	sigmask_block(&s->sigmask);
	return finish_locking(s, mutex_seize(&s->thread, &s->c->lock, &s->sigmask), true);
}

void
segment_unlock(struct session *s)
{
	mutex_unlock(&s->thread, &s->c->lock);
}

enum compl_result
segment_unlock_with(struct session *s, enum compl_result result)
{
	segment_unlock(s);
	return s->damaged ? COMPL_E_DAMAGED : result;
}

enum compl_result
segment_look_and_unlock(struct session *s, enum compl_result result)
{
	return segment_unlock_with(s, file_is_linked(s->c) ? result : COMPL_E_NO_NAMESPACE);
}
