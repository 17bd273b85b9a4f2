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

/* Sets *done to whether the counter of a well-formed name is above 0.  False: only a call with the
 * lock can tell.  A change is under way, or its owner has died; or the name has producers, which
 * may have died; or the segment is removed or damaged.
 *
 * Ordering: seqcount_read() pairs with seqcount_write_end() of the poster: if *done is true, the
 * caller sees all that the poster has written before its post. */
static bool
test_unlocked(struct compl_space *c, const char *name, bool *done)
{
	const struct layout_header *h = c->header;
	uint32_t count = seqcount_read(&h->seqcount);
	uint32_t records = get(&h->completions_made);
	const struct completion *n;

	if (!is_at_rest(h, count) || records > LAYOUT_COMPLETIONS ||
	    !pages_measure_and_compare(c, records, 0) || !follow_chain(c, records, name, &n))
		return false;
	if (n != NULL && get(&n->producers.head) != 0)
		return false;
	*done = n != NULL && get(&n->done) > 0;
	return seqcount_is_same(&h->seqcount, count);
}

/* Tests with the lock.  May sleep for the lock, and recovers after a dead owner. */
static enum compl_result
test_locked(struct compl_space *c, const char *name)
{
	struct session s;
	uint32_t index;
	enum compl_result result = name_lock(&s, c, name, &index);
	bool done;

	if (result != COMPL_OK)
		return result;
	done = index != 0 && get(&completion_at(&s, index)->done) > 0;
	return segment_unlock_with(&s, done ? COMPL_OK : COMPL_NOT_DONE);
}

enum compl_result
compl_test(struct compl_space *c, const char *name)
{
	bool done;

	if (!compl_is_name(name))
		return COMPL_E_BAD_NAME;
	if (test_unlocked(c, name, &done))
		return done ? COMPL_OK : COMPL_NOT_DONE;
	return test_locked(c, name);
}
