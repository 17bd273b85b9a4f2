/* SPDX-License-Identifier: ISC
 *
 * segment_check.c - checks the links, flags, status and value of every record of a segment, starts
 * the repair of damage, and reads the count of lost wake-ups
 *
 * Locking: the check holds the lock, and segment_lock() has recovered after a dead owner.  So what
 * the check finds is damage, and not what a death has left.
 *
 * The check only reads.  It counts how often it meets each record, and so finds records that are
 * linked twice, and records that are linked nowhere.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/clock.h"
#include "api/validate.h"
#include "shm/names/barrier.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/hashtable.h"
#include "shm/names/job.h"
#include "shm/names/producer.h"
#include "shm/names/queue.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/log.h"
#include "shm/segment/seat.h"

struct report {
	struct session s;
	compl_fault_fn *fault;
	void *arg;
	size_t faults;
	uint8_t *seen_completion, *seen_entry; /* by index: how often it was met */
};

__attribute__((format(printf, 2, 3))) static void
fault(struct report *r, const char *format, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	r->faults++;
	if (r->fault != NULL)
		r->fault(r->arg, line);
}

/* Notes that a record was met on a chain or in a queue.  False: do not follow its links, because
 * the index is out of range, or the record was met before. */
static bool
meet(struct report *r, uint8_t *seen, uint32_t limit, uint32_t index, const char *what)
{
	if (index > limit) {
		fault(r, "%s: index %u, but there are %u records", what, index, limit);
		return false;
	}
	if (seen[index]++ != 0) {
		fault(r, "%s: record %u is linked twice", what, index);
		return false;
	}
	return true;
}

#define KNOWN_FLAGS \
	(COMPLETION_USED | COMPLETION_INIT | COMPLETION_PRODUCER_DIED | COMPLETION_READY)

static void
check_queue(struct report *r, uint32_t completion, const struct queue *q, const char *name)
{
	uint32_t prev = 0, entry = get(&q->head), says;

	for (; entry != 0; prev = entry, entry = get(&entry_at(&r->s, entry)->next)) {
		if (!meet(r, r->seen_entry, r->s.entries, entry, "queue"))
			return;
		says = get(&entry_at(&r->s, entry)->completion);
		if (says != completion)
			fault(r, "entry %u is in the queue of %s but says completion %u", entry,
			      name, says);
		if (get(&entry_at(&r->s, entry)->prev) != prev)
			fault(r, "entry %u in the queue of %s: prev is not the entry before it",
			      entry, name);
		if (queue_of(&r->s, entry) != q)
			fault(r, "entry %u is in a queue of %s that it does not belong to", entry,
			      name);
	}
	if (get(&q->tail) != prev)
		fault(r, "%s: the tail of the queue is not its last entry", name);
}

static void
check_readiness(struct report *r, uint32_t index, const char *name)
{
	struct completion *n = completion_at(&r->s, index);
	struct queue_walk walk = producer_walk(&r->s, index);
	bool is_ready = false;
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0)
		is_ready |= get(&entry_at(&r->s, entry)->ready) != 0;
	if (is_ready != ((get(&n->flags) & COMPLETION_READY) != 0))
		fault(r, "%s: it is %sready, but its producers are %s", name,
		      is_ready ? "not " : "", is_ready ? "ready" : "not");
	if (get(&n->failed) > 255 || (get(&n->failed) != 0 && get(&n->done) != 0))
		fault(r, "%s: the last ready producer has failed with %u", name, get(&n->failed));
}

/* Whether the waiters of a name are of a barrier or not, all alike; and if they are, the name has
 * nothing else, and no round is under way. */
static void
check_barrier(struct report *r, uint32_t index, const char *name)
{
	struct completion *n = completion_at(&r->s, index);
	struct queue_walk walk = waitqueue_walk(&r->s, index);
	uint32_t parties = barrier_parties(&r->s, index), entry;

	if (!barrier_is_at_rest(&r->s, index))
		fault(r, "%s: a round of its barrier is not finished", name);
	if (parties != 0 && (get(&n->done) != 0 || get(&n->producers.head) != 0))
		fault(r, "%s: a barrier, but it has tokens or producers", name);
	while ((entry = queue_next(&walk)) != 0) {
		const struct entry *e = entry_at(&r->s, entry);
		uint32_t own = get(&e->flags) & ENTRY_BARRIER ? get(&e->need) : 0;

		if (waitqueue_is_queued(&r->s, entry) && own != parties)
			fault(r, "entry %u in the queue of %s is of a barrier of %u, others of %u",
			      entry, name, own, parties);
	}
}

