/* SPDX-License-Identifier: ISC
 *
 * rebuild.c - makes the links of a damaged segment anew from its records
 *
 * rebuild() believes what a record says of itself: the name and the counter of a completion, the
 * completion and the ticket of an entry.  It makes anew all that links records: buckets and chains,
 * queues in the order of the tickets, free lists.
 *
 * Crash: the next owner of the lock begins again.  A second run may read what the first one has
 * written (`flags`, `completion`, `state`), and decides the same from it: a record that was freed
 * is freed again, and a wait that was ended (STATE_LOST) is not queued any more.
 */
#include "shm/names/rebuild.h"

#include <stdlib.h>

#include "shm/names/entry.h"
#include "shm/names/hashtable.h"
#include "shm/names/waitqueue.h"

/* An entry that is to be linked, and its ticket, by which rebuild() sorts. */
struct linkable {
	uint64_t ticket;
	uint32_t entry;
};

static int
by_ticket(const void *a, const void *b)
{
	uint64_t x = ((const struct linkable *)a)->ticket, y = ((const struct linkable *)b)->ticket;

	return (x > y) - (x < y);
}

/* Whether an entry is to be linked: it names a completion that exists, and either it is queued or
 * it is a producer.  A dead producer is linked too, because producer_reap() is to find it. */
static bool
is_linkable(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t completion = get(&e->completion), first = get(&e->wait_first);

	return completion >= 1 && completion <= s->completions && first >= 1 &&
	       first <= s->entries && get(&completion_at(s, completion)->flags) != 0 &&
	       (get(&e->flags) & (ENTRY_PRODUCER | ENTRY_BORROWER) ||
		waitqueue_is_queued(s, entry));
}

/* Whether an entry belongs to no completion because that was removed, and its wait goes on without
 * it (compl_request.at_least). */
static bool
is_removed(struct session *s, uint32_t entry)
{
	const struct entry *e = entry_at(s, entry);

	return get(&e->completion) == 0 && get(&e->flags) >> ENTRY_AT_LEAST_SHIFT != 0;
}

/* Ends the wait of an entry that cannot be linked, if that wait goes on: STATE_LOST. */
static void
end_lost_wait(struct session *s, uint32_t entry)
{
	uint32_t first = get(&entry_at(s, entry)->wait_first), waiting = STATE_WAITING;

	if (first == 0 || first > s->entries || !waitqueue_is_queued(s, entry) ||
	    is_removed(s, entry))
		return;
	__atomic_compare_exchange_n(&entry_at(s, first)->state, &waiting, STATE_LOST, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void
free_entry(struct session *s, uint32_t entry)
{
	uint32_t tail = get(&s->h->entries_free_tail);
	struct entry *e = entry_at(s, entry);

	if (get(&e->state) == STATE_LEAVING)
		put(&e->state, STATE_LEFT);
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

/* Puts all entries that are to be linked into the array, and frees all others.  Returns how many it
 * has put there. */
static size_t
collect(struct session *s, struct linkable *found)
{
	size_t count = 0;

	put(&s->h->entries_free, 0);
	put(&s->h->entries_free_tail, 0);
	for (uint32_t i = 1; i <= s->entries; i++) {
		if (is_linkable(s, i)) {
			found[count++] = (struct linkable){ entry_at(s, i)->ticket, i };
			continue;
		}
		if (entry_is_alive(entry_at(s, i)))
			end_lost_wait(s, i);
		free_entry(s, i);
	}
	return count;
}

/* Clears what cannot be of the failure of a producer. */
static void
mend_failure(struct completion *n)
{
	if (get(&n->failed) > 255 || get(&n->done) != 0)
		put(&n->failed, 0);
	if (get(&n->failed) == 0 && get(&n->done) != COMPL_ALL)
		put(&n->flags, get(&n->flags) & ~COMPLETION_PRODUCER_DIED);
}

/* Derives from the producers that were linked which completions are ready. */
static void
derive_ready(struct session *s)
{
	for (uint32_t i = 1; i <= s->completions; i++) {
		struct completion *n = completion_at(s, i);

		put(&n->flags, get(&n->flags) & ~COMPLETION_READY);
		mend_failure(n);
	}
	for (uint32_t i = 1; i <= s->entries; i++) {
		struct entry *e = entry_at(s, i);

		if (get(&e->completion) == 0 || !(get(&e->flags) & ENTRY_PRODUCER))
			continue;
		if (get(&e->ready) != 0) {
			struct completion *n = completion_at(s, get(&e->completion));

			put(&n->flags, get(&n->flags) | COMPLETION_READY);
		}
	}
}

/* How much a completion has room to lend beside its counter, to which it comes back. */
static uint64_t
room_beside(const struct completion *n)
{
	uint32_t done = get(&n->done);

	return done == COMPL_ALL ? COMPL_ALL : COMPL_ALL - done;
}

/* Derives from the borrowers that were linked how much is lent.  What would not fit is forgotten.
 * */
static void
derive_lent(struct session *s)
{
	for (uint32_t i = 1; i <= s->completions; i++)
		put(&completion_at(s, i)->lent, 0);
	for (uint32_t i = 1; i <= s->entries; i++) {
		struct entry *e = entry_at(s, i);
		struct completion *n;

		if (get(&e->completion) == 0 || !(get(&e->flags) & ENTRY_BORROWER))
			continue;
		n = completion_at(s, get(&e->completion));
		if ((uint64_t)get(&n->lent) + get(&e->need) >= room_beside(n))
			put(&e->need, 0);
		put(&n->lent, get(&n->lent) + get(&e->need));
	}
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
	struct linkable *found = malloc(((size_t)s->entries + 1) * sizeof(*found));
	size_t count;

	if (found == NULL) {
		session_note_damage(s);
		return;
	}
	hashtable_rebuild(s);
	count = collect(s, found);
	qsort(found, count, sizeof(*found), by_ticket);
	for (size_t i = 0; i < count; i++)
		append(s, found[i].entry);
	free(found);
	derive_ready(s);
	derive_lent(s);
	wake_all(s);
}
