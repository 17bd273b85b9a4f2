/* SPDX-License-Identifier: ISC
 *
 * listing.c - copies a namespace's names, waiters, producers and borrowers into one block of memory
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
#include "shm/names/barrier.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/hold.h"
#include "shm/segment/seat.h"
#include "shm/segment/seqcount.h"

struct sizes {
	size_t names, waiters, producers, borrowers;
};

/* One block of memory: the listing, its entries, the waiters, the producers and the borrowers of
 * all entries, the numbers of bytes (hold.h), and the parents of the waiters. */
struct block {
	struct compl_listing listing;
	struct sizes room, used;
	struct compl_waiter *waiters;
	struct compl_producer *producers;
	struct compl_borrower *borrowers;
	uint64_t *holds;  /* of each entry: the number of its byte if it is held, else 0 */
	uint64_t *strays; /* of each borrower: the number of its byte if it is a stray, else 0 */
	pid_t *parents;	  /* of each waiter, when it was queued */
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
			borrower_reap(s, i);
			report_waiters(s, i);
			waitqueue_reap_to_first(s, i);
		}
}

static void
measure(struct session *s, struct sizes *sizes)
{
	*sizes = (struct sizes){ 0 };
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_listed(s, i)) {
			sizes->names += 1;
			sizes->waiters += waitqueue_count(s, i);
			sizes->producers += queue_length(producer_walk(s, i));
			sizes->borrowers += queue_length(borrower_walk(s, i));
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
	room.borrowers += 16;
	head = sizeof(*b) + room.names * (sizeof(b->entries[0]) + sizeof(b->holds[0]));
	b = calloc(1, head + room.waiters * (sizeof(b->waiters[0]) + sizeof(b->parents[0])) +
			      room.producers * sizeof(b->producers[0]) +
			      room.borrowers * (sizeof(b->borrowers[0]) + sizeof(b->strays[0])));
	if (b == NULL)
		return NULL;
	b->room = room;
	b->holds = (uint64_t *)&b->entries[room.names];
	b->waiters = (struct compl_waiter *)((char *)b + head);
	b->producers = (struct compl_producer *)(b->waiters + room.waiters);
	b->borrowers = (struct compl_borrower *)(b->producers + room.producers);
	b->strays = (uint64_t *)(b->borrowers + room.borrowers);
	b->parents = (pid_t *)(b->strays + room.borrowers);
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

/* Returns 0 unless the entry joined from the home of the segment: of other entries the pid
 * namespace is not known. */
static uint64_t
pid_namespace_of(const struct session *s, const struct entry *record)
{
	return get(&record->flags) & ENTRY_FOREIGN
		       ? 0
		       : __atomic_load_n(&s->h->pid_inode, __ATOMIC_SEQ_CST);
}

static bool
is_foreign(const struct session *s, const struct entry *record)
{
	return get(&record->flags) & ENTRY_FOREIGN || seat_is_foreign(&s->c->lock.seats);
}

/* Returns which place of its wait an entry is, or 0 if its wait cannot be walked along. */
static uint32_t
place_of(struct session *s, uint32_t entry)
{
	uint32_t place = 0, i;

	for (struct wait_walk walk = wait_walk(s, entry); (i = wait_walk_next(&walk)) != 0;) {
		if (i == entry)
			return place;
		place++;
	}
	return 0;
}

static void
fill_waiter(struct session *s, uint32_t entry, struct compl_waiter *w, int64_t now_ns)
{
	struct entry *record = entry_at(s, entry);

	w->pid = (pid_t)get(&record->pid);
	w->pid_namespace = pid_namespace_of(s, record);
	w->foreign = is_foreign(s, record);
	copy_command(w->command, record);
	w->wait = record->ticket;
	w->place = place_of(s, entry);
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
		b->parents[b->used.waiters] = (pid_t)get(&entry_at(s, entry)->parent);
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
		producer->pid_namespace = pid_namespace_of(s, record);
		producer->foreign = is_foreign(s, record);
		copy_command(producer->command, record);
		producer->will_be_ready = get(&record->flags) & ENTRY_READY;
		producer->ready = get(&record->ready) != 0;
		producer->seconds = seconds_since(record->since_ns, now_ns);
		e->producer_count++;
	}
}

/* Copies a borrower.  A stray is a process that has the descriptor of a borrower that has ended.
 * compl_list_until() looks for it after it has given the lock back, by *ticket, the number of the
 * byte. */
static void
fill_borrower(struct session *s, uint32_t entry, struct compl_borrower *borrower, uint64_t *ticket,
	      int64_t now_ns)
{
	struct entry *e = entry_at(s, entry);

	borrower->stray = !borrower_is_alive(s, entry);
	borrower->foreign = is_foreign(s, e);
	borrower->pid_namespace = pid_namespace_of(s, e);
	borrower->pid = borrower->stray ? 0 : (pid_t)get(&e->pid);
	copy_command(borrower->command, e);
	borrower->count = get(&e->need);
	borrower->seconds = seconds_since(e->since_ns, now_ns);
	*ticket = borrower->stray ? e->ticket : 0;
}

