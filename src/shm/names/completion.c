/* SPDX-License-Identifier: ISC
 *
 * completion.c - reads and changes what is written in one completion's record
 *
 * Crash: log_value() writes the text of a new value to the slot that the record does not name.  The
 * commit makes the record name that slot.  If we die before it, the old value is untouched.
 *
 * Invariant: a name that is held stays, so that its byte is found again.  The byte is not chosen by
 * the name, or its hash: two names could then have the same, and a name that was removed and made
 * anew would get back the strays of the old one, which nobody could make it forget.  It is the
 * name's and not the producer's, because no question is about one producer only: an entry would
 * have to outlive its producer, and a name to list all that were ever held.
 */
#include "shm/names/completion.h"

#include <string.h>

#include "api/clock.h"
#include "shm/names/generation.h"
#include "shm/names/hashtable.h"
#include "shm/names/ready_producers.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/hold.h"
#include "shm/segment/log.h"

/* ---- status and value -------------------------------------------------------- */

#define VALUE_LENGTH(value) (((value)&0xffff) - 1)
#define VALUE_SLOT(value)   ((value) >> 16)

uint32_t
completion_status(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);
	uint32_t failed = get(&n->failed);

	if (get(&n->flags) & COMPLETION_READY)
		return 0;
	return failed != 0 ? failed : get(&n->status);
}

void
completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length)
{
	struct completion *n = completion_at(s, completion);
	uint32_t value = get(&n->value);

	if (get(&n->flags) & COMPLETION_READY) {
		ready_producers_copy_value(s, completion, text, length);
		return;
	}
	*length = 0;
	if (value == 0 || get(&n->failed) != 0)
		return;
	if (VALUE_LENGTH(value) > COMPL_VALUE_MAX) {
		session_note_damage(s);
		return;
	}
	*length = VALUE_LENGTH(value) + 1;
	memcpy(text, completion_value_at(s, completion, VALUE_SLOT(value)), *length - 1);
}

void
completion_read_payload(struct session *s, uint32_t completion, struct compl_payload *payload)
{
	uint32_t length;

	memset(payload->reserved, 0, sizeof(payload->reserved));
	payload->status = (uint8_t)completion_status(s, completion);
	completion_copy_value(s, completion, payload->value, &length);
	payload->has_value = length > 0;
	payload->value[length > 0 ? length - 1 : 0] = '\0';
}

/* Stores a value, or none if text is NULL, in the transaction under way. */
static void
log_value(struct session *s, uint32_t completion, const char *text)
{
	struct completion *n = completion_at(s, completion);
	uint32_t old = get(&n->value);
	uint32_t slot = old != 0 && VALUE_SLOT(old) == 0 ? 1 : 0;
	size_t length;

	if (text == NULL) {
		log_put(s, &n->value, 0);
		return;
	}
	length = strnlen(text, COMPL_VALUE_MAX);
	memcpy(completion_value_at(s, completion, slot), text, length);
	log_put(s, &n->value, slot << 16 | ((uint32_t)length + 1));
}

void
completion_log_status(struct session *s, uint32_t completion, const struct compl_post *post)
{
	struct completion *n = completion_at(s, completion);

	if (get(&n->status) != 0)
		return;
	if (post->status != 0)
		log_put(s, &n->status, post->status);
	log_value(s, completion, post->value);
}

void
completion_log_not_failed(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	if (get(&n->failed) == 0)
		return;
	log_put(s, &n->failed, 0);
	log_put(s, &n->flags, get(&n->flags) & ~COMPLETION_PRODUCER_DIED);
}

static void
log_forget(struct session *s, struct completion *n)
{
	log_put(s, &n->status, 0);
	log_put(s, &n->value, 0);
}

/* ---- the hold ------------------------------------------------------------------ */

uint64_t
completion_hold(struct session *s, uint32_t completion)
{
	return __atomic_load_n(&completion_at(s, completion)->hold, __ATOMIC_RELAXED);
}

bool
completion_is_held(struct session *s, uint32_t completion)
{
	uint64_t number = completion_hold(s, completion);

	return number != 0 && hold_is_held(s->c, number);
}

void
completion_set_hold(struct session *s, uint32_t completion, uint64_t number)
{
	log_put_wide(s, &completion_at(s, completion)->hold, number);
	log_commit(s);
}

/* ---- whether it is idle -------------------------------------------------------- */

/* Whether the name stays even without waiters: it is initialised, above 0, has a producer or a
 * borrower, or has failed. */
static bool
is_pinned(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) != COMPLETION_USED || get(&n->done) != 0 || get(&n->failed) != 0 ||
	       get(&n->producers.head) != 0 || get(&n->borrowers.head) != 0;
}

bool
completion_is_idle(struct session *s, uint32_t completion)
{
	return !is_pinned(s, completion) && get(&completion_at(s, completion)->waiters.head) == 0 &&
	       !completion_is_held(s, completion);
}

bool
completion_drop_if_idle(struct session *s, uint32_t completion)
{
	if (is_pinned(s, completion) || waitqueue_reap_to_first(s, completion) != 0 || s->damaged ||
	    completion_is_held(s, completion))
		return false;
	hashtable_log_unlink(s, completion);
	hashtable_log_free(s, completion);
	return log_commit(s);
}

/* ---- changes ----------------------------------------------------------------- */

/* Whether some of its names are enough for the wait of this entry, and it can take what it needs
 * from others. */
