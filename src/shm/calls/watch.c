/* SPDX-License-Identifier: ISC
 *
 * watch.c - chooses the words that a wait sleeps on, and sleeps on them
 *
 * What a wait sleeps on:
 *
 *	all names	the beacon of the entry ahead, in the first waitqueue in which there is one;
 *			if there is none, the bell of the first name that has too few tokens
 *	some names	one such word for every name, on all of them at once
 *
 * The first in line of a name that has producers, and is not at "all", also sleeps on the beacons
 * of all these producers; even if one of them is ready and the name holds nobody up, because a wait
 * over several names has to notice when that ends.  While one is ready, also at "all".
 *
 * Ordering: the expected value of each word is read under the lock (watch_arm()).  If a word
 * changes after that, the kernel refuses the sleep (watch_sleep()).
 *
 * The death of a producer wakes one sleeper of its beacon.  If that sleeper is killed before it has
 * reaped the producer, its own beacon wakes the next in line.  That waiter is then first in line,
 * and looks at the producers.  Hence only the first watches all producers.  Two cases need more:
 *
 * A waiter that was the first, and has been released, may still sleep on the producers' beacons
 * until it runs, and take the one wake with it.  Therefore the next first sleeps on the beacon of
 * that waiter until it has left, and only then on the producers' beacons.
 *
 * The first may be stopped.  Therefore every other waiter sleeps on the beacon of one producer too.
 * It hands on every such wake (watch_pass_on()).  If it is killed before that, the kernel hands the
 * wake on, because the beacon is its pending operation (Linux 6.2).  Only one word can be pending,
 * so it watches only one producer.
 *
 * The owner of a beacon may die without a report (entry_may_be_unreported()), and then its beacon
 * does not change.  Therefore a waiter after such an entry sleeps as long as the first in line at
 * the most, and then asks about the owner (readiness.c).  It does so wherever it stands, because
 * nobody may tell it when the entry ahead becomes the first.
 *
 * A borrower's end lets a wait go on.  Its beacon is watched as that of a producer is.
 *
 * What failed before: every waiter watched all producers.  The last in line was woken and killed;
 * nobody came after it, and the others slept on.
 */
#include "shm/calls/watch.h"

#include "api/clock.h"
#include "shm/names/borrower.h"
#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/producer.h"
#include "shm/names/waitqueue.h"

#define FALLBACK_NS CLOCK_SECOND_NS /* without futex_waitv(2) */

/* Whether the same word is watched already with another value.  The kernel would never let us
 * sleep. */
static bool
contradicts(const struct wait *w, const struct futex_watch *watch)
{
	for (const struct futex_watch *other = w->watches; other < watch; other++)
		if (other->word == watch->word && other->expected != watch->expected)
			return true;
	return false;
}

/* Watches the word that changes when the blocker of name i is gone.  False: it has just gone. */
static bool
watch_blocker(struct wait *w, size_t i, uint32_t ahead)
{
	struct futex_watch *watch = &w->watches[w->watch_count++];
	enum waitqueue_watch how = waitqueue_watch(&w->s, w->entries[i], ahead, watch);

	if (contradicts(w, watch))
		session_note_damage(&w->s);
	w->has_watchdog |= ahead == 0 || entry_may_be_unreported(&w->s, entry_at(&w->s, ahead));
	w->brief |= how == WAITQUEUE_WATCH_BRIEF;
	return how != WAITQUEUE_GONE;
}

/* Whether name i has producers or borrowers whose end concerns its waits.  At "all" only the end of
 * a ready producer does: it may have covered a status, or the death of another producer. */
static bool
is_produced(struct wait *w, size_t i)
{
	struct completion *n;

	if (w->completions[i] == 0)
		return false;
	n = completion_at(&w->s, w->completions[i]);
	return (get(&n->producers.head) != 0 || get(&n->borrowers.head) != 0) &&
	       (get(&n->done) != COMPL_ALL || completion_is_ready(&w->s, w->completions[i]));
}

