/* SPDX-License-Identifier: ISC
 *
 * probe.c - answers whether a name is done, without taking the lock
 *
 * A change between the first look at the count of changes and the last makes the answer void.
 * Until that is known nothing that was read is believed: every index is compared with the
 * tables' size, and a chain is followed no further than there can be records.
 *
 * Ordering: the count is read (acquire) before everything else, and once more after it (acquire
 * fence); pairs with log.c.  A record that is not on a chain yet is written without the log, and
 * cannot be reached; one that has come off a chain was a change.
 */
#include "shm/calls/probe.h"

#include "shm/names/directory.h"
#include "shm/segment/pages.h"

static const struct completion *
record_at(const struct compl_space *c, uint32_t index)
{
	return (const struct completion *)(c->base + LAYOUT_COMPLETIONS_AT) + index;
}

/* *found is the record of a name, or NULL if there is none.  False: the chain leads nowhere. */
static bool
follow_chain(const struct compl_space *c, uint32_t records, const char *name,
	     const struct completion **found)
{
	uint32_t hash = directory_hash(name), steps = 0;
	const uint32_t *buckets = (const uint32_t *)(c->base + LAYOUT_BUCKETS_AT);
	uint32_t index = get(&buckets[hash % LAYOUT_BUCKETS]);

	for (*found = NULL; index != 0; index = get(&record_at(c, index)->chain)) {
		if (index > records || steps++ > records)
			return false;
		*found = record_at(c, index);
		if (get(&(*found)->hash) == hash && directory_is_named(*found, name))
			return true;
		*found = NULL;
	}
	return true;
}

/* Nothing is under way, or waits to be repaired. */
static bool
is_at_rest(const struct layout_header *h, uint32_t changes)
{
	return changes % 2 == 0 && get(&h->log_length) == 0 && get(&h->job_kind) == JOB_NONE &&
	       get(&h->mark) != MARK_DEAD;
}

bool
probe_test(struct compl_space *c, const char *name, bool *done)
{
	const struct layout_header *h = c->header;
	uint32_t changes = __atomic_load_n(&h->changes, __ATOMIC_ACQUIRE);
	uint32_t records = get(&h->completions_made);
	const struct completion *n;

	if (!is_at_rest(h, changes) || records > LAYOUT_COMPLETIONS ||
	    !pages_check_tables(c, records, 0) || !follow_chain(c, records, name, &n))
		return false;
	if (n != NULL && get(&n->producers.head) != 0)
		return false;
	*done = n != NULL && get(&n->done) > 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return get(&h->changes) == changes;
}
