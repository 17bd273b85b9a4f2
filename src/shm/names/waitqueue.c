/* SPDX-License-Identifier: ISC
 *
 * waitqueue.c - queues the waiters of a completion, chooses what they sleep on, and wakes them
 *
 * Whether an entry is queued is derived from the beacons and the state, never stored.  The kernel
 * changes the beacons when their owner dies, so a death needs no clean-up.  Any call that meets a
 * linked entry which is not queued any more unlinks it.
 */
#include "shm/names/waitqueue.h"

#include <limits.h>
#include <string.h>

#include "shm/names/entry.h"
#include "shm/segment/log.h"

uint32_t
waitqueue_wait_of(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);
	uint32_t index = get(&e->wait_first);
	struct entry *first = entry_at(s, index);

	if (!entry_is_alive(e) || !entry_is_alive(first) || first->ticket != e->ticket ||
	    __atomic_load_n(&first->state, __ATOMIC_ACQUIRE) != STATE_WAITING)
		return 0;
	return index;
}

/* Whether the word at this offset is a bell.  If not, it is a beacon. */
static bool
is_bell(uint32_t offset)
{
	return offset < LAYOUT_ENTRIES_AT;
}

uint32_t
waitqueue_quorum(struct session *s, uint32_t entry)
{
	uint32_t flags = get(&entry_at(s, entry)->flags);

	return flags & ENTRY_ANY ? 1 : flags >> ENTRY_AT_LEAST_SHIFT & 255;
}

/* ---- in and out ------------------------------------------------------------- */

uint64_t
waitqueue_draw_ticket(struct session *s)
{
	uint64_t ticket = ((uint64_t)get(&s->h->ticket[1]) << 32 | get(&s->h->ticket[0])) + 1;

	log_put(s, &s->h->ticket[0], (uint32_t)ticket);
	log_put(s, &s->h->ticket[1], (uint32_t)(ticket >> 32));
	log_commit(s);
	return ticket;
}

/* Writes all fields of an entry but the beacon and the links.  The entry is not linked yet, so this
 * needs no log.  The bytes of the robust list's link (beacon_link) stay as they are. */
static void
fill(struct entry *e, const struct entry *how, uint32_t self)
{
	put(&e->need, how->need);
	put(&e->wait_first, how->wait_first != 0 ? how->wait_first : self);
	put(&e->wait_next, 0);
	put(&e->watch, 0);
	put(&e->watcher, 0);
	e->ticket = how->ticket;
	put(&e->flags, how->flags);
	put(&e->pid, how->pid);
	put(&e->ended_by, 0);
	put(&e->payload, how->payload);
	put(&e->parent, how->parent);
	e->since_ns = how->since_ns;
	memcpy(e->command, how->command, sizeof(e->command));
	put(&e->state, how->state);
}

/* Unlinks all entries, of all waitqueues, that are not queued any more.  Dead producers stay
 * linked, because producer_reap() is to find them. */
static void
reap_all(struct session *s)
{
	for (uint32_t i = 1; i <= s->entries && !s->damaged; i++)
		if (get(&entry_at(s, i)->completion) != 0 && !waitqueue_is_queued(s, i) &&
		    !(get(&entry_at(s, i)->flags) & (ENTRY_PRODUCER | ENTRY_BORROWER)))
			waitqueue_unlink(s, i);
}

static enum compl_result
obtain_entry(struct session *s, uint32_t *entry)
{
	enum compl_result result = entry_obtain(s, entry);

	if (result == COMPL_OK || s->damaged)
		return result;
	reap_all(s);
	*entry = entry_obtain_any(s);
	return *entry != 0 ? COMPL_OK : result;
}

/* Crash: at the end the beacon is ours, and the entry is still free.  If we die then, the kernel
 * lets go of the beacon. */
enum compl_result
waitqueue_own_entry(struct session *s, const struct entry *how, uint32_t *entry)
{
	enum compl_result result = obtain_entry(s, entry);
	struct entry *e;

	if (result != COMPL_OK)
		return s->damaged ? COMPL_E_DAMAGED : result;
	e = entry_at(s, *entry);
	if (get(&e->completion) != 0 || robust_holds(&s->thread, &e->beacon))
		session_note_damage(s);
	if (s->damaged)
		return COMPL_E_DAMAGED;
	fill(e, how, *entry);
	if (s->thread.private != NULL && s->thread.tid == how->pid)
		put(&e->flags, get(&e->flags) | ENTRY_REPORTED);
	if (seat_is_foreign(&s->c->lock.seats))
		put(&e->flags, get(&e->flags) | ENTRY_FOREIGN);
	robust_own(&s->thread, &e->beacon);
	return COMPL_OK;
}

