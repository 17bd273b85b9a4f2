/* SPDX-License-Identifier: ISC
 *
 * completion.h - the record of a completion: counter, status, value, statistics, and whether it is
 * idle
 *
 * Locking: all calls are made under the lock; completion_note_wait() may also be called without it.
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "shm/segment/session.h"

/* Whether nobody needs the name: it is not initialised, its counter is 0, it has no producer, no
 * entry is linked in its waitqueue, not even a dead one, and it is not held.  Changes nothing. */
bool completion_is_idle(struct session *s, uint32_t completion);

/* Reaps the waitqueue up to its first waiter, and removes the completion from the hash table if it
 * is idle then.  Returns whether it has removed it. */
bool completion_drop_if_idle(struct session *s, uint32_t completion);

/* Whether the counter is at "all". */
static inline bool
completion_is_settled(struct session *s, uint32_t completion)
{
	return get(&completion_at(s, completion)->done) == COMPL_ALL;
}

/* Whether one of the completion's producers is ready. */
static inline bool
completion_is_ready(struct session *s, uint32_t completion)
{
	return get(&completion_at(s, completion)->flags) & COMPLETION_READY;
}

/* Whether the completion covers every need, and waits do not use it up: it is at "all" or ready. */
static inline bool
completion_is_open(struct session *s, uint32_t completion)
{
	return completion_is_settled(s, completion) || completion_is_ready(s, completion);
}

/* Whether a producer has died without completing it, or as the last ready one, and no producer is
 * ready. */
static inline bool
completion_is_broken(struct session *s, uint32_t completion)
{
	uint32_t flags = get(&completion_at(s, completion)->flags);

	return (flags & (COMPLETION_PRODUCER_DIED | COMPLETION_READY)) == COMPLETION_PRODUCER_DIED;
}

/* Whether the last producer went away: without completing it, or after it was ready and has
 * failed.  To a wait with compl_request.at_least such a name is not done, whatever its counter
 * is. */
static inline bool
completion_is_lost(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return completion_is_broken(s, completion) || get(&n->failed) != 0;
}

/* Whether the wait of an entry has lost a completion: it has compl_request.at_least, and a producer
 * of the completion went away.  The completion is not done to that wait, even if it is open. */
static inline bool
completion_is_lost_to(struct session *s, uint32_t completion, uint32_t entry)
{
	return get(&entry_at(s, entry)->flags) >> ENTRY_AT_LEAST_SHIFT & 255 &&
	       completion_is_lost(s, completion);
}

/* Returns the status with which a wait would end now: 0 while a producer is ready, that of the
 * producer if the last ready one has failed, otherwise that of the counter. */
uint32_t completion_status(struct session *s, uint32_t completion);

/* Returns the number of the byte (hold.h) that the producers of the completion hold, or 0 if none
 * has held it. */
uint64_t completion_hold(struct session *s, uint32_t completion);

/* Whether anybody holds that byte: what a producer has started, or the producer itself.  Makes a
 * system call, unless the number is 0. */
bool completion_is_held(struct session *s, uint32_t completion);

/* Sets that number.  Commits. */
void completion_set_hold(struct session *s, uint32_t completion, uint64_t number);

/* Gives the completion a new generation, in the transaction under way.  Returns the job that the
 * transaction has to be committed with (job.h): it ends the waits that are bound to an older
 * generation.  JOB_NONE: there are none. */
enum job_kind completion_log_generation(struct session *s, uint32_t completion);

/* Puts counter, status, value and age back to zero, and gives a new generation, in the transaction
 * under way, if the completion is at "all" or its last ready producer has failed; or in any case,
 * if `always`.  Returns what completion_log_generation() returns. */
enum job_kind completion_log_anew(struct session *s, uint32_t completion, bool always);

/* Puts counter, status, value, age and statistics back to zero, takes back the readiness of its
 * producers, and gives a new generation, in the transaction under way.  permanent: also makes the
 * completion permanent.  Returns what completion_log_generation() returns. */
enum job_kind completion_log_reinit(struct session *s, uint32_t completion, bool permanent);

/* Stores the status and the value of a post, in the transaction under way.  The first status other
 * than 0 stays, together with its value.  Until then the latest value counts. */
void completion_log_status(struct session *s, uint32_t completion, const struct compl_post *post);

/* Ends what the failure of a ready producer has left, in the transaction under way: the counter
 * gets above 0. */
void completion_log_not_failed(struct session *s, uint32_t completion);

/* Returns its generation. */
uint64_t completion_generation(struct session *s, uint32_t completion);

/* Whether a call that is bound to a generation, or to none (0), may go on with what it has looked
 * up, which may be 0: no such name. */
bool completion_is_of(struct session *s, uint32_t completion, uint64_t generation);

/* Returns how many tokens the waiters in line need.  A wait for any of several names that can take
 * what it needs from another name needs none here. */
uint64_t completion_needed(struct session *s, uint32_t completion);

/* Makes a completion permanent, resets its statistics, and gives it a new generation, unless it is
 * permanent already, in the transaction under way.  Returns what completion_log_generation()
 * returns. */
enum job_kind completion_log_init(struct session *s, uint32_t completion, uint32_t tokens);

/* Whether a name is initialised or ready, or has a token, even if it is lent, a status or a value.
 * */
bool completion_carries_something(struct session *s, uint32_t completion);

/* Takes `need` tokens, in the transaction under way.  The caller has seen that they are there.
 * Takes nothing from a completion that is open.  A completion that is not permanent forgets its
 * status and its value together with the last token. */
void completion_log_take(struct session *s, uint32_t completion, uint32_t need);

/* Copies the value that belongs to completion_status() to text, which has LAYOUT_VALUE bytes: that
 * of the latest ready producer while there is one.  *length is 0 if there is no value, else
 * the length of the value + 1. */
void completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length);

/* Copies the status and the value. */
void completion_read_payload(struct session *s, uint32_t completion, struct compl_payload *payload);

/* Adds a wait that began at since_ns, and ends now, to the statistics; with io, also to those of
 * the waits for I/O. */
void completion_note_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io);

#endif