/* Watches the beacon of an entry.  If there is no room for another word, the sleep is brief
 * instead.  False: the beacon has no owner any more. */
static bool
watch_beacon(struct wait *w, uint32_t entry)
{
	uint32_t *beacon = &entry_at(&w->s, entry)->beacon, value = robust_load(beacon);

	if (w->watch_count == FUTEX_WATCH_MAX)
		w->brief = true;
	else
		w->watches[w->watch_count++] = (struct futex_watch){ beacon, value };
	return robust_owner(value) != 0;
}

/* Watches the word of the waitqueue of each produced name too, because the wait may become the
 * first there while it sleeps on the word of another waitqueue.  False: a blocker has just gone. */
static bool
watch_produced(struct wait *w, const struct readiness *readiness)
{
	for (size_t i = 0; i < w->req->count; i++)
		if (is_produced(w, i) && get(&entry_at(&w->s, w->entries[i])->watch) == 0 &&
		    !watch_blocker(w, i, readiness->ahead[i]))
			return false;
	return true;
}

/* The entry that was the first in line before ours, was released, and still watches the producers;
 * or 0. */
static uint32_t
find_stale(struct wait *w, size_t i)
{
	struct completion *n = completion_at(&w->s, w->completions[i]);
	uint32_t watcher = get(&n->watcher);
	struct entry *e;

	if (watcher == 0 || watcher > w->s.entries || watcher == w->entries[i])
		return 0;
	e = entry_at(&w->s, watcher);
	return entry_is_alive(e) && get(&e->watch) == offset_of(&w->s, &n->bell) ? watcher : 0;
}

/* Watches the beacons of all borrowers of name i that live.  Of a stray nothing tells that it ends,
 * so the sleep is brief while there is one.  False: a borrower has just ended. */
static bool
watch_borrowers(struct wait *w, size_t i)
{
	struct queue_walk walk = borrower_walk(&w->s, w->completions[i]);
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0) {
		bool lives = borrower_is_alive(&w->s, entry);

		if (lives ? !watch_beacon(w, entry) : borrower_has_ended(&w->s, entry))
			return false;
		w->brief |= !lives;
	}
	return true;
}

/* Watches the beacons of all producers and borrowers of name i, for the first in line.  While a
 * former first may still sleep on them, watches the beacon of that waiter instead.  It may be
 * stopped, so the sleep is brief.  False: a beacon has no owner any more. */
static bool
watch_as_first(struct wait *w, size_t i)
{
	struct completion *n = completion_at(&w->s, w->completions[i]);
	uint32_t entry = find_stale(w, i);

	if (entry != 0) {
		w->brief = true;
		return watch_beacon(w, entry);
	}
	put(&n->watcher, w->entries[i]);
	for (struct queue_walk walk = producer_walk(&w->s, w->completions[i]);
	     (entry = queue_next(&walk)) != 0;)
		if (!watch_beacon(w, entry))
			return false;
	return watch_borrowers(w, i);
}

/* Returns an entry whose beacon a witness watches, or 0 if there are only strays. */
static uint32_t
find_beacon_for_witness(struct wait *w, size_t i)
{
	uint32_t producer = get(&completion_at(&w->s, w->completions[i])->producers.head);

	return producer != 0 ? producer : borrower_find_living(&w->s, w->completions[i]);
}

/* Watches the beacon of one producer, because the first in line may be stopped.  It is a producer
 * of the first produced name in which another waiter is ahead of us.
 *
 * A waiter that is stopped while first in line, just as it is woken, can neither reap nor hand the
 * wake on.  So the next in line looks as often as the first would.  With several producers it looks
 * every second, because it watches only one of them.  With several borrowers it need not: while the
 * first is stopped in line, it holds up their tokens. */
static bool
watch_as_witness(struct wait *w, const struct readiness *readiness)
{
	uint32_t entry;

	for (size_t i = 0; i < w->req->count; i++) {
		if (!is_produced(w, i) || readiness->ahead[i] == 0)
			continue;
		if (waitqueue_reap_to_first(&w->s, w->completions[i]) == readiness->ahead[i]) {
			w->has_watchdog = true;
			w->brief |= producer_count(&w->s, w->completions[i]) > 1;
		}
		entry = find_beacon_for_witness(w, i);
		return entry == 0 || watch_beacon(w, entry);
	}
	return true;
}

