/* SPDX-License-Identifier: ISC
 *
 * states.c - fills compl_request.states
 *
 * The wait looks under the lock, in each of its rounds, because any of them may be the last.  So it
 * says what was there when it ended, and not what is there after it has let the lock go.  A walk of
 * somebody else ends a wait while it sleeps: wait.c notes what the walk has written about the names
 * that ended the wait, and here it looks once more at the others.
 *
 * A wait that "all" has released from all its names does not look again.  Then it would have to
 * queue for the lock behind all others that were released with it.
 *
 * A name that has failed covers a wait, as a name at "all" with a status does: it lets the wait go.
 * Only for compl_request.at_least it is not done.
 */
#include "shm/calls/states.h"

#include "api/clock.h"
#include "shm/names/barrier.h"
#include "shm/names/completion.h"
#include "shm/names/hashtable.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"

#define LOCK_NS CLOCK_SECOND_NS /* how long it waits for the lock to look again */

/* Whether anything but this wait makes the name exist. */
static bool
is_needed(struct wait *w, uint32_t completion, uint32_t own)
{
	struct session *s = &w->s;
	struct completion *n = completion_at(s, completion);
	uint32_t entry;

	if (get(&n->flags) != COMPLETION_USED || get(&n->done) != 0 || get(&n->failed) != 0 ||
	    get(&n->lent) != 0 || get(&n->producers.head) != 0)
		return true;
	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		if (entry != own && waitqueue_is_queued(s, entry))
			return true;
	return false;
}

/* Notes what changes when the wait takes its tokens. */
static void
note_counter(struct wait *w, struct compl_state *state, uint32_t completion)
{
	struct completion *n = completion_at(&w->s, completion);

	state->done = get(&n->done);
	state->lent = get(&n->lent);
}

/* Counts those who stand in a barrier.  That takes time, so it is left to the looks that are
 * shown. */
static void
note_standing(struct wait *w, struct compl_state *state, uint32_t completion)
{
	if (w->round != NULL)
		state->standing = waitqueue_count(&w->s, completion);
}

static void
note_one(struct wait *w, struct compl_state *state, uint32_t completion, uint32_t own)
{
	struct completion *n = completion_at(&w->s, completion);

	note_counter(w, state, completion);
	state->exists = is_needed(w, completion, own);
	state->parties = barrier_parties(&w->s, completion);
	if (w->req->tick != NULL)
		note_standing(w, state, completion);
	state->generation = completion_generation(&w->s, completion);
	state->ready = completion_is_ready(&w->s, completion);
	state->failed = get(&n->failed) != 0;
	state->covered = state->covered || (state->failed && w->req->at_least == 0);
	state->producers = (uint32_t)queue_length(producer_walk(&w->s, completion));
	completion_read_payload(&w->s, completion, &state->payload);
}

void
states_note(struct wait *w, const struct readiness *readiness)
{
	for (size_t i = 0; i < w->req->count; i++) {
		struct compl_state *state = &w->req->states[i];

		*state = (struct compl_state){ .known = true,
					       .covered = readiness->blocker[i] == BLOCKER_NONE };
		if (w->completions[i] != 0)
			note_one(w, state, w->completions[i], w->entries[i]);
	}
}

void
states_note_end(struct wait *w)
{
	for (size_t i = 0; i < w->req->count; i++)
		if (w->completions[i] != 0) {
			note_counter(w, &w->req->states[i], w->completions[i]);
			note_standing(w, &w->req->states[i], w->completions[i]);
		}
}

/* Whether a wait that comes now would be let go by a completion.  Changes nothing: nobody is
 * reaped. */
static bool
is_covered(struct wait *w, uint32_t completion)
{
	return completion_is_open(&w->s, completion) ||
	       (get(&completion_at(&w->s, completion)->done) >= wait_need(w) &&
		waitqueue_find_first(&w->s, completion) == 0);
}

/* Looks at name i as it is now.  The completion that the wait stood in line for may be gone. */
static void
look_again(struct wait *w, size_t i)
{
	uint32_t completion = hashtable_find(&w->s, w->req->names[i]);
	struct compl_state *state = &w->req->states[i];

	*state = (struct compl_state){ .known = true,
				       .covered = completion != 0 && is_covered(w, completion) };
	if (completion == 0)
		return;
	note_one(w, state, completion, 0);
	if (state->parties != 0)
		state->standing = waitqueue_count(&w->s, completion);
}

void
states_note_refusal(struct wait *w)
{
	for (size_t i = 0; i < w->req->count; i++)
		look_again(w, i);
}

void
states_note_walk(struct wait *w)
{
	struct compl_payload payload = w->req->states[w->out->which].payload;

	if (w->walked == STATE_NONE || (w->walked == STATE_DONE && !wait_has_choice(w)) ||
	    segment_lock(&w->s, clock_now_ns() + LOCK_NS) != COMPL_OK)
		return;
	for (size_t i = 0; i < w->req->count; i++)
		if (i != w->out->which || w->walked != STATE_DONE)
			look_again(w, i);
	w->req->states[w->out->which].payload = payload;
	segment_unlock(&w->s);
}
