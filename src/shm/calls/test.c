/* SPDX-License-Identifier: ISC
 *
 * test.c - compl_test(), the kernel's completion_done(), if possible without taking the lock
 *
 * The sequence counter (seqcount.h) tells whether something was changed while it was read.  Until
 * that is known, test_unlocked() trusts nothing that it has read: it compares every index with the
 * size of the table, and follows no chain for more steps than there are records.
 *
 * A record that is not on a chain yet is written without the log, and no reader can reach it.  When
 * a record comes off a chain, the sequence counter changes.
 */
#include "shm/names/completion.h"
#include "shm/names/hashtable.h"
#include "shm/names/name.h"
#include "shm/names/segment_lock.h"
#include "shm/segment/pages.h"
#include "shm/segment/seqcount.h"

static const struct completion *
record_at(const struct compl_space *c, uint32_t index)
{
	return (const struct completion *)(c->base + LAYOUT_COMPLETIONS_AT) + index;
}

static uint64_t
load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Sets *found to the record of a name, or to NULL if there is none.  False: the chain has an
 * impossible index, or does not end. */
static bool
follow_chain(const struct compl_space *c, uint32_t records, const char *name,
	     const struct completion **found)
{
	uint32_t hash = hashtable_hash(name), steps = 0;
	const uint32_t *buckets = (const uint32_t *)(c->base + LAYOUT_BUCKETS_AT);
	uint32_t index = get(&buckets[hash % LAYOUT_BUCKETS]);

	for (*found = NULL; index != 0; index = get(&record_at(c, index)->chain)) {
		if (index > records || steps++ > records)
			return false;
		*found = record_at(c, index);
		if (get(&(*found)->hash) == hash && hashtable_is_named(*found, name))
			return true;
		*found = NULL;
	}
	return true;
}

/* Whether no change is under way, no dead owner has left one unfinished, and the segment is not
 * removed. */
static bool
is_at_rest(const struct layout_header *h, uint32_t count)
{
	return count % 2 == 0 && get(&h->log_length) == 0 && get(&h->job_kind) == JOB_NONE &&
	       get(&h->mark) != MARK_DEAD;
}

/* Whether only waiters need the name, which may all be dead.  Then it does not exist any more. */
static bool
may_be_idle(const struct completion *n)
{
	return get(&n->flags) == COMPLETION_USED && get(&n->done) == 0;
}

/* Sets *result to the result of the test of a well-formed name.  False: only a call with the
 * lock can tell.  A change is under way, or its owner has died; or the name has producers, which
 * may have died; or its generation is asked for, and only waiters need it; or the segment is
 * removed or damaged.
 *
 * Ordering: seqcount_read() pairs with seqcount_write_end() of the poster: after COMPL_OK the
 * caller sees all that the poster has written before its post. */
static bool
test_unlocked(struct compl_space *c, const char *name, uint64_t generation,
	      enum compl_result *result)
{
	const struct layout_header *h = c->header;
	uint32_t count = seqcount_read(&h->seqcount);
	uint32_t records = get(&h->completions_made);
	const struct completion *n;

	if (!is_at_rest(h, count) || records > LAYOUT_COMPLETIONS ||
	    !pages_measure_and_compare(c, records, 0) || !follow_chain(c, records, name, &n))
		return false;
	if (n != NULL && (get(&n->producers.head) != 0 || get(&n->borrowers.head) != 0 ||
			  (generation != 0 && may_be_idle(n))))
		return false;
	if (generation != 0 && (n == NULL || load(&n->generation) != generation))
		*result = COMPL_OTHER_GENERATION;
	else
		*result = n != NULL && get(&n->done) > 0 ? COMPL_OK : COMPL_NOT_DONE;
	return seqcount_is_same(&h->seqcount, count);
}

/* Tests with the lock.  May sleep for the lock, and recovers after a dead owner. */
static enum compl_result
test_locked(struct compl_space *c, const char *name, uint64_t generation)
{
	struct session s;
	uint32_t index;
	enum compl_result result = name_lock(&s, c, name, &index);
	bool done;

	if (result != COMPL_OK)
		return result;
	if (!completion_is_of(&s, index, generation))
		return segment_unlock_with(&s, COMPL_OTHER_GENERATION);
	done = index != 0 &&
	       (get(&completion_at(&s, index)->done) > 0 || completion_is_open(&s, index));
	return segment_unlock_with(&s, done ? COMPL_OK : COMPL_NOT_DONE);
}

enum compl_result
compl_test(struct compl_space *c, const char *name, uint64_t generation)
{
	enum compl_result result;

	if (!compl_is_name(name))
		return COMPL_E_BAD_NAME;
	if (test_unlocked(c, name, generation, &result))
		return result;
	return test_locked(c, name, generation);
}
