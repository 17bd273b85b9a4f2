/* SPDX-License-Identifier: ISC
 *
 * producer.c - registers producers, and reaps the dead ones
 *
 * Invariant: if the first in line of a name that is ready, or not at "all", sleeps, it sleeps on
 * the beacons of all living producers of that name too, or on a word that has changed.  There are
 * exceptions, in which it sleeps for a second at the most (watch.c): a former first still sleeps on
 * these beacons; there are more beacons than words to watch; or the kernel has no futex_waitv(2).
 *
 * Two calls add to the producers whose death would end waits: a registration, and a reinit of a
 * name at "all".  Both first wake the first four in line (WITNESSES), and every wait over several
 * names (producer_announce()).  Such a wait may become the first here while it sleeps on the word
 * of another waitqueue.  A call that takes a producer away need not wake anybody: a waiter that
 * still sleeps on the beacon of that producer is woken once too often at the most.
 *
 * Crash: break_promise() commits the "all" and the job first, and unlinks the dead producer after
 * that.  If we die in between, the next owner of the lock finds the producer dead again, and the
 * name at "all".  The end of a ready producer is one commit (post_ready_end()).
 */
#include "shm/names/producer.h"

#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/job.h"
#include "shm/names/post.h"
#include "shm/names/ready_producers.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/log.h"

struct queue_walk
producer_walk(struct session *s, uint32_t completion)
{
	return queue_walk(s, &completion_at(s, completion)->producers, completion);
}

/* Whether a producer is dead.  Reports its death if the kernel has not done so. */
static bool
report_and_look(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	return !entry_is_alive(e) || (entry_may_be_unreported(s, e) && entry_report(s, e));
}

/* Returns the first dead producer, or 0. */
static uint32_t
report_to_dead(struct session *s, uint32_t completion)
{
	uint32_t entry;

	for (struct queue_walk walk = producer_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		if (report_and_look(s, entry))
			return entry;
	return 0;
}

static void
unlink_one(struct session *s, uint32_t entry)
{
	queue_log_remove(s, entry);
	log_commit(s);
}

/* Ends the promise of a producer that was never ready, or is not any more, without a post. */
static void
break_promise(struct session *s, uint32_t completion, uint32_t entry)
{
	if (!completion_is_settled(s, completion) &&
	    !ready_producers_has_other(s, completion, entry))
		post_producer_died(s, completion);
	unlink_one(s, entry);
}

void
producer_reap_all(struct session *s, uint32_t completion)
{
	uint32_t entry;

	while ((entry = report_to_dead(s, completion)) != 0 && !s->damaged)
		if (get(&entry_at(s, entry)->ready) != 0)
			post_ready_end(s, completion, entry, 0, true);
		else
			break_promise(s, completion, entry);
}

size_t
producer_count(struct session *s, uint32_t completion)
{
	size_t count = 0;
	uint32_t entry;

	for (struct queue_walk walk = producer_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		count += entry_is_alive(entry_at(s, entry));
	return count;
}

/* How many waiters, from the first on, are woken to watch a new producer.  The first has to watch
 * it.  The others are witnesses (watch_as_witness()), because the first may be stopped.  They are
 * several, because the second may be stopped, too; and they are few, because a long line should not
 * wake for each new producer. */
#define WITNESSES 4

static bool
is_of_several(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	return get(&e->wait_first) != entry || get(&e->wait_next) != 0;
}

/* Wakes the first WITNESSES in line, and every wait over several names.  They wake before the
 * commit, and get the lock after it. */
void
producer_announce(struct session *s, uint32_t completion)
{
	unsigned woken = 0;
	uint32_t entry;

	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		if (waitqueue_is_queued(s, entry) &&
		    (is_of_several(s, entry) || woken < WITNESSES)) {
			waitqueue_wake_entry(s, entry);
			woken++;
		}
}

enum compl_result
producer_join(struct session *s, uint32_t completion, const struct entry *how, bool anew,
	      uint32_t *entry)
{
	enum job_kind job = JOB_NONE;
	enum compl_result result;
	size_t others;

	/* A producer that dies after this counts as one that dies after the registration. */
	producer_reap(s, completion);
	others = queue_length(producer_walk(s, completion));
	if (others >= COMPL_PRODUCERS_MAX)
		return COMPL_E_FULL_PRODUCERS;
	if ((result = waitqueue_own_entry(s, how, entry)) != COMPL_OK)
		return result;
	producer_announce(s, completion);
	if (others == 0)
		job = completion_log_anew(s, completion, anew);
	queue_log_append(s, &completion_at(s, completion)->producers, completion, *entry);
	if (job_commit_if_linked(s, job, completion))
		return COMPL_OK;
	robust_release(&s->thread, &entry_at(s, *entry)->beacon);
	return s->damaged ? COMPL_E_DAMAGED : COMPL_E_NO_NAMESPACE;
}

uint32_t
producer_completion(struct session *s, uint32_t entry, uint64_t ticket)
{
	struct entry *e = entry_at(s, entry);

	return e->ticket == ticket && get(&e->flags) & ENTRY_PRODUCER ? get(&e->completion) : 0;
}

void
producer_leave(struct session *s, uint32_t entry)
{
	uint32_t completion = get(&entry_at(s, entry)->completion);

	if (get(&entry_at(s, entry)->ready) != 0)
		post_ready_end(s, completion, entry, 0, true);
	else
		break_promise(s, completion, entry);
}
