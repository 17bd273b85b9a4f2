/* SPDX-License-Identifier: ISC
 *
 * barrier.c - completes the rounds of a barrier, and lets participants leave without the lock
 *
 * The participant that joins last completes the round: it commits JOB_ROUND, and does the job.  A
 * participant may leave meanwhile, at its deadline or for a signal, and it does so without the
 * lock, because the owner of the lock may be stopped.  The word completion.barrier decides which
 * comes first.  Its lowest bit says that the round is complete.  The other bits count those who
 * leave.
 *
 *	completer (barrier_complete())		leaver (barrier_leave())
 *	reads the word				state: WAITING to LEAVING
 *	counts those who are WAITING;		adds itself to the word
 *	  turns each LEAVING into LEFT		state: if the round was not complete then,
 *	sets COMPLETE, by compare-and-swap;	  LEAVING to LEFT, otherwise to DONE
 *	  if the word has changed, again
 *	walks: WAITING and LEAVING to DONE
 *
 * Invariant: a complete round has as many participants as it should, and all of them stood in it
 * at the beginning of the last count.  One that leaves has either changed its state before it was
 * counted, or the word before the compare-and-swap; otherwise it passes with the others.  Nobody
 * can join meanwhile, so rounds do not mix: the next one begins when the walk has ended.
 *
 * Ordering: the count stores the places before it sets COMPLETE.  A leaver that finds COMPLETE
 * reads its place after that.
 *
 * Crash: the job is committed before the count.  If the completer dies, the next owner of the lock
 * goes on: with the walk if COMPLETE is set, otherwise with a new count.  If too few stand by then,
 * it drops the job.  COMPLETE is taken away after the walk and before the end of the job: nobody is
 * linked then, so a second count finds too few.  A leaver that dies in between is dead: not counted
 * any more, or one of the N.
 *
 * A leaver may be stopped between its steps for long.  Whoever unlinks its entry turns LEAVING into
 * LEFT or DONE first (waitqueue_unlink(), barrier_pass()).  So when it goes on, its state has been
 * decided, whatever has become of the word since: also if the record is another name's by then.
 *
 * What failed before, in the model (tests/model/barrier.pml): the leaver only changed its state,
 * and a round was passed by fewer than it should.  The walk gave the places, and a leaver that
 * passed had none.
 */
#include "shm/names/barrier.h"

#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/waitqueue.h"

#define COMPLETE 1u
#define LEAVER	 2u

uint32_t
barrier_parties(struct session *s, uint32_t completion)
{
	uint32_t first = waitqueue_find_first(s, completion);

	if (first == 0 || !(get(&entry_at(s, first)->flags) & ENTRY_BARRIER))
		return 0;
	return get(&entry_at(s, first)->need);
}

/* The places of the entries grow along the queue, from 1 on at least. */
uint32_t
barrier_next_place(struct session *s, uint32_t completion)
{
	uint32_t tail = get(&completion_at(s, completion)->waiters.tail);

	return tail != 0 ? get(&entry_at(s, tail)->payload) + 1 : 1;
}

/* Gives those who stand the places 1, 2 and so on, and unlinks the others.  Returns how many
 * stand. */
static uint32_t
reap_and_place(struct session *s, uint32_t completion)
{
	struct queue_walk walk = waitqueue_walk(s, completion);
	uint32_t entry, place = 0;

	while ((entry = queue_next(&walk)) != 0) {
		struct entry *e = entry_at(s, entry);

		if (entry_may_be_unreported(s, e))
			waitqueue_report(s, entry);
		if (waitqueue_is_queued(s, entry))
			put(&e->payload, ++place);
		else
			waitqueue_unlink(s, entry);
	}
	return place;
}

bool
barrier_reap_to_full(struct session *s, uint32_t completion)
{
	uint32_t parties = barrier_parties(s, completion);

	return parties != 0 && barrier_next_place(s, completion) > parties &&
	       reap_and_place(s, completion) >= parties && !s->damaged;
}

/* Each time the compare-and-swap fails, somebody has left. */
bool
barrier_complete(struct session *s, uint32_t completion)
{
	uint32_t *word = &completion_at(s, completion)->barrier;

	for (uint32_t steps = 0; steps <= s->entries && !s->damaged; steps++) {
		uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);

		if (seen & COMPLETE)
			return true;
		if (!barrier_reap_to_full(s, completion))
			return false;
		if (__atomic_compare_exchange_n(word, &seen, seen | COMPLETE, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
	}
	return session_note_damage(s);
}

static bool
swap_state(struct entry *e, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&e->state, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* The participant that completes the round has not slept, and is not in the statistics. */
void
barrier_pass(struct session *s, uint32_t completion, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	if (entry_is_alive(e) &&
	    (swap_state(e, STATE_WAITING, STATE_DONE) ||
	     swap_state(e, STATE_LEAVING, STATE_DONE)) &&
	    get(&e->watch) != 0)
		completion_note_wait(s, completion, e->since_ns, false);
	waitqueue_unlink(s, entry);
}

void
barrier_end_round(struct session *s, uint32_t completion)
{
	__atomic_fetch_and(&completion_at(s, completion)->barrier, ~COMPLETE, __ATOMIC_SEQ_CST);
}

bool
barrier_is_at_rest(struct session *s, uint32_t completion)
{
	return !(get(&completion_at(s, completion)->barrier) & COMPLETE);
}

bool
barrier_leave(struct session *s, uint32_t completion, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t seen;

	if (!swap_state(e, STATE_WAITING, STATE_LEAVING))
		return false;
	seen = __atomic_fetch_add(&completion_at(s, completion)->barrier, LEAVER, __ATOMIC_SEQ_CST);
	swap_state(e, STATE_LEAVING, seen & COMPLETE ? STATE_DONE : STATE_LEFT);
	return __atomic_load_n(&e->state, __ATOMIC_SEQ_CST) == STATE_LEFT;
}
