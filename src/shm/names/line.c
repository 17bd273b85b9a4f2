/* SPDX-License-Identifier: ISC
 *
 * line.c - keeps the waiters of a completion in order, and puts them to sleep and wakes them
 *
 * Whether a place stands in line is derived, never stored: its beacon and that of its lead have an
 * owner, and the state of the lead is WAITING.  The kernel changes the beacons when their owner
 * dies, so a death needs no clean-up.  Any call that meets a place which does not stand any more
 * unlinks it.
 */
#include "shm/names/line.h"

#include <limits.h>
#include <string.h>

#include "shm/segment/log.h"
#include "shm/names/place.h"

uint32_t
line_lead(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);
	uint32_t index = get(&p->lead);
	struct place *lead = place_at(s, index);

	if (!place_is_alive(p) || !place_is_alive(lead) || lead->ticket != p->ticket ||
	    __atomic_load_n(&lead->state, __ATOMIC_ACQUIRE) != STATE_WAITING)
		return 0;
	return index;
}

static bool
is_bell(uint32_t offset)
{
	return offset < LAYOUT_PLACES_AT;
}

/* ---- in and out ------------------------------------------------------------- */

uint64_t
line_draw_ticket(struct session *s)
{
	uint64_t ticket = ((uint64_t)get(&s->h->ticket[1]) << 32 | get(&s->h->ticket[0])) + 1;

	log_put(s, &s->h->ticket[0], (uint32_t)ticket);
	log_put(s, &s->h->ticket[1], (uint32_t)(ticket >> 32));
	log_commit(s);
	return ticket;
}

/* Writes a place that is not linked yet, and so without the log.  The bytes of the robust list's
 * link stay as they are. */
static void
fill(struct place *p, const struct place *how, uint32_t self)
{
	put(&p->need, how->need);
	put(&p->lead, how->lead != 0 ? how->lead : self);
	put(&p->sibling, 0);
	put(&p->watch, 0);
	put(&p->watcher, 0);
	p->ticket = how->ticket;
	put(&p->flags, how->flags);
	put(&p->pid, how->pid);
	put(&p->culprit, 0);
	put(&p->status, 0);
	put(&p->value, 0);
	p->since_ns = how->since_ns;
	memcpy(p->command, how->command, sizeof(p->command));
	put(&p->state, how->state);
}

/* Unlinks all places that do not stand in line any more.  Dead producers stay: producer_reap() is
 * to find them. */
static void
sweep(struct session *s)
{
	for (uint32_t i = 1; i <= s->places && !s->damaged; i++)
		if (get(&place_at(s, i)->line) != 0 && line_lead(s, i) == 0 &&
		    !(get(&place_at(s, i)->flags) & PLACE_PRODUCER))
			line_unlink(s, i);
}

static enum compl_result
obtain_place(struct session *s, uint32_t *place)
{
	enum compl_result result = place_obtain(s, place);

	if (result == COMPL_OK || s->damaged)
		return result;
	sweep(s);
	*place = place_obtain_any(s);
	return *place != 0 ? COMPL_OK : result;
}

/* Crash: the beacon is ours, and the place is still free.  If we die the kernel lets go of the
 * beacon. */
enum compl_result
line_own_place(struct session *s, const struct place *how, uint32_t *place)
{
	enum compl_result result = obtain_place(s, place);
	struct place *p;

	if (result != COMPL_OK)
		return s->damaged ? COMPL_E_DAMAGED : result;
	p = place_at(s, *place);
	if (get(&p->line) != 0 || robust_holds(&s->thread, &p->beacon))
		session_note_damage(s);
	if (s->damaged)
		return COMPL_E_DAMAGED;
	fill(p, how, *place);
	robust_own(&s->thread, &p->beacon);
	return COMPL_OK;
}

/* Crash: after the commit we stand in line, and leave it by dying. */
enum compl_result
line_join(struct session *s, uint32_t completion, const struct place *how, uint32_t *place)
{
	enum compl_result result = line_own_place(s, how, place);

	if (result != COMPL_OK)
		return result;
	queue_log_append(s, &completion_at(s, completion)->line, completion, *place);
	if (log_commit(s))
		return COMPL_OK;
	robust_release(&s->thread, &place_at(s, *place)->beacon);
	return COMPL_E_DAMAGED;
}

/* Crash: wakes first and unlinks then.  If we die in between, the place is still linked, and the
 * next owner of the lock meets it.  A woken waiter sees its state, or needs the lock first. */
void
line_unlink(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);

	if (place_is_alive(p))
		line_poke(s, place);
	if (place_is_watched(s, p) && line_lead(s, get(&p->watcher)) != 0)
		robust_poke(&p->beacon);
	queue_log_remove(s, place);
	log_commit(s);
}

uint32_t
line_find_first(struct session *s, uint32_t completion)
{
	struct queue_walk walk = line_walk(s, completion);
	uint32_t place;

	while ((place = queue_next(&walk)) != 0 && line_lead(s, place) == 0)
		;
	return place;
}

