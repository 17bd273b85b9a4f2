/* SPDX-License-Identifier: ISC
 *
 * promise.c - makes, keeps and breaks a thread's promise to complete a name
 *
 * Invariant: between calls the beacon of each open promise is on the thread's private robust list
 * (robust_retain()).  A call puts its own words in front of these beacons.
 *
 * Crash: the thread owns the beacon before the entry is linked, and gives it up after the commit
 * that unlinks the entry (and posts).  As long as the entry is linked, others see the thread's
 * death as a producer's death.
 *
 * A promise with COMPL_PROMISE_HOLD takes the byte of the name (hold.h) under the lock, between the
 * look whether COMPL_PROMISE_SINGLE may be granted and the registration.  So of two that want to be
 * the single producer, neither sees the other's byte without seeing its entry.  If we die in
 * between, our copy of the descriptor dies with us, and the name has the number of a byte that
 * nobody holds, which means nothing.
 *
 * The last producer that leaves takes the number off the name if nobody holds the byte by then.
 * So what comes later, and drops the name, makes no system call, unless there is a stray, or a
 * producer was killed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "shm/names/barrier.h"
#include "shm/names/completion.h"
#include "shm/names/name.h"
#include "shm/names/post.h"
#include "shm/names/producer.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/os/proc_tree.h"
#include "shm/segment/file.h"
#include "shm/segment/hold.h"

_Static_assert(ROBUST_RETAINED == COMPL_PROMISES_MAX, "each has a beacon that is retained");

static enum compl_result
begin_and_lock(struct session *s, struct compl_space *c)
{
	enum compl_result result = session_begin(s, c, NULL);

	return result == COMPL_OK ? segment_lock(s, CLOCK_NEVER) : result;
}

/* Describes the promise, for producer_join() to fill in its entry. */
static void
fill_how(struct session *s, unsigned flags, const char *command, struct entry *how)
{
	*how = (struct entry){ .flags = ENTRY_PRODUCER |
					(flags & COMPL_PROMISE_CHILD ? ENTRY_CHILD : 0) |
					(flags & COMPL_PROMISE_READY ? ENTRY_READY : 0),
			       .state = STATE_PRODUCING,
			       .ticket = waitqueue_draw_ticket(s),
			       .pid = (uint32_t)getpid(),
			       .since_ns = clock_now_ns() };
	if (command != NULL)
		memcpy(how->command, command, strnlen(command, sizeof(how->command)));
}

/* If the calling process has children, writes down that what is below it may wait already
 * (detection.c).
 *
 * Ordering: under the lock.  A child that another thread starts after the look at the children can
 * join a line only after the promise.
 *
 * Crash: if we die before the promise, or between the two stores, waits look once without need: the
 * half that is written first makes the number larger. */
static void
note_if_late(struct session *s, uint64_t ticket)
{
	if (!proc_tree_has_children())
		return;
	put(&s->h->late_promise[1], (uint32_t)(ticket >> 32));
	put(&s->h->late_promise[0], (uint32_t)ticket);
}

/* Takes the byte of the name.  If the name has none yet, it gets the one of this ticket. */
static enum compl_result
take_hold(struct session *s, uint32_t completion, const struct compl_promise *promise)
{
	uint64_t number = completion_hold(s, completion);
	enum compl_result result = hold_take(promise->hold, number != 0 ? number : promise->ticket);

	if (result == COMPL_OK && number == 0)
		completion_set_hold(s, completion, promise->ticket);
	return result;
}

/* Takes the number of the byte off the name, if this producer is the last and nobody has the
 * descriptor any more. */
static void
drop_hold(struct session *s, uint32_t completion)
{
	if (completion_hold(s, completion) != 0 && producer_count(s, completion) == 1 &&
	    !completion_is_held(s, completion))
		completion_set_hold(s, completion, 0);
}

static void
close_hold(struct compl_promise *promise)
{
	int error = errno;

	if (promise->hold > 0)
		close(promise->hold);
	promise->hold = 0;
	errno = error;
}

/* Makes the name if there is none, and registers the calling thread as its producer. */
static enum compl_result
join(struct session *s, const char *name, unsigned flags, const char *command,
     struct compl_promise *promise)
{
	uint32_t completion = name_reap_and_look_up(s, name);
	enum compl_result result = COMPL_OK;
	struct entry how;

	if (completion == 0)
		result = name_make(s, name, &completion);
	else if (barrier_stands(s, completion))
		result = COMPL_E_BARRIER;
	else if (flags & COMPL_PROMISE_SINGLE &&
		 (producer_count(s, completion) > 0 || completion_is_held(s, completion)))
		result = COMPL_TIMED_OUT;
	if (result != COMPL_OK)
		return result;
	fill_how(s, flags, command, &how);
	promise->ticket = how.ticket;
	note_if_late(s, how.ticket);
	if (flags & COMPL_PROMISE_HOLD)
		result = take_hold(s, completion, promise);
	if (result == COMPL_OK)
		result = producer_join(s, completion, &how, flags & COMPL_PROMISE_ANEW,
				       &promise->entry);
	if (result == COMPL_OK)
		return result;
	close_hold(promise); /* before the look whether the name is held */
	completion_drop_if_idle(s, completion);
	return result;
}

/* Does the work of compl_promise(), with promise->hold open if one is asked for. */
static enum compl_result
promise_and_retain(struct session *s, struct compl_space *c, const char *name, unsigned flags,
		   const char *command, struct compl_promise *promise)
{
	enum compl_result result = begin_and_lock(s, c);

	if (result != COMPL_OK)
		return result;
	s->thorough = true;
	if (!robust_may_retain(&s->thread, 1))
		return segment_unlock_with(s, COMPL_E_FULL_PRODUCERS);
	result = join(s, name, flags, command, promise);
	if (result == COMPL_OK)
		result = segment_unlock_with(s, COMPL_OK);
	else
		result = segment_look_and_unlock(s, result);
	if (result == COMPL_OK)
		robust_retain(&s->thread);
	else
		robust_release_all(&s->thread);
	return result;
}

