/* SPDX-License-Identifier: ISC
 *
 * readiness.c - looks at each name of a wait: ready, a waiter ahead, or too few tokens
 */
#include "shm/calls/readiness.h"

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

static enum blocker
reap_and_look_at(struct wait *w, size_t i, uint32_t *ahead)
{
	struct session *s = &w->s;
	uint32_t done;

	*ahead = 0;
	if (w->completions[i] == 0)
		return BLOCKER_SHORT;
	done = get(&completion_at(s, w->completions[i])->done);
	if (done == COMPL_ALL)
		return BLOCKER_NONE;
	*ahead = reap_to_ahead(w, i, done);
	if (*ahead != 0)
		return BLOCKER_AHEAD;
	return done >= wait_need(w) ? BLOCKER_NONE : BLOCKER_SHORT;
}

void
readiness_reap_and_look(struct wait *w, struct readiness *readiness)
{
	readiness->clear = 0;
	readiness->first = w->req->count;
	for (size_t i = 0; i < w->req->count; i++) {
		readiness->blocker[i] = reap_and_look_at(w, i, &readiness->ahead[i]);
		if (readiness->blocker[i] != BLOCKER_NONE)
			continue;
		if (readiness->clear++ == 0)
			readiness->first = i;
	}
}

size_t
readiness_find_dead_producer(struct wait *w, const struct readiness *readiness)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY) && readiness->clear > 0;
	size_t to = any ? readiness->first + 1 : w->req->count;

	for (size_t i = 0; i < to; i++)
		if (w->completions[i] != 0 &&
		    get(&completion_at(&w->s, w->completions[i])->flags) & COMPLETION_PRODUCER_DIED)
			return i;
	return w->req->count;
}

size_t
readiness_find_failed(struct wait *w)
{
	size_t i;

	for (i = 0; i < w->req->count; i++)
		if (w->completions[i] != 0 &&
		    get(&completion_at(&w->s, w->completions[i])->status) != 0)
			break;
	return i;
}