/* Crash: after the commit our entry is queued.  If we die then, it is not queued any more, because
 * the kernel lets go of the beacon. */
enum compl_result
waitqueue_join(struct session *s, uint32_t completion, const struct entry *how, uint32_t *entry)
{
	enum compl_result result = waitqueue_own_entry(s, how, entry);

	if (result != COMPL_OK)
		return result;
	queue_log_append(s, &completion_at(s, completion)->waiters, completion, *entry);
	if (log_commit(s))
		return COMPL_OK;
	robust_release(&s->thread, &entry_at(s, *entry)->beacon);
	return COMPL_E_DAMAGED;
}

void
waitqueue_wake_watcher(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	if (entry_is_watched(s, e) && waitqueue_is_queued(s, get(&e->watcher)))
		robust_wake(&e->beacon);
}

/* Notes that a participant which leaves a barrier has left: its entry will not be met again. */
static void
note_left(struct entry *e)
{
	uint32_t leaving = STATE_LEAVING;

	if (get(&e->state) == STATE_LEAVING)
		__atomic_compare_exchange_n(&e->state, &leaving, STATE_LEFT, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Crash: the wakes come before the commit.  If we die in between, the entry is still linked, and
 * the next owner of the lock that meets it unlinks it.  It does no harm that the waiters wake
 * before the commit: a woken waiter finds that its state has changed already, or it needs the lock
 * first. */
void
waitqueue_unlink(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	if (entry_is_alive(e))
		waitqueue_wake_entry(s, entry);
	waitqueue_wake_watcher(s, entry);
	note_left(e);
	queue_log_remove(s, entry);
	log_commit(s);
}

uint32_t
waitqueue_count(struct session *s, uint32_t completion)
{
	uint32_t entry, count = 0;

	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;)
		count += waitqueue_is_queued(s, entry);
	return count;
}

uint32_t
waitqueue_find_first(struct session *s, uint32_t completion)
{
	struct queue_walk walk = waitqueue_walk(s, completion);
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0 && !waitqueue_is_queued(s, entry))
		;
	return entry;
}

uint32_t
waitqueue_reap_to_first_slow(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	for (uint32_t steps = 0; steps <= s->entries; steps++) {
		uint32_t first = get(&n->waiters.head);

		if (first == 0 || s->damaged)
			return 0;
		if (get(&entry_at(s, first)->completion) != completion)
			break;
		if (waitqueue_is_queued(s, first))
			return first;
		waitqueue_unlink(s, first);
	}
	session_note_damage(s);
	return 0;
}

uint32_t
waitqueue_reap_ahead(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	for (uint32_t steps = 0; steps <= s->entries; steps++) {
		uint32_t prev = get(&e->prev);

		if (prev == 0 || s->damaged)
			return 0;
		if (get(&entry_at(s, prev)->completion) != get(&e->completion))
			break;
		if (waitqueue_is_queued(s, prev))
			return prev;
		waitqueue_unlink(s, prev);
	}
	session_note_damage(s);
	return 0;
}

/* All entries of a wait have the same owner, so one question is enough.
 *
 * Crash: whoever meets an entry that has not been reported yet asks again. */
bool
waitqueue_report(struct session *s, uint32_t entry)
{
	uint32_t owner = robust_owner(robust_load(&entry_at(s, entry)->beacon)), i;

	if (!entry_report(s, entry_at(s, entry)))
		return false;
	for (struct wait_walk walk = wait_walk(s, entry); (i = wait_walk_next(&walk)) != 0;) {
		uint32_t *beacon = &entry_at(s, i)->beacon, seen = robust_load(beacon);

		if (robust_owner(seen) == owner && !robust_holds(&s->thread, beacon))
			robust_release_dead(&s->thread, beacon, seen);
	}
	return true;
}

struct queue_walk
waitqueue_walk(struct session *s, uint32_t completion)
{
	return queue_walk(s, &completion_at(s, completion)->waiters, completion);
}

struct wait_walk
wait_walk(struct session *s, uint32_t entry)
{
	struct entry *e = entry_at(s, entry);

	return (struct wait_walk){ .s = s, .ticket = e->ticket, .next = get(&e->wait_first) };
}

uint32_t
wait_walk_next(struct wait_walk *walk)
{
	uint32_t entry = walk->next;

	if (entry == 0 || walk->s->damaged || walk->steps++ == COMPL_NAMES_MAX ||
	    entry_at(walk->s, entry)->ticket != walk->ticket)
		return 0;
	walk->next = get(&entry_at(walk->s, entry)->wait_next);
	return entry;
}