/* Watches the producers' beacons after all other words.  The kernel queues the sleeper word by
 * word.  If a later word has changed, the sleep is refused, but an earlier beacon may by then have
 * given us the one wake of its owner's death.  False: something has just gone. */
static bool
watch_producers(struct wait *w, const struct readiness *readiness)
{
	if (!watch_produced(w, readiness))
		return false;
	w->own_count = w->watch_count;
	if (!watch_as_witness(w, readiness))
		return false;
	for (size_t i = 0; i < w->req->count; i++)
		if (is_produced(w, i) && readiness->ahead[i] == 0 && !watch_as_first(w, i))
			return false;
	return true;
}

/* Watches the words of the waitqueues: one for each name that was not removed, if some are enough,
 * otherwise one.  A name whose producer went away is watched too: a post rings its bell and wakes
 * nobody else.  False: a blocker has just gone. */
static bool
watch_blockers(struct wait *w, const struct readiness *readiness)
{
	bool any = wait_has_choice(w);
	enum blocker kind = BLOCKER_SHORT;

	for (size_t i = 0; i < w->req->count; i++) {
		put(&entry_at(&w->s, w->entries[i])->watch, 0);
		if (readiness->blocker[i] == BLOCKER_AHEAD)
			kind = BLOCKER_AHEAD;
	}
	for (size_t i = 0; i < w->req->count; i++) {
		if ((!any && readiness->blocker[i] != kind) || w->completions[i] == 0)
			continue;
		if (!watch_blocker(w, i, readiness->ahead[i]))
			return false;
		if (!any)
			break;
	}
	return true;
}

void
watch_arm(struct wait *w, const struct readiness *readiness)
{
	w->watch_count = 0;
	w->has_watchdog = w->brief = false;
	if (!watch_blockers(w, readiness) || !watch_producers(w, readiness))
		w->watch_count = 0;
}

/* Without futex_waitv(2), sleeps on the first word only, for FALLBACK_NS at the most.  The sleep
 * was a brief one then. */
static enum futex_result
sleep_on_words(struct wait *w, int64_t deadline_ns)
{
	enum futex_result result;

	if (w->watch_count == 1)
		return futex_wait(w->watches[0].word, w->watches[0].expected, deadline_ns);
	result = futex_wait_any(w->watches, w->watch_count, deadline_ns);
	if (result != FUTEX_UNSUPPORTED)
		return result;
	result = futex_wait(w->watches[0].word, w->watches[0].expected,
			    clock_sooner(deadline_ns, FALLBACK_NS));
	w->brief |= result == FUTEX_TIMED_OUT;
	return result;
}

enum futex_result
watch_sleep(struct wait *w, int64_t deadline_ns)
{
	if (w->own_count < w->watch_count && !robust_is_mixed(&w->s.thread))
		robust_set_pending(&w->s.thread, w->watches[w->own_count].word);
	return sleep_on_words(w, deadline_ns);
}

void
watch_report(struct wait *w)
{
	for (size_t i = 0; i < w->watch_count; i++) {
		uint32_t offset = offset_of(&w->s, w->watches[i].word);
		uint32_t entry =
			offset < LAYOUT_ENTRIES_AT ? 0 : (offset - LAYOUT_ENTRIES_AT) / 128;

		if (entry != 0 && entry_may_be_unreported(&w->s, entry_at(&w->s, entry)))
			waitqueue_report(&w->s, entry);
	}
}

void
watch_pass_on(struct wait *w)
{
	if (w->own_count >= w->watch_count)
		return;
	for (size_t i = w->own_count; i < w->watch_count; i++)
		if (robust_owner(robust_load(w->watches[i].word)) == 0)
			futex_wake(w->watches[i].word, 1);
	robust_set_pending(&w->s.thread, NULL);
}
