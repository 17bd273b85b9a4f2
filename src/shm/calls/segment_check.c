/* SPDX-License-Identifier: ISC
 *
 * segment_check.c - compares every record of a segment with every invariant, and has damage
 * repaired
 *
 * Under the lock, after the repair that every dead owner brings about, so that what is
 * found is damage and not somebody's death.  Reads only; a table of who has been seen where
 * tells whether a record is in exactly one place.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/clock.h"
#include "api/validate.h"
#include "shm/names/hashtable.h"
#include "shm/names/job.h"
#include "shm/names/queue.h"
#include "shm/names/segment_lock.h"
#include "shm/segment/log.h"

struct report {
	struct session s;
	compl_fault_fn *fault;
	void *arg;
	size_t faults;
	uint8_t *seen_completion, *seen_entry;
};

__attribute__((format(printf, 2, 3))) static void
fault(struct report *r, const char *format, ...)
{
	char completion[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(completion, sizeof(completion), format, ap);
	va_end(ap);
	r->faults++;
	if (r->fault != NULL)
		r->fault(r->arg, completion);
}

/* Notes a record met on a chain, a line or a list; false if it cannot be gone on
 * from. */
static bool
meet(struct report *r, uint8_t *seen, uint32_t limit, uint32_t index, const char *what)
{
	if (index > limit) {
		fault(r, "%s: index %u of %u", what, index, limit);
		return false;
	}
	if (seen[index]++ != 0) {
		fault(r, "%s: record %u is in two places", what, index);
		return false;
	}
	return true;
}

#define KNOWN_FLAGS (COMPLETION_USED | COMPLETION_INIT | COMPLETION_PRODUCER_DIED)

static void
check_queue(struct report *r, uint32_t completion, const struct queue *q, const char *name)
{
	uint32_t prev = 0, entry = get(&q->head);
	for (; entry != 0; prev = entry, entry = get(&entry_at(&r->s, entry)->next)) {
		if (!meet(r, r->seen_entry, r->s.entries, entry, "line"))
			return;
		if (get(&entry_at(&r->s, entry)->completion) != completion)
			fault(r, "%s: place %u thinks it stands elsewhere", name, entry);
		if (get(&entry_at(&r->s, entry)->prev) != prev)
			fault(r, "%s: the line's links disagree at place %u", name, entry);
		if (queue_of(&r->s, entry) != q)
			fault(r, "%s: place %u waits among producers, or the reverse", name, entry);
	}
	if (get(&q->tail) != prev)
		fault(r, "%s: the line does not end where it says", name);
}

static void
check_completion(struct report *r, uint32_t index)
{
	struct completion *n = completion_at(&r->s, index);
	uint32_t value = get(&n->value);
	char name[sizeof(n->name) + 1] = "";

	memcpy(name, n->name, sizeof(n->name));
	if (!compl_is_name(name)) {
		fault(r, "completion %u: its name is none", index);
		return;
	}
	if (hashtable_find(&r->s, name) != index)
		fault(r, "%s: the directory does not lead to completion %u", name, index);
	if (!(get(&n->flags) & COMPLETION_USED) || get(&n->flags) & ~KNOWN_FLAGS)
		fault(r, "%s: flags %u", name, get(&n->flags));
	if ((value & 0xffff) > COMPL_VALUE_MAX + 1 || value >> 16 > 1)
		fault(r, "%s: its value is nowhere", name);
	if (get(&n->status) > 255)
		fault(r, "%s: status %u", name, get(&n->status));
	if (get(&n->flags) & COMPLETION_PRODUCER_DIED && get(&n->done) != COMPL_ALL)
		fault(r, "%s: not at \"all\", although a producer died", name);
	check_queue(r, index, &n->waiters, name);
	check_queue(r, index, &n->producers, name);
}

static void
check_hashtable(struct report *r)
{
	uint32_t names = 0;

	for (uint32_t bucket = 0; bucket < LAYOUT_BUCKETS; bucket++) {
		uint32_t index = get(bucket_at(&r->s, bucket));

		while (index != 0) {
			if (!meet(r, r->seen_completion, r->s.completions, index, "directory"))
				break;
			if (get(&completion_at(&r->s, index)->hash) % LAYOUT_BUCKETS != bucket)
				fault(r, "completion %u is in the wrong bucket", index);
			check_completion(r, index);
			index = get(&completion_at(&r->s, index)->chain);
			names++;
		}
	}
	if (names != get(&r->s.h->names))
		fault(r, "header: %u names, counted %u", get(&r->s.h->names), names);
}

static void
check_free_completions(struct report *r)
{
	uint32_t index = get(&r->s.h->completions_free);

	while (index != 0) {
		if (!meet(r, r->seen_completion, r->s.completions, index, "free completions"))
			return;
		if (get(&completion_at(&r->s, index)->flags) != 0)
			fault(r, "completion %u is free and in use", index);
		index = get(&completion_at(&r->s, index)->chain);
	}
}

static void
check_free_entries(struct report *r)
{
	uint32_t entry = get(&r->s.h->entries_free), last = 0;

	while (entry != 0) {
		if (!meet(r, r->seen_entry, r->s.entries, entry, "free places"))
			return;
		if (get(&entry_at(&r->s, entry)->completion) != 0)
			fault(r, "place %u is free and in line", entry);
		last = entry;
		entry = get(&entry_at(&r->s, entry)->next);
	}
	if (get(&r->s.h->entries_free_tail) != last)
		fault(r, "free places: the queue does not end where it says");
}

/* Those that stand side by side in one line: a table's size that is wrong makes many. */
static void
check_lost(struct report *r, const uint8_t *seen, uint32_t count, const char *what)
{
	for (uint32_t i = 1, first; i <= count; i++) {
		if (seen[i] != 0)
			continue;
		for (first = i; i < count && seen[i + 1] == 0; i++)
			;
		if (first == i)
			fault(r, "%s %u is lost", what, i);
		else
			fault(r, "%ss %u to %u are lost", what, first, i);
	}
}

static void
check_all(struct report *r)
{
	if (get(&r->s.h->log_length) != 0)
		fault(r, "header: the log is not empty");
	if (get(&r->s.h->job_kind) != JOB_NONE)
		fault(r, "header: a job is not finished");
	check_hashtable(r);
	check_free_completions(r);
	check_free_entries(r);
	check_lost(r, r->seen_completion, r->s.completions, "completion");
	check_lost(r, r->seen_entry, r->s.entries, "place");
}

static void
report_damage(struct report *r)
{
	fault(r, "the lock, the log or a table's size is not what compl can have written");
}

enum compl_result
compl_repair(struct compl_space *c)
{
	struct session s;
	enum compl_result result = session_begin_brief(&s, c);

	if (result != COMPL_OK || (result = segment_lock_damaged(&s)) != COMPL_OK)
		return result;
	log_put(&s, &s.h->job_kind, JOB_REBUILD);
	log_commit(&s);
	job_finish(&s);
	return segment_unlock_with(&s, COMPL_OK);
}

enum compl_result
compl_check(struct compl_space *c, compl_fault_fn *fn, void *arg, size_t *faults)
{
	struct report r = { .fault = fn, .arg = arg };
	enum compl_result result = session_begin_brief(&r.s, c);

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