static bool
is_served_elsewhere(struct session *s, uint32_t entry)
{
	uint32_t quorum = waitqueue_quorum(s, entry), found = 0, i;
	struct entry *e = entry_at(s, entry);

	if (quorum == 0)
		return false;
	for (struct wait_walk walk = wait_walk(s, entry); (i = wait_walk_next(&walk)) != 0;) {
		uint32_t completion = get(&entry_at(s, i)->completion);

		if (i == entry || completion == 0 || completion_is_lost_to(s, completion, entry))
			continue;
		if (completion_is_open(s, completion) ||
		    (waitqueue_find_first(s, completion) == i &&
		     get(&completion_at(s, completion)->done) >= get(&e->need)))
			found++;
	}
	return found >= quorum;
}

uint64_t
completion_needed(struct session *s, uint32_t completion)
{
	uint64_t needed = 0;
	uint32_t entry;

	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		if (waitqueue_is_queued(s, entry) && !is_served_elsewhere(s, entry))
			needed += get(&entry_at(s, entry)->need);
	return needed;
}

/* ---- generations ------------------------------------------------------------------ */

uint64_t
completion_generation(struct session *s, uint32_t completion)
{
	return __atomic_load_n(&completion_at(s, completion)->generation, __ATOMIC_RELAXED);
}

bool
completion_is_of(struct session *s, uint32_t completion, uint64_t generation)
{
	return generation == 0 ||
	       (completion != 0 && completion_generation(s, completion) == generation);
}

static bool
has_bound_wait(struct session *s, uint32_t completion)
{
	uint32_t entry;

	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		if (get(&entry_at(s, entry)->flags) & ENTRY_GENERATION)
			return true;
	return false;
}

/* Invariant: all bound waits in line are bound to the generation that their name has.  A wait joins
 * only while that is so.  The job, which is written down by the commit that gives a new generation,
 * ends all of them before another call can join. */
static enum job_kind
log_generation(struct session *s, uint32_t completion, int64_t now_ns)
{
	enum job_kind job = has_bound_wait(s, completion) ? JOB_OUTDATE : JOB_NONE;

	if (job != JOB_NONE)
		waitqueue_wake_at_least(s, completion, WAITQUEUE_WAKES);
	log_put_wide(s, &completion_at(s, completion)->generation, generation_draw(s, now_ns));
	return job;
}

enum job_kind
completion_log_generation(struct session *s, uint32_t completion)
{
	return log_generation(s, completion, clock_now_ns());
}

/* ---- back to zero ----------------------------------------------------------------- */

/* Puts counter, status, value and age back to zero, and gives a new generation. */
static enum job_kind
log_zero(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);
	int64_t now_ns = clock_now_ns();
	enum job_kind job = log_generation(s, completion, now_ns);

	log_put_wide(s, &n->since_ns, (uint64_t)now_ns);
	log_put(s, &n->done, 0);
	log_put(s, &n->flags, get(&n->flags) & ~(COMPLETION_PRODUCER_DIED | COMPLETION_READY));
	log_put(s, &n->failed, 0);
	log_put(s, &n->lent, 0);
	log_forget(s, n);
	return get(&n->borrowers.head) != 0 ? JOB_RECALL : job;
}

enum job_kind
completion_log_anew(struct session *s, uint32_t completion, bool always)
{
	struct completion *n = completion_at(s, completion);

	if (!always && get(&n->done) != COMPL_ALL && get(&n->failed) == 0)
		return JOB_NONE;
	return log_zero(s, completion);
}

/* Puts the statistics back to zero, in the transaction under way.  A waiter that leaves without the
 * lock, at its deadline, may add to them while the commit stores the zeros.  Then they may miss
 * that wait, or a part of its time. */
static void
log_no_statistics(struct session *s, struct completion *n)
{
	log_put_wide(s, &n->waits, 0);
	log_put_wide(s, &n->waits_ns, 0);
	log_put_wide(s, &n->waits_io_ns, 0);
}

bool
completion_carries_something(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return (get(&n->flags) & (COMPLETION_INIT | COMPLETION_READY)) || get(&n->done) != 0 ||
	       get(&n->lent) != 0 || get(&n->status) != 0 || get(&n->failed) != 0 ||
	       get(&n->value) != 0;
}

enum job_kind
completion_log_init(struct session *s, uint32_t completion, uint32_t tokens)
{
	struct completion *n = completion_at(s, completion);
	enum job_kind job;

	if (get(&n->flags) & COMPLETION_INIT)
		return JOB_NONE;
	if (tokens != 0 && !completion_carries_something(s, completion))
		log_put(s, &n->done, tokens);
	job = completion_log_generation(s, completion);
	log_no_statistics(s, n);
	log_put(s, &n->flags, get(&n->flags) | COMPLETION_INIT);
	return job;
}

enum job_kind
completion_log_reinit(struct session *s, uint32_t completion, bool permanent)
{
	struct completion *n = completion_at(s, completion);
	enum job_kind job = log_zero(s, completion);
	uint32_t flags = get(&n->flags) & ~(COMPLETION_PRODUCER_DIED | COMPLETION_READY);

	log_no_statistics(s, n);
	ready_producers_log_none(s, completion);
	if (permanent)
		log_put(s, &n->flags, flags | COMPLETION_INIT);
	return job;
}

void
completion_log_take(struct session *s, uint32_t completion, uint32_t need)
{
	struct completion *n = completion_at(s, completion);
	uint32_t done = get(&n->done);

	if (completion_is_open(s, completion))
		return;
	log_put(s, &n->done, done - need);
	if (done == need && !(get(&n->flags) & COMPLETION_INIT))
		log_forget(s, n);
}

void
completion_note_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io)
{
	struct completion *n = completion_at(s, completion);
	uint64_t ns = clock_elapsed(since_ns, clock_now_ns());

	__atomic_add_fetch(&n->waits, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&n->waits_ns, ns, __ATOMIC_RELAXED);
	if (io)
		__atomic_add_fetch(&n->waits_io_ns, ns, __ATOMIC_RELAXED);
}
