/* SPDX-License-Identifier: ISC
 *
 * readiness.c - looks at each name of a wait: ready, a waiter ahead, or too few tokens
 */
#include "shm/calls/readiness.h"

#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/waitqueue.h"

/* Whether to ask about the owner of the entry ahead, which keeps us waiting although it could go:
 * its tokens are there and it is the first, or only the bound of our sleep has woken us. */
static bool
is_overdue(struct wait *w, size_t i, uint32_t done, uint32_t ahead)
{
	struct entry *e = entry_at(&w->s, ahead);

	return entry_may_be_unreported(&w->s, e) &&
	       (w->overslept ||
		(done >= get(&e->need) && waitqueue_find_first(&w->s, w->completions[i]) == ahead));
}

/* Returns the nearest queued entry ahead of ours, or of where ours would be. */
static uint32_t
reap_to_ahead(struct wait *w, size_t i, uint32_t done)
{
	struct session *s = &w->s;
	uint32_t ahead;

	do
		ahead = w->joined ? waitqueue_reap_ahead(s, w->entries[i])
				  : waitqueue_reap_to_first(s, w->completions[i]);
	while (ahead != 0 && is_overdue(w, i, done, ahead) && waitqueue_report(s, ahead));
	return ahead;
}

/* Whether a wait that may do without some of its names has lost name i, which was not removed. */
static bool
is_lost(struct wait *w, size_t i)
{
	return w->req->at_least != 0 && completion_is_lost(&w->s, w->completions[i]);
}

/* Forgets the names that were removed while the wait stood in their lines.  Their records may be
 * other names' by now. */
static void
forget_removed(struct wait *w)
{
	for (size_t i = 0; w->joined && w->req->at_least != 0 && i < w->req->count; i++)
		if (get(&entry_at(&w->s, w->entries[i])->completion) == 0)
			w->completions[i] = 0;
}

static enum blocker
reap_and_look_at(struct wait *w, size_t i, uint32_t *ahead)
{
	struct session *s = &w->s;
	uint32_t done;

	*ahead = 0;
	if (w->completions[i] == 0)
		return w->joined ? BLOCKER_LOST : BLOCKER_SHORT;
	done = get(&completion_at(s, w->completions[i])->done);
	if (done == COMPL_ALL && !completion_is_ready(s, w->completions[i]) && !is_lost(w, i))
		return BLOCKER_NONE;
	*ahead = reap_to_ahead(w, i, done);
	if (is_lost(w, i))
		return BLOCKER_LOST;
	if (completion_is_open(s, w->completions[i]))
		return BLOCKER_NONE;
	if (*ahead != 0)
		return BLOCKER_AHEAD;
	return done >= wait_need(w) ? BLOCKER_NONE : BLOCKER_SHORT;
}

static void
look_at_all(struct wait *w, struct readiness *readiness)
{
	readiness->clear = readiness->lost = 0;
	readiness->first = w->req->count;
	for (size_t i = 0; i < w->req->count; i++) {
		readiness->blocker[i] = reap_and_look_at(w, i, &readiness->ahead[i]);
		readiness->lost += readiness->blocker[i] == BLOCKER_LOST;
		if (readiness->blocker[i] != BLOCKER_NONE)
			continue;
		if (readiness->clear++ == 0)
			readiness->first = i;
	}
}

/* Whether a waiter that was ahead has left since. */
static bool
has_anybody_left(struct wait *w, const struct readiness *readiness)
{
	for (size_t i = 0; i < w->req->count; i++)
		if (readiness->blocker[i] == BLOCKER_AHEAD &&
		    !waitqueue_is_queued(&w->s, readiness->ahead[i]))
			return true;
	return false;
}

/* A waiter may leave, or die, without the lock, between the looks at two names.  If it was ahead in
 * both, the wait would take from the second, although a token of the first is as free.  So the look
 * is repeated then; each time one waiter less is ahead. */
void
readiness_reap_and_look(struct wait *w, struct readiness *readiness)
{
	forget_removed(w);
	do
		look_at_all(w, readiness);
	while (readiness->clear > 0 && has_anybody_left(w, readiness) && !w->s.damaged);
}

/* How many names may end the wait by what became of their producers: with COMPL_WAIT_ANY only those
 * up to the first that the wait can take from; with compl_request.at_least none as long as enough
 * others are left. */
static size_t
count_eligible(const struct wait *w, const struct readiness *readiness)
{
	if (wait_has_flag(w, COMPL_WAIT_ANY) && readiness->clear > 0)
		return readiness->first + 1;
	if (w->req->at_least != 0 && readiness->lost + w->req->at_least <= w->req->count)
		return 0;
	return w->req->count;
}

size_t
readiness_find_dead_producer(struct wait *w, const struct readiness *readiness)
{
	for (size_t i = 0; i < count_eligible(w, readiness); i++)
		if (w->completions[i] != 0 && completion_is_broken(&w->s, w->completions[i]))
			return i;
	return w->req->count;
}

size_t
readiness_find_failed_producer(struct wait *w, const struct readiness *readiness)
{
	for (size_t i = 0; i < count_eligible(w, readiness); i++)
		if (w->completions[i] != 0 &&
		    get(&completion_at(&w->s, w->completions[i])->failed) != 0)
			return i;
	return w->req->count;
}

size_t
readiness_find_removed(struct wait *w, const struct readiness *readiness)
{
	size_t to = w->req->at_least != 0 && w->joined ? count_eligible(w, readiness) : 0;

	for (size_t i = 0; i < to; i++)
		if (w->completions[i] == 0)
			return i;
	return w->req->count;
}

size_t
readiness_find_failed(struct wait *w)
{
	size_t i;

	for (i = 0; i < w->req->count; i++)
		if (w->completions[i] != 0 && completion_status(&w->s, w->completions[i]) != 0)
			break;
	return i;
}