/* ---- sleeping and waking ---------------------------------------------------- */

/* Returns the entry whose beacon to sleep on: `ahead`; or, if another living entry is recorded to
 * watch the beacon of `ahead` already, that watcher, or the watcher of the watcher, and so on.
 *
 * A beacon that a living waiter is recorded to watch must not be rearmed by us.  That waiter was
 * released from our waitqueue and has not left yet.  Perhaps it does not sleep yet: robust_wake()
 * has changed the beacon so that it does not go to sleep, and robust_rearm() would undo that, and
 * the waiter would sleep for good.  So we sleep on the watcher's own beacon instead.  We do so only
 * briefly: the watcher leaves at once, unless it is stopped. */
static uint32_t
find_target(struct session *s, uint32_t entry, uint32_t ahead)
{
	for (uint32_t steps = 0; steps <= s->entries; steps++) {
		struct entry *a = entry_at(s, ahead);

		if (get(&a->watcher) == entry || !entry_is_watched(s, a))
			return ahead;
		ahead = get(&a->watcher);
	}
	session_note_damage(s);
	return ahead;
}

/* Arms the bell.
 *
 * Ordering: the value that the sleeper expects is stored under the lock.  If the bell changes after
 * that, the kernel refuses the sleep (FUTEX_CHANGED).  Pairs with ring(). */
static void
watch_bell(struct session *s, struct entry *e, uint32_t entry, struct futex_watch *watch)
{
	watch->word = &completion_at(s, get(&e->completion))->bell;
	watch->expected = entry;
	__atomic_store_n(watch->word, entry, __ATOMIC_SEQ_CST);
}

enum waitqueue_watch
waitqueue_watch(struct session *s, uint32_t entry, uint32_t ahead, struct futex_watch *watch)
{
	struct entry *e = entry_at(s, entry);
	uint32_t target;

	if (ahead == 0) {
		watch_bell(s, e, entry, watch);
		put(&e->watch, offset_of(s, watch->word));
		return WAITQUEUE_WATCH;
	}
	target = find_target(s, entry, ahead);
	watch->word = &entry_at(s, target)->beacon;
	watch->expected = robust_rearm(watch->word);
	put(&entry_at(s, target)->watcher, entry);
	put(&e->watch, offset_of(s, watch->word));
	if (robust_owner(watch->expected) == 0)
		return WAITQUEUE_GONE;
	return target == ahead ? WAITQUEUE_WATCH : WAITQUEUE_WATCH_BRIEF;
}

/* Rings a bell.  Returns whether anybody slept on it.
 *
 * Ordering: the store comes before the wake.  Pairs with watch_bell().
 *
 * Crash: if we die between the two, the first in line still sleeps on a bell that was rung.  There
 * is nothing for it to take yet, and the next ring wakes it whatever value the bell has. */
static bool
ring(uint32_t *bell)
{
	__atomic_store_n(bell, 0, __ATOMIC_SEQ_CST);
	return futex_wake(bell, INT_MAX) > 0;
}

/* Wakes the waiter of e on the word that it watches (e->watch).  (e->watcher is another waiter: the
 * one that watches the beacon of e.)  Returns whether anybody slept on the word. */
static bool
wake_waiter_of(struct session *s, struct entry *e)
{
	uint32_t watch = get(&e->watch), *word;

	if (watch == 0 || !entry_is_alive(e))
		return false;
	word = watched_at(s, watch);
	return is_bell(watch) ? ring(word) : robust_wake(word) > 0;
}

/* Wakes the waiter on the words of all entries of its wait, because it may sleep on any of them. */
bool
waitqueue_wake_entry(struct session *s, uint32_t entry)
{
	bool found = false;

	for (struct wait_walk walk = wait_walk(s, entry); (entry = wait_walk_next(&walk)) != 0;)
		found |= wake_waiter_of(s, entry_at(s, entry));
	return found;
}

void
waitqueue_ring(struct session *s, uint32_t completion)
{
	uint32_t first;

	while ((first = waitqueue_reap_to_first(s, completion)) != 0)
		if (ring(&completion_at(s, completion)->bell) ||
		    !entry_may_be_unreported(s, entry_at(s, first)) || !waitqueue_report(s, first))
			break;
}

unsigned
waitqueue_wake_at_least(struct session *s, uint32_t completion, unsigned missing)
{
	struct queue_walk walk = waitqueue_walk(s, completion);
	uint32_t entry;

	while (missing > 0 && (entry = queue_next(&walk)) != 0)
		missing -= waitqueue_wake_entry(s, entry);
	return missing;
}