static void
check_loans(struct report *r, uint32_t index, const char *name)
{
	struct completion *n = completion_at(&r->s, index);
	struct queue_walk walk = borrower_walk(&r->s, index);
	uint64_t lent = 0;
	uint32_t entry;

	check_queue(r, index, &n->borrowers, name);
	while ((entry = queue_next(&walk)) != 0)
		lent += get(&entry_at(&r->s, entry)->need);
	if (lent != get(&n->lent))
		fault(r, "%s: %u tokens are lent, but its borrowers have %llu", name, get(&n->lent),
		      (unsigned long long)lent);
	if (get(&n->done) != COMPL_ALL && lent > 0 && lent >= COMPL_ALL - get(&n->done))
		fault(r, "%s: too many tokens are lent to come back", name);
}

static void
check_completion(struct report *r, uint32_t index)
{
	struct completion *n = completion_at(&r->s, index);
	uint32_t value = get(&n->value);
	char name[sizeof(n->name) + 1] = "";

	memcpy(name, n->name, sizeof(n->name));
	if (!compl_is_name(name)) {
		fault(r, "completion %u has no valid name", index);
		return;
	}
	if (hashtable_find(&r->s, name) != index)
		fault(r, "%s: the hash table does not lead to its completion %u", name, index);
	if (!(get(&n->flags) & COMPLETION_USED) || get(&n->flags) & ~KNOWN_FLAGS)
		fault(r, "%s: the flags are %u", name, get(&n->flags));
	if ((value & 0xffff) > COMPL_VALUE_MAX + 1 || value >> 16 > 1)
		fault(r, "%s: its value has no valid slot and length", name);
	if (completion_generation(&r->s, index) - 1 >= r->s.h->generation)
		fault(r, "%s: its generation was never drawn", name);
	if (get(&n->status) > 255)
		fault(r, "%s: the status is %u", name, get(&n->status));
	if (get(&n->flags) & COMPLETION_PRODUCER_DIED && get(&n->done) != COMPL_ALL &&
	    get(&n->failed) == 0)
		fault(r, "%s: not at \"all\", although a producer died", name);
	check_queue(r, index, &n->waiters, name);
	check_barrier(r, index, name);
	check_queue(r, index, &n->producers, name);
	check_readiness(r, index, name);
	check_loans(r, index, name);
}

static void
check_hashtable(struct report *r)
{
	uint32_t names = 0;

	for (uint32_t bucket = 0; bucket < LAYOUT_BUCKETS; bucket++) {
		uint32_t index = get(bucket_at(&r->s, bucket));

		while (index != 0) {
			if (!meet(r, r->seen_completion, r->s.completions, index, "hash table"))
				break;
			if (get(&completion_at(&r->s, index)->hash) % LAYOUT_BUCKETS != bucket)
				fault(r, "completion %u is in the wrong bucket", index);
			check_completion(r, index);
			index = get(&completion_at(&r->s, index)->chain);
			names++;
		}
	}
	if (names != get(&r->s.h->names))
		fault(r, "the header says %u names, but the hash table has %u", get(&r->s.h->names),
		      names);
}

static void
check_free_completions(struct report *r)
{
	uint32_t index = get(&r->s.h->completions_free);

	while (index != 0) {
		if (!meet(r, r->seen_completion, r->s.completions, index, "free completions"))
			return;
		if (get(&completion_at(&r->s, index)->flags) != 0)
			fault(r, "completion %u is free, but its flags say in use", index);
		index = get(&completion_at(&r->s, index)->chain);
	}
}

static void
check_free_entries(struct report *r)
{
	uint32_t entry = get(&r->s.h->entries_free), last = 0;

	while (entry != 0) {
		if (!meet(r, r->seen_entry, r->s.entries, entry, "free entries"))
			return;
		if (get(&entry_at(&r->s, entry)->completion) != 0)
			fault(r, "entry %u is free, but says that it is in a queue", entry);
		last = entry;
		entry = get(&entry_at(&r->s, entry)->next);
	}
	if (get(&r->s.h->entries_free_tail) != last)
		fault(r, "free entries: the tail of the queue is not its last entry");
}

