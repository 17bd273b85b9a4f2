/* SPDX-License-Identifier: ISC
 *
 * listing.c - copies a namespace's names, waiters and producers into one block of memory
 *
 * attempt() counts the records under the lock.  The block is allocated without the lock, and the
 * next attempt fills it under the lock.  If there are too many records for the block by then, it is
 * allocated anew.  Dead waiters are not listed, and neither are idle names.
 *
 * The listing is of one moment.  Therefore attempt() reaps the producers of all names before it
 * fills in the first name: a producer's death may end a wait that is in several waitqueues.  A
 * producer that dies after that is still listed.
 */
#include <stdlib.h>
#include <string.h>

#include "api/clock.h"
#include "api/proc.h"
#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"

struct sizes {
	size_t names, waiters, producers;
};

/* One block of memory: the listing, its entries, the waiters and then the producers of all entries,
 * and the parents of the waiters. */
struct block {
	struct compl_listing listing;
	struct sizes room, used;
	struct compl_waiter *waiters;
	struct compl_producer *producers;
	pid_t *parents; /* of each waiter, when it was queued */
	struct compl_entry entries[];
};

static bool
is_used(struct session *s, uint32_t completion)
{
	return get(&completion_at(s, completion)->flags) & COMPLETION_USED;
}

static bool
is_listed(struct session *s, uint32_t completion)
{
	return is_used(s, completion) && !completion_is_idle(s, completion);
}

/* Asks for all waiters whose death the kernel may not have reported. */
static void
report_waiters(struct session *s, uint32_t completion)
{
	uint32_t entry;

	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		if (entry_may_be_unreported(s, entry_at(s, entry)))
			waitqueue_report(s, entry);
}

/* Reaps the producers of all names, and the entries before the first waiters.  Afterwards a name
 * that only the dead had needed is idle. */
static void
reap(struct session *s)
{
	s->thorough = true;
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_used(s, i)) {
			producer_reap(s, i);
			report_waiters(s, i);
			waitqueue_reap_to_first(s, i);
		}
}

static size_t
count_waiters(struct session *s, uint32_t completion)
{
	uint32_t entry;
	size_t count = 0;

	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		count += waitqueue_is_queued(s, entry);
	return count;
}

static void
measure(struct session *s, struct sizes *sizes)
{
	*sizes = (struct sizes){ 0 };
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_listed(s, i)) {
			sizes->names += 1;
			sizes->waiters += count_waiters(s, i);
			sizes->producers += queue_length(producer_walk(s, i));
		}
}

/* Allocates a block with this room, and some more for what comes meanwhile. */
static struct block *
allocate(struct sizes room)
{
	struct block *b;
	size_t head;

	room.names += 16;
	room.waiters += 64;
	room.producers += 16;
	head = sizeof(*b) + room.names * sizeof(b->entries[0]);
	b = calloc(1, head + room.waiters * (sizeof(b->waiters[0]) + sizeof(b->parents[0])) +
			      room.producers * sizeof(b->producers[0]));
	if (b == NULL)
		return NULL;
	b->room = room;
	b->waiters = (struct compl_waiter *)((char *)b + head);
	b->producers = (struct compl_producer *)(b->waiters + room.waiters);
	b->parents = (pid_t *)(b->producers + room.producers);
	b->listing.stride = sizeof(b->entries[0]);
	b->listing.entries = b->entries;
	return b;
}

static double
seconds_since(int64_t since_ns, int64_t now_ns)
{
	return (double)clock_elapsed(since_ns, now_ns) / 1e9;
}

static void
copy_command(char *command, const struct entry *record)
{
	memcpy(command, record->command, sizeof(record->command));
	command[sizeof(record->command) - 1] = '\0';
}

static void
fill_waiter(struct session *s, uint32_t entry, struct compl_waiter *w, int64_t now_ns)
{
	struct entry *record = entry_at(s, entry);

	w->pid = (pid_t)get(&record->pid);
	copy_command(w->command, record);
	w->need = get(&record->need);
	w->io = get(&record->flags) & ENTRY_IO;
	w->seconds = seconds_since(record->since_ns, now_ns);
}

static void
fill_waiters(struct session *s, uint32_t completion, struct block *b, struct compl_entry *e,
	     int64_t now_ns)
{
	uint32_t entry;

	e->waiter_stride = sizeof(b->waiters[0]);
	e->waiters = b->waiters + b->used.waiters;
	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;) {
		if (!waitqueue_is_queued(s, entry))
			continue;
		if (b->used.waiters == b->room.waiters)
			return;
		b->parents[b->used.waiters] =
			(pid_t)(get(&entry_at(s, entry)->flags) >> ENTRY_PARENT_SHIFT);
		fill_waiter(s, entry, &b->waiters[b->used.waiters++], now_ns);
		e->waiter_count++;
	}
}

