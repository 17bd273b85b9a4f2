/* SPDX-License-Identifier: ISC
 *
 * remove_idle.c - compl_remove_idle(): removes a namespace that nobody has used for a while
 *
 * Locking: the look and the mark that removes the segment come under one hold of header.lock.  So
 * nobody joins, posts or initialises a name in between.  A process that has opened the segment
 * shortly before, and has not noted that yet, meets the mark like that of any removal.
 *
 * Of a scope we first take the scope lock: while its maker lives, we do not get it.
 *
 * Crash: as for compl_remove_all().
 */
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "api/validate.h"
#include "shm/calls/remove.h"
#include "shm/calls/scope.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/name.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/file.h"

#define PATIENCE_NS CLOCK_SECOND_NS /* for the lock: its owner may be stopped */

/* What is asked for: that nothing has happened for so long. */
struct idleness {
	int64_t now_ns, idle_ns;
};

/* Whether so much time has passed since then.  A time that is still to come counts as now. */
static bool
is_past(int64_t then_ns, struct idleness asked)
{
	return (int64_t)clock_elapsed(then_ns, asked.now_ns) >= asked.idle_ns;
}

/* Whether nobody needs a name: it may have tokens, but nobody waits, produces or borrows. */
static bool
is_name_idle(struct session *s, uint32_t completion, struct idleness asked)
{
	struct completion *n = completion_at(s, completion);

	return !(get(&n->flags) & COMPLETION_INIT) && get(&n->producers.head) == 0 &&
	       waitqueue_find_first(s, completion) == 0 && get(&n->borrowers.head) == 0 &&
	       get(&n->lent) == 0 && !completion_is_held(s, completion) &&
	       is_past(n->changed_ns, asked);
}

static bool
is_idle(struct session *s, int64_t idle_ns)
{
	int64_t opened_s = __atomic_load_n(&s->h->opened_s, __ATOMIC_RELAXED);
	struct idleness asked = { .now_ns = clock_now_ns(), .idle_ns = idle_ns };

	if (opened_s < 0 || opened_s > INT64_MAX / CLOCK_SECOND_NS ||
	    !is_past(opened_s * CLOCK_SECOND_NS, asked))
		return false;
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (get(&completion_at(s, i)->flags) & COMPLETION_USED &&
		    !is_name_idle(s, i, asked))
			return false;
	return !s->damaged;
}

/* Reaps the dead: a name that only they needed is idle then. */
static void
reap(struct session *s)
{
	s->thorough = true;
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (get(&completion_at(s, i)->flags) & COMPLETION_USED) {
			producer_reap(s, i);
			borrower_reap(s, i);
			waitqueue_reap_to_first(s, i);
		}
}

/* Marks the segment dead if it is idle. */
static enum compl_result
mark_if_idle(struct compl_space *c, int64_t idle_ns, bool *idle)
{
	struct session s;
	enum compl_result result = session_begin_brief(&s, c, NULL);

	if (result != COMPL_OK ||
	    (result = segment_lock(&s, clock_now_ns() + PATIENCE_NS)) != COMPL_OK)
		return result == COMPL_TIMED_OUT ? COMPL_E_LOCKED : result;
	reap(&s);
	*idle = is_idle(&s, idle_ns);
	if (*idle)
		name_remove_all(&s);
	return segment_unlock_with(&s, COMPL_OK);
}

static enum compl_result
remove_if_idle(const struct compl_where *where, int64_t idle_ns, bool *removed)
{
	struct compl_space *c;
	enum compl_result result = compl_open(&c, where, COMPL_SCOPE | COMPL_LOOK);
	bool idle = false;

	if (result != COMPL_OK)
		return result;
	result = file_may_unlink(c) ? mark_if_idle(c, idle_ns, &idle) : COMPL_E_WRONG_OWNER;
	if (result == COMPL_OK && idle)
		result = file_unlink(c);
	*removed = result == COMPL_OK && idle;
	compl_close(c);
	return result;
}

enum compl_result
compl_remove_idle(const struct compl_where *where, int64_t idle_ns, bool *removed)
{
	bool is_scope = where->space != NULL && validate_is_scope(where->space);
	enum compl_result result = check_where(where);
	int fd = -1;

	*removed = false;
	if (result != COMPL_OK || idle_ns < 0)
		return COMPL_E_ARGUMENT;
	if (is_scope && (fd = scope_seize(where)) < 0)
		return COMPL_OK;
	result = remove_if_idle(where, idle_ns, removed);
	if (fd >= 0)
		close(fd);
	return result == COMPL_E_NO_NAMESPACE ? COMPL_OK : result;
}