static void
fill_borrowers(struct session *s, uint32_t completion, struct block *b, struct compl_entry *e,
	       int64_t now_ns)
{
	struct queue_walk walk = borrower_walk(s, completion);
	uint32_t entry;

	e->borrower_stride = sizeof(b->borrowers[0]);
	e->borrowers = b->borrowers + b->used.borrowers;
	while ((entry = queue_next(&walk)) != 0 && b->used.borrowers < b->room.borrowers) {
		size_t i = b->used.borrowers++;

		fill_borrower(s, entry, &b->borrowers[i], &b->strays[i], now_ns);
		e->borrower_count++;
	}
}

/* Notes whether the name is held although no producer of it lives.  compl_list_until() looks for
 * the holder after it has given the lock back, by *number, that of the byte. */
static void
fill_held(struct session *s, uint32_t completion, struct compl_entry *e, uint64_t *number)
{
	e->held = e->producer_count == 0 && completion_is_held(s, completion);
	*number = e->held ? completion_hold(s, completion) : 0;
}

static void
fill_entry(struct session *s, uint32_t completion, struct compl_entry *e, int64_t now_ns)
{
	struct completion *n = completion_at(s, completion);

	memcpy(e->name, n->name, sizeof(e->name));
	e->name[sizeof(e->name) - 1] = '\0';
	e->done = get(&n->done);
	e->initialised = get(&n->flags) & COMPLETION_INIT;
	e->generation = n->generation;
	e->ready = completion_is_ready(s, completion);
	e->failed = get(&n->failed) != 0;
	e->lent = get(&n->lent);
	completion_read_payload(s, completion, &e->payload);
	e->parties = barrier_parties(s, completion);
	e->age_seconds = seconds_since(n->since_ns, now_ns);
	e->changed_seconds = seconds_since(n->changed_ns, now_ns);
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
		fill_borrowers(s, i, b, e, now_ns);
		fill_held(s, i, e, &b->holds[b->listing.count]);
		/* A waiter that has just left, without the lock, may have been the last that needed
		 * the name. */
		if (e->initialised || e->failed || e->done != 0 || e->lent != 0 ||
		    e->waiter_count > 0 || e->producer_count > 0 || e->held)
			b->listing.count++;
	}
}

static bool
has_room(const struct block *b, const struct sizes *sizes)
{
	return b != NULL && sizes->names <= b->room.names && sizes->waiters <= b->room.waiters &&
	       sizes->producers <= b->room.producers && sizes->borrowers <= b->room.borrowers;
}

/* Measures the namespace, and fills b if it is large enough.  b may be NULL. */
static enum compl_result
attempt(struct session *s, struct block *b, int64_t deadline_ns, struct sizes *sizes, bool *filled)
{
	enum compl_result result = segment_lock(s, deadline_ns);

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
fill_until_it_fits(struct session *s, int64_t deadline_ns, struct block **b)
{
	enum compl_result result;
	struct sizes sizes;
	bool filled;

	while ((result = attempt(s, *b, deadline_ns, &sizes, &filled)) == COMPL_OK && !filled) {
		free(*b);
		if ((*b = allocate(sizes)) == NULL)
			return COMPL_E_SYSTEM;
	}
	return result;
}

/* Finds a process that holds a byte, and its name. */
static pid_t
look_for_holder(const struct compl_space *c, uint64_t number, char *command, size_t size)
{
	pid_t pid = hold_find_pid(c, number);

	if (pid != 0 && proc_read(pid, "comm", command, size))
		command[strcspn(command, "\n")] = '\0';
	return pid;
}

static void
look_for_strays(const struct compl_space *c, struct block *b)
{
	for (size_t i = 0; i < b->used.borrowers; i++) {
		struct compl_borrower *borrower = &b->borrowers[i];

		if (b->strays[i] != 0)
			borrower->pid = look_for_holder(c, b->strays[i], borrower->command,
							sizeof(borrower->command));
	}
	for (size_t i = 0; i < b->listing.count; i++) {
		struct compl_entry *e = &b->entries[i];

		if (b->holds[i] != 0)
			e->holder = look_for_holder(c, b->holds[i], e->holder_command,
						    sizeof(e->holder_command));
	}
}

/* Adds what is not in the segment. */
static void
look_at_processes(const struct compl_space *c, struct block *b)
{
	for (size_t i = 0; i < b->used.waiters; i++)
		if (!b->waiters[i].foreign)
			look_at_process(&b->waiters[i], b->parents[i]);
	look_for_strays(c, b);
}

enum compl_result
compl_list_until(struct compl_space *c, int64_t deadline_ns, unsigned flags,
		 struct compl_listing **list)
{
	struct session s;
	struct block *b = NULL;
	enum compl_result result;

	*list = NULL;
	if (flags & ~(unsigned)COMPL_LIST_BRIEF)
		return COMPL_E_ARGUMENT;
	if ((result = session_begin_brief(&s, c, NULL)) == COMPL_OK)
		result = fill_until_it_fits(&s, deadline_ns, &b);
	if (result != COMPL_OK) {
		free(b);
		return result;
	}
	if (!(flags & COMPL_LIST_BRIEF))
		look_at_processes(c, b);
	qsort(b->entries, b->listing.count, sizeof(b->entries[0]), by_name);
	*list = &b->listing;
	return COMPL_OK;
}

enum compl_result
compl_list(struct compl_space *c, struct compl_listing **list)
{
	return compl_list_until(c, CLOCK_NEVER, 0, list);
}

void
compl_list_free(struct compl_listing *list)
{
	free(list);
}

uint32_t
compl_changes(const struct compl_space *c)
{
	return seqcount_read(&c->header->seqcount);
}