/* Reports records that are linked nowhere.  Neighbours share one line of the report, because a
 * wrong size of a table makes many of them. */
static void
check_lost(struct report *r, const uint8_t *seen, uint32_t count, const char *one, const char *many)
{
	for (uint32_t i = 1, first; i <= count; i++) {
		if (seen[i] != 0)
			continue;
		for (first = i; i < count && seen[i + 1] == 0; i++)
			;
		if (first == i)
			fault(r, "%s %u is lost", one, i);
		else
			fault(r, "%s %u to %u are lost", many, first, i);
	}
}

/* Reports owners that are dead, although the kernel has not reported it.  That is no damage, but
 * nobody may notice for long. */
static void
check_owners(struct report *r)
{
	r->s.thorough = true;
	for (uint32_t i = 1; i <= r->s.entries; i++)
		if (entry_is_unreported(&r->s, entry_at(&r->s, i)))
			fault(r, "entry %u: pid %u has died unnoticed", i,
			      get(&entry_at(&r->s, i)->pid));
}

/* A seat that a process has leaked is no damage (seat.h). */
static void
check_seats(struct report *r)
{
	const struct seat *seats = r->s.c->lock.seats.seats;

	for (uint32_t i = 0; i < LAYOUT_SEATS; i++) {
		uint32_t word = robust_load(&seats[i].owner.word);

		if (!seat_is_possible(word))
			fault(r, "seat %u of the lock: the value is 0x%x", i, word);
	}
}

static void
check_all(struct report *r)
{
	if (get(&r->s.h->log_length) != 0)
		fault(r, "the log is not empty");
	if (get(&r->s.h->job_kind) != JOB_NONE)
		fault(r, "a job is not finished");
	check_seats(r);
	check_hashtable(r);
	check_free_completions(r);
	check_free_entries(r);
	check_lost(r, r->seen_completion, r->s.completions, "completion", "completions");
	check_lost(r, r->seen_entry, r->s.entries, "entry", "entries");
	check_owners(r);
}

/* Reports damage because of which no process can take the lock. */
static void
report_damage(struct report *r)
{
	fault(r, "the lock, the log or the size of a table is not what compl can have written");
}

enum compl_result
compl_repair(struct compl_space *c)
{
	struct session s;
	enum compl_result result = session_begin_brief(&s, c, NULL);

	if (result != COMPL_OK || (result = segment_lock_for_repair(&s)) != COMPL_OK)
		return result;
	s.thorough = true;
	for (uint32_t i = 1; i <= s.entries; i++)
		entry_report(&s, entry_at(&s, i));
	seat_repair(&c->lock.seats, &c->header->lock);
	log_put(&s, &s.h->job_kind, JOB_REBUILD);
	log_commit(&s);
	job_finish(&s);
	return segment_unlock_with(&s, COMPL_OK);
}

enum compl_result
compl_check(struct compl_space *c, compl_fault_fn *fn, void *arg, size_t *faults)
{
	struct report r = { .fault = fn, .arg = arg };
	enum compl_result result = session_begin_brief(&r.s, c, NULL);

	if (result == COMPL_OK)
		result = segment_lock(&r.s, CLOCK_NEVER);
	if (result == COMPL_E_DAMAGED) {
		report_damage(&r);
		*faults = r.faults;
		return COMPL_OK;
	}
	if (result != COMPL_OK)
		return result;
	r.seen_completion = calloc(1, LAYOUT_COMPLETIONS + 1);
	r.seen_entry = calloc(1, LAYOUT_ENTRIES + 1);
	if (r.seen_completion != NULL && r.seen_entry != NULL)
		check_all(&r);
	else
		result = COMPL_E_SYSTEM;
	segment_unlock(&r.s);
	free(r.seen_completion);
	free(r.seen_entry);
	*faults = r.faults;
	return result;
}

uint32_t
compl_lost_wakeups(struct compl_space *c)
{
	return get(&c->header->lost_wakeups);
}
