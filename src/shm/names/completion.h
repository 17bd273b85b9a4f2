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

/* Returns the number of the byte (hold.h) that the producers of the completion hold, or 0 if none
 * has held it. */
uint64_t completion_hold(struct session *s, uint32_t completion);

/* Whether anybody holds that byte: what a producer has started, or the producer itself.  Makes a
 * system call, unless the number is 0. */
bool completion_is_held(struct session *s, uint32_t completion);

/* Sets that number.  Commits. */
void completion_set_hold(struct session *s, uint32_t completion, uint64_t number);

/* Puts counter, status, value and age back to zero, in the transaction under way, if the completion
 * is at "all". */
void completion_log_anew(struct session *s, uint32_t completion);

/* Puts counter, status, value, age and statistics back to zero, in the transaction under way. */
void completion_log_reinit(struct session *s, uint32_t completion);

/* Stores the status and the value of a post, in the transaction under way.  The first status other
 * than 0 stays, together with its value.  Until then the latest value counts. */
void completion_log_status(struct session *s, uint32_t completion, const struct compl_post *post);

/* Returns how many tokens the waiters in line need.  A wait for any of several names that can take
 * what it needs from another name needs none here. */
uint64_t completion_needed(struct session *s, uint32_t completion);

/* Makes a completion permanent, and resets its statistics, unless it is permanent already.
 * Commits. */
void completion_init(struct session *s, uint32_t completion);

/* Takes `need` tokens, in the transaction under way.  The caller has seen that they are there.
 * Takes nothing from a completion at "all".  A completion that is not permanent forgets its status
 * and its value together with the last token. */
void completion_log_take(struct session *s, uint32_t completion, uint32_t need);

/* Copies the value to text, which has LAYOUT_VALUE bytes.  *length is 0 if there is no value, else
 * the length of the value + 1. */
void completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length);

/* Copies the status and the value. */
void completion_read_payload(struct session *s, uint32_t completion, struct compl_payload *payload);

/* Adds a wait that began at since_ns, and ends now, to the statistics; with io, also to those of
 * the waits for I/O. */
void completion_note_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io);

#endif