enum compl_result
compl_promise(struct compl_space *c, const char *name, unsigned flags, const char *command,
	      struct compl_promise *promise)
{
	struct session s;
	enum compl_result result = check_promise(name, flags);

	*promise = (struct compl_promise){ 0 };
	if (result != COMPL_OK)
		return result;
	if (!c->one_thread)
		return COMPL_E_ARGUMENT;
	if (flags & COMPL_PROMISE_HOLD)
		result = file_open_again(c, &promise->hold);
	if (result == COMPL_OK)
		result = promise_and_retain(&s, c, name, flags, command, promise);
	if (result != COMPL_OK)
		close_hold(promise);
	return result;
}

enum compl_result
compl_holder(struct compl_space *c, const char *name, pid_t *pid)
{
	uint32_t completion;
	uint64_t number = 0;
	struct session s;
	enum compl_result result = name_lock(&s, c, name, &completion);

	*pid = 0;
	if (result != COMPL_OK)
		return result;
	if (completion != 0 && completion_is_held(&s, completion))
		number = completion_hold(&s, completion);
	result = segment_unlock_with(&s, number != 0 ? COMPL_OK : COMPL_E_NO_NAME);
	if (result == COMPL_OK)
		*pid = hold_find_pid(c, number);
	return result;
}

/* Gives the lock back, and then gives up the beacon of the promise, whose entry is not linked any
 * more.  Returns the result of the call, or COMPL_E_DAMAGED if the call met damage: then the
 * promise stays as it is. */
static enum compl_result
close_promise(struct session *s, struct compl_promise *promise, enum compl_result result)
{
	uint32_t *beacon = &entry_at(s, promise->entry)->beacon;

	if ((result = segment_unlock_with(s, result)) == COMPL_E_DAMAGED)
		return result;
	robust_release(&s->thread, beacon);
	*promise = (struct compl_promise){ .hold = promise->hold };
	return result;
}

/* Begins a call about a promise, and takes the lock.  *completion is what was promised.  If it has
 * been removed, this closes the promise and returns COMPL_REMOVED. */
static enum compl_result
lock_and_look_up(struct session *s, struct compl_space *c, struct compl_promise *promise,
		 uint32_t *completion)
{
	enum compl_result result;

	if (promise->entry == 0)
		return COMPL_E_ARGUMENT;
	if ((result = begin_and_lock(s, c)) != COMPL_OK)
		return result;
	*completion = producer_completion(s, promise->entry, promise->ticket);
	if (*completion == 0)
		return close_promise(s, promise, COMPL_REMOVED);
	producer_reap(s, *completion);
	return COMPL_OK;
}

enum compl_result
compl_keep(struct compl_space *c, struct compl_promise *promise, struct compl_post *post,
	   bool stays)
{
	uint32_t tokens = post->ready ? COMPL_ALL : post_count(post), completion;
	struct session s;
	enum compl_result result = check_keep(post, stays);

	if (result != COMPL_OK ||
	    (result = lock_and_look_up(&s, c, promise, &completion)) != COMPL_OK)
		return result;
	post->awaited = waitqueue_reap_to_first(&s, completion) != 0;
	if ((result = post_check(&s, completion, tokens)) != COMPL_OK)
		return segment_look_and_unlock(&s, result);
	if (!stays)
		drop_hold(&s, completion);
	if (post->ready)
		result = post_ready(&s, completion, promise->entry, post->value);
	else
		result = post_tokens(&s, completion, tokens, post, stays ? 0 : promise->entry);
	if (stays || result != COMPL_OK)
		return segment_unlock_with(&s, result);
	return close_promise(&s, promise, result);
}

/* The entry is the caller's as long as the promise is open, so nobody else can have it by now. */
bool
compl_is_ready(const struct compl_space *c, const struct compl_promise *promise)
{
	const struct entry *e = (const struct entry *)(c->base + LAYOUT_ENTRIES_AT);

	if (promise->entry == 0 || promise->entry > LAYOUT_ENTRIES)
		return false;
	e += promise->entry;
	return e->ticket == promise->ticket && get(&e->completion) != 0 && get(&e->ready) != 0;
}

enum compl_result
compl_end(struct compl_space *c, struct compl_promise *promise, uint8_t status)
{
	struct session s;
	uint32_t completion;
	enum compl_result result = lock_and_look_up(&s, c, promise, &completion);

	if (result != COMPL_OK)
		return result;
	if (get(&entry_at(&s, promise->entry)->ready) == 0)
		return segment_unlock_with(&s, COMPL_NOT_DONE);
	if (!file_is_linked(c))
		return segment_unlock_with(&s, COMPL_E_NO_NAMESPACE);
	drop_hold(&s, completion);
	post_ready_end(&s, completion, promise->entry, status, false);
	completion_drop_if_idle(&s, completion);
	return close_promise(&s, promise, COMPL_OK);
}

enum compl_result
compl_break(struct compl_space *c, struct compl_promise *promise)
{
	struct session s;
	uint32_t completion;
	enum compl_result result = lock_and_look_up(&s, c, promise, &completion);

	if (result != COMPL_OK)
		return result;
	if (!file_is_linked(c))
		return segment_unlock_with(&s, COMPL_E_NO_NAMESPACE);
	drop_hold(&s, completion);
	producer_leave(&s, promise->entry);
	return close_promise(&s, promise, COMPL_OK);
}