uint32_t
line_reap_to_first(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	for (uint32_t steps = 0; steps <= s->places; steps++) {
		uint32_t first = get(&n->line.head);

		if (first == 0 || s->damaged)
			return 0;
		if (get(&place_at(s, first)->line) != completion)
			break;
		if (line_lead(s, first) != 0)
			return first;
		line_unlink(s, first);
	}
	session_note_damage(s);
	return 0;
}

uint32_t
line_reap_ahead(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);

	for (uint32_t steps = 0; steps <= s->places; steps++) {
		uint32_t prev = get(&p->prev);

		if (prev == 0 || s->damaged)
			return 0;
		if (get(&place_at(s, prev)->line) != get(&p->line))
			break;
		if (line_lead(s, prev) != 0)
			return prev;
		line_unlink(s, prev);
	}
	session_note_damage(s);
	return 0;
}

struct queue_walk
line_walk(struct session *s, uint32_t completion)
{
	return queue_walk(s, &completion_at(s, completion)->line, completion);
}

struct line_wait
line_wait(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);

	return (struct line_wait){ .s = s, .ticket = p->ticket, .next = get(&p->lead) };
}

uint32_t
line_wait_next(struct line_wait *walk)
{
	uint32_t place = walk->next;

	if (place == 0 || walk->s->damaged || walk->steps++ == COMPL_NAMES_MAX ||
	    place_at(walk->s, place)->ticket != walk->ticket)
		return 0;
	walk->next = get(&place_at(walk->s, place)->sibling);
	return place;
}

/* ---- sleeping and waking ---------------------------------------------------- */

/* The place on whose beacon to sleep: the one ahead, or, if another living place is recorded to
 * watch that already, the watcher.  The watcher was released from our line and has not gone yet,
 * and perhaps does not sleep yet.  If we took back the poke in the beacon that it watches
 * (robust_unpoke()), it would sleep for good.  It goes at once unless it is stopped, so the sleep
 * on its beacon is brief. */
static uint32_t
find_target(struct session *s, uint32_t place, uint32_t ahead)
{
	for (uint32_t steps = 0; steps <= s->places; steps++) {
		struct place *a = place_at(s, ahead);

		if (get(&a->watcher) == place || !place_is_watched(s, a))
			return ahead;
		ahead = get(&a->watcher);
	}
	session_note_damage(s);
	return ahead;
}

/* Ordering: the value that the sleeper expects is stored under the lock.  If the bell changes after
 * that, the kernel refuses the sleep (FUTEX_CHANGED).  Pairs with ring(). */
static void
watch_bell(struct session *s, struct place *p, uint32_t place, struct futex_watch *watch)
{
	watch->word = &completion_at(s, get(&p->line))->bell;
	watch->expected = place;
	__atomic_store_n(watch->word, place, __ATOMIC_SEQ_CST);
}

enum line_watch
line_watch(struct session *s, uint32_t place, uint32_t ahead, struct futex_watch *watch)
{
	struct place *p = place_at(s, place);
	uint32_t target;

	if (ahead == 0) {
		watch_bell(s, p, place, watch);
		put(&p->watch, offset_of(s, watch->word));
		return LINE_WATCH;
	}
	target = find_target(s, place, ahead);
	watch->word = &place_at(s, target)->beacon;
	watch->expected = robust_unpoke(watch->word);
	put(&place_at(s, target)->watcher, place);
	put(&p->watch, offset_of(s, watch->word));
	if (robust_owner(watch->expected) == 0)
		return LINE_GONE;
	return target == ahead ? LINE_WATCH : LINE_WATCH_BRIEF;
}

/* Returns whether anybody slept.
 *
 * Ordering: the store comes before the wake; pairs with watch_bell().
 * Crash: if we die between the two, a sleeper is left on a bell that was rung.  There is nothing
 * for it to take yet, and the next ring wakes it whatever value the bell has. */
static bool
ring(uint32_t *bell)
{
	__atomic_store_n(bell, 0, __ATOMIC_SEQ_CST);
	return futex_wake(bell, INT_MAX) > 0;
}

static bool
poke_one(struct session *s, struct place *p)
{
	uint32_t watch = get(&p->watch), *word;

	if (watch == 0 || !place_is_alive(p))
		return false;
	word = watched_at(s, watch);
	return is_bell(watch) ? ring(word) : robust_poke(word) > 0;
}

/* Wakes it on the words of all its lines, because it may sleep on any of them. */
bool
line_poke(struct session *s, uint32_t place)
{
	bool found = false;

	for (struct line_wait walk = line_wait(s, place); (place = line_wait_next(&walk)) != 0;)
		found |= poke_one(s, place_at(s, place));
	return found;
}

void
line_ring(struct session *s, uint32_t completion)
{
	if (line_reap_first(s, completion) != 0)
		ring(&completion_at(s, completion)->bell);
}

unsigned
line_rouse(struct session *s, uint32_t completion, unsigned wanting)
{
	struct queue_walk walk = line_walk(s, completion);
	uint32_t place;

	while (wanting > 0 && (place = queue_next(&walk)) != 0)
		wanting -= line_poke(s, place);
	return wanting;
}
