/* SPDX-License-Identifier: ISC
 *
 * sight.c - looks at each name of a wait: covered, somebody ahead, or too few tokens
 */
#include "shm/calls/sight.h"

#include "shm/names/line.h"

static enum obstacle
look_at(struct wait *w, size_t i, uint32_t *ahead)
{
	struct session *s = &w->s;
	uint32_t done;

	*ahead = 0;
	if (w->completions[i] == 0)
		return OBSTACLE_SHORT;
	done = get(&completion_at(s, w->completions[i])->done);
	if (done == COMPL_ALL)
		return OBSTACLE_NONE;
	*ahead = w->joined ? line_reap_ahead(s, w->places[i])
			   : line_reap_first(s, w->completions[i]);
	if (*ahead != 0)
		return OBSTACLE_AHEAD;
	return done >= wait_need(w) ? OBSTACLE_NONE : OBSTACLE_SHORT;
}

void
sight_look(struct wait *w, struct sight *sight)
{
	sight->clear = 0;
	sight->first = w->req->count;
	for (size_t i = 0; i < w->req->count; i++) {
		sight->obstacle[i] = look_at(w, i, &sight->ahead[i]);
		if (sight->obstacle[i] != OBSTACLE_NONE)
			continue;
		if (sight->clear++ == 0)
			sight->first = i;
	}
}

size_t
sight_producer_died(struct wait *w, const struct sight *sight)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY) && sight->clear > 0;
	size_t to = any ? sight->first + 1 : w->req->count;

	for (size_t i = 0; i < to; i++)
		if (w->completions[i] != 0 &&
		    get(&completion_at(&w->s, w->completions[i])->flags) & COMPLETION_PRODUCER_DIED)
			return i;
	return w->req->count;
}

size_t
sight_failed(struct wait *w)
{
	size_t i;

	for (i = 0; i < w->req->count; i++)
		if (w->completions[i] != 0 &&
		    get(&completion_at(&w->s, w->completions[i])->status) != 0)
			break;
	return i;
}
