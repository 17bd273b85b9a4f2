/* SPDX-License-Identifier: ISC
 *
 * What a wait sleeps on:
 *
 *	all names	the beacon ahead in the first line where somebody is ahead;
 *			else the bell of the first name that is short
 *	any name	one such word for every name, slept on together
 *
 * and beside these the beacons of the producers of every name that is not at "all".
 *
 * Ordering: what is expected of each word is read under the lock; a change after that makes
 * the kernel refuse the sleep.
 *
 * The death of a producer wakes one sleeper of its beacon, and that may be one who has been
 * released meanwhile, or is killed next:
 *
 *	bad					good
 *	F: released, not yet running		the same
 *	P: dies, the kernel wakes F		the same
 *	F: leaves				F: sees P's beacon, wakes N, leaves
 *	(N sleeps on)				N: takes the lock, tells everybody
 *
 * Crash: the beacon is our pending operation until it has been passed on; so if F is killed
 * the kernel wakes N (Linux 6.2; before that, the first in line's belt does).  Only one word
 * can be pending.  Not closed: the one whom the kernel wakes is stopped at that very moment, or
 * is killed and was the last in line and the producer one of several.  There the belt is
 * left, for the first in line and the one behind it.
 */
#include "watch.h"

#include "clock.h"
#include "line.h"
#include "producer.h"
#include "wait.h"

#define FALLBACK_NS CLOCK_SECOND_NS /* without futex_waitv(2) */

/* Notes the word behind one obstacle; false if it has just gone. */
static bool
watch_obstacle(struct wait *w, size_t i, uint32_t ahead)
{
	enum line_watch how = line_watch(&w->s, w->places[i], ahead, &w->watches[w->watching++]);

	w->first |= ahead == 0;
	w->brief |= how == LINE_WATCH_BRIEF;
	return how != LINE_GONE;
}

/* Notes the beacons of the producers of a name; false if one has just died.  Where there are
 * too many of them the sleep is brief. */
static bool
watch_producers(struct wait *w, uint32_t completion)
{
	uint32_t place;

	for (struct queue_walk walk = producer_walk(&w->s, completion);
	     (place = queue_next(&walk)) != 0;) {
		uint32_t *beacon = &place_at(&w->s, place)->beacon, value = robust_load(beacon);

		if (robust_owner(value) == 0)
			return false;
		if (w->watching == FUTEX_WATCH_MAX)
			w->brief = true;
		else
			w->watches[w->watching++] = (struct futex_watch){ beacon, value };
	}
	return true;
}

static bool
is_produced(struct wait *w, size_t i)
{
	struct completion *n = completion_at(&w->s, w->completions[i]);

	return get(&n->producers.head) != 0 && get(&n->done) != COMPL_ALL;
}

/* Behind all other words: who is queued on a producer's beacon while another word has changed
 * already might be given the one wake of its death. */
static bool
watch_all_producers(struct wait *w, const struct sight *sight)
{
	w->own = w->watching;
	for (size_t i = 0; i < w->req->count; i++) {
		if (!is_produced(w, i))
			continue;
		if (!watch_producers(w, w->completions[i]))
			return false;
		if (sight->obstacle[i] == OBSTACLE_AHEAD)
			w->first |= line_first(&w->s, w->completions[i]) == sight->ahead[i];
	}
	return true;
}

static bool
watch_obstacles(struct wait *w, const struct sight *sight)
{
	bool any = wait_has_flag(w, COMPL_WAIT_ANY);
	enum obstacle kind = OBSTACLE_SHORT;

	for (size_t i = 0; i < w->req->count; i++) {
		put(&place_at(&w->s, w->places[i])->watch, 0);
		if (sight->obstacle[i] == OBSTACLE_AHEAD)
			kind = OBSTACLE_AHEAD;
	}
	for (size_t i = 0; i < w->req->count; i++) {
		if (!any && sight->obstacle[i] != kind)
			continue;
		if (!watch_obstacle(w, i, sight->ahead[i]))
			return false;
		if (!any)
			break;
	}
	return true;
}

void
watch_arm(struct wait *w, const struct sight *sight)
{
	w->watching = 0;
	w->first = w->brief = false;
	if (!watch_obstacles(w, sight) || !watch_all_producers(w, sight))
		w->watching = 0;
}

static enum futex_result
sleep_on_words(struct wait *w, int64_t deadline_ns)
{
	enum futex_result result;

	if (w->watching == 1)
		return futex_wait(w->watches[0].word, w->watches[0].expected, deadline_ns);
	result = futex_wait_any(w->watches, w->watching, deadline_ns);
	if (result != FUTEX_UNSUPPORTED)
		return result;
	result = futex_wait(w->watches[0].word, w->watches[0].expected,
			    clock_sooner(deadline_ns, FALLBACK_NS));
	return result == FUTEX_TIMED_OUT ? FUTEX_WOKEN : result;
}

enum futex_result
watch_sleep(struct wait *w, int64_t deadline_ns)
{
	if (w->own < w->watching && !robust_is_mixed(&w->s.thread))
		robust_set_pending(&w->s.thread, w->watches[w->own].word);
	return sleep_on_words(w, deadline_ns);
}

void
watch_pass_on(struct wait *w)
{
	if (w->own >= w->watching)
		return;
	for (size_t i = w->own; i < w->watching; i++)
		if (robust_owner(robust_load(w->watches[i].word)) == 0)
			futex_wake(w->watches[i].word, 1);
	robust_set_pending(&w->s.thread, NULL);
}