static void
fill_producers(struct session *s, uint32_t completion, struct block *b, struct compl_entry *e,
	       int64_t now_ns)
{
	uint32_t entry;

	e->producer_stride = sizeof(b->producers[0]);
	e->producers = b->producers + b->used.producers;
	for (struct queue_walk walk = producer_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;) {
		struct entry *record = entry_at(s, entry);
		struct compl_producer *producer;

		if (b->used.producers == b->room.producers)
			return;
		producer = &b->producers[b->used.producers++];
		producer->pid = (pid_t)get(&record->pid);
		copy_command(producer->command, record);
		producer->seconds = seconds_since(record->since_ns, now_ns);
		e->producer_count++;
	}
}

static void
fill_entry(struct session *s, uint32_t completion, struct compl_entry *e, int64_t now_ns)
{
	struct completion *n = completion_at(s, completion);

	memcpy(e->name, n->name, sizeof(e->name));
	e->name[sizeof(e->name) - 1] = '\0';
	e->done = get(&n->done);
	e->initialised = get(&n->flags) & COMPLETION_INIT;
	completion_read_payload(s, completion, &e->payload);
	e->age_seconds = seconds_since(n->since_ns, now_ns);
	e->facts = COMPL_FACT_WAITS;
	e->waits = __atomic_load_n(&n->waits, __ATOMIC_RELAXED);
	e->waits_seconds = (double)__atomic_load_n(&n->waits_ns, __ATOMIC_RELAXED) / 1e9;
	e->waits_io_seconds = (double)__atomic_load_n(&n->waits_io_ns, __ATOMIC_RELAXED) / 1e9;
}

/* Notes whether the waiter is stopped, and whether it is an orphan.  former_parent is the parent
 * that it had when it was queued. */
static void
look_at_process(struct compl_waiter *w, pid_t former_parent)
{
	struct proc_stat stat;

	if (!proc_read_stat(w->pid, &stat))
		return;
	w->stopped = stat.state == 'T' || stat.state == 't';
	w->orphan = proc_is_orphan(&stat, former_parent);
	w->facts = COMPL_FACT_STOPPED | COMPL_FACT_ORPHAN;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct compl_entry *)a)->name, ((const struct compl_entry *)b)->name);
}

static void
fill(struct session *s, struct block *b)
{
	int64_t now_ns = clock_now_ns();

	for (uint32_t i = 1; i <= s->completions && b->listing.count < b->room.names; i++) {
		struct compl_entry *e = &b->entries[b->listing.count];

		if (!is_listed(s, i))
			continue;
		fill_entry(s, i, e, now_ns);
		fill_waiters(s, i, b, e, now_ns);
		fill_producers(s, i, b, e, now_ns);
		/* A waiter that has just left, without the lock, may have been the last that needed
		 * the name. */
		if (e->initialised || e->done != 0 || e->waiter_count > 0 ||
		    e->producer_count > 0 || completion_is_held(s, i))
			b->listing.count++;
	}
}

static bool
has_room(const struct block *b, const struct sizes *sizes)
{
	return b != NULL && sizes->names <= b->room.names && sizes->waiters <= b->room.waiters &&
	       sizes->producers <= b->room.producers;
}

/* Measures the namespace, and fills b if it is large enough.  b may be NULL. */
static enum compl_result
attempt(struct session *s, struct block *b, struct sizes *sizes, bool *filled)
{
	enum compl_result result = segment_lock(s, CLOCK_NEVER);

	if (result != COMPL_OK)
		return result;
	reap(s);
	measure(s, sizes);
	*filled = has_room(b, sizes);
	if (*filled)
		fill(s, b);
	return segment_look_and_unlock(s, COMPL_OK);
}

/* Allocates *b, and fills it.  Begins again with a larger block as long as the listing does not
 * fit. */
static enum compl_result
fill_until_it_fits(struct session *s, struct block **b)
{
	enum compl_result result;
	struct sizes sizes;
	bool filled;

	while ((result = attempt(s, *b, &sizes, &filled)) == COMPL_OK && !filled) {
		free(*b);
		if ((*b = allocate(sizes)) == NULL)
			return COMPL_E_SYSTEM;
	}
	return result;
}

enum compl_result
compl_list(struct compl_space *c, struct compl_listing **list)
{
	struct session s;
	struct block *b = NULL;
	enum compl_result result = session_begin_brief(&s, c, NULL);

	*list = NULL;
	if (result == COMPL_OK)
		result = fill_until_it_fits(&s, &b);
	if (result != COMPL_OK) {
		free(b);
		return result;
	}
	for (size_t i = 0; i < b->used.waiters; i++)
		if (!get(&c->header->mixed))
			look_at_process(&b->waiters[i], b->parents[i]);
	qsort(b->entries, b->listing.count, sizeof(b->entries[0]), by_name);
	*list = &b->listing;
	return COMPL_OK;
}

void
compl_list_free(struct compl_listing *list)
{
	free(list);
}
