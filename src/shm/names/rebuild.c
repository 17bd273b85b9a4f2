/* SPDX-License-Identifier: ISC
 *
 * rebuild.c - makes the links of a damaged segment anew from its records
 *
 * Takes for true what a record says of itself: its name, its counter, its line and its ticket.
 * Makes anew all that links records: buckets and chains, lines in the order of the tickets, free
 * lists.
 *
 * Crash: the next owner of the lock begins again, with the same result.  Nothing is read here that
 * is also written here, except what a second run writes again.
 */
#include "shm/names/rebuild.h"

#include <stdlib.h>

#include "shm/names/hashtable.h"
#include "shm/names/waitqueue.h"
#include "shm/names/entry.h"

/* An entry that stands in line, to be sorted. */
struct proc_node {
	uint64_t ticket;
	uint32_t entry;
};

static int
by_ticket(const void *a, const void *b)
{
	uint64_t x = ((const struct proc_node *)a)->ticket,
		 y = ((const struct proc_node *)b)->ticket;

	return (x > y) - (x < y);
}

/* It stands in the line of a completion that exists, or is a producer of it.  A dead producer
 * counts, because producer_reap() is to find it. */
static bool
is_linkable(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t completion = get(&e->completion), first = get(&e->wait_first);

	return completion >= 1 && completion <= s->completions && first >= 1 &&
	       first <= s->entries && get(&completion_at(s, completion)->flags) != 0 &&
	       (get(&e->flags) & ENTRY_PRODUCER || waitqueue_wait_of(s, entry) != 0);
}

/* Ends a living wait of which not all entries can be linked. */
static void
tell(struct session *s, uint32_t entry)
{
	uint32_t first = get(&entry_at(s, entry)->wait_first), waiting = STATE_WAITING;

	if (first == 0 || first > s->entries || waitqueue_wait_of(s, entry) == 0)
		return;
	__atomic_compare_exchange_n(&entry_at(s, first)->state, &waiting, STATE_LOST, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void
free_entry(struct session *s, uint32_t entry)
{
	uint32_t tail = get(&s->h->entries_free_tail);
	struct entry *e = entry_at(s, entry);

	put(&e->completion, 0);
	put(&e->prev, 0);
	put(&e->next, 0);
	put(tail == 0 ? &s->h->entries_free : &entry_at(s, tail)->next, entry);
	put(&s->h->entries_free_tail, entry);
}

static void
append(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	struct queue *q = queue_of(s, entry);
	uint32_t tail = get(&q->tail);
	put(&e->prev, tail);
	put(&e->next, 0);
	put(tail == 0 ? &q->head : &entry_at(s, tail)->next, entry);
	put(&q->tail, entry);
}

/* Puts all members into the array, and frees all other entries.  Returns how many members there
 * are. */
static size_t
collect(struct session *s, struct proc_node *nodes)
{
	size_t count = 0;

	put(&s->h->entries_free, 0);
	put(&s->h->entries_free_tail, 0);
	for (uint32_t i = 1; i <= s->entries; i++) {
		if (is_linkable(s, i)) {
			nodes[count++] = (struct proc_node){ entry_at(s, i)->ticket, i };
			continue;
		}
		if (entry_is_alive(entry_at(s, i)))
			tell(s, i);
		free_entry(s, i);
	}
	return count;
}

/* Wakes every waiter, to look again. */
static void
wake_all(struct session *s)
{
	for (uint32_t i = 1; i <= s->entries; i++)
		if (entry_is_alive(entry_at(s, i)))
			waitqueue_wake_entry(s, i);
}

void
rebuild(struct session *s)
{
	struct proc_node *nodes = malloc(((size_t)s->entries + 1) * sizeof(*nodes));
	size_t count;

	if (nodes == NULL) {
		session_note_damage(s);
		return;
	}
	hashtable_rebuild(s);
	count = collect(s, nodes);
	qsort(nodes, count, sizeof(*nodes), by_ticket);
	for (size_t i = 0; i < count; i++)
		append(s, nodes[i].entry);
	free(nodes);
	wake_all(s);
}
