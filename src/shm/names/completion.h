/* SPDX-License-Identifier: ISC
 *
 * completion.h - the record of a completion: counter, status, value, statistics, and whether
 * anything keeps it
 *
 * All calls: under the lock.
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "shm/segment/session.h"

/* Nothing keeps the name: not initialised, counter 0, no producer, and no entry in line, not even a
 * dead one.  Changes nothing. */
bool completion_is_idle(struct session *s, uint32_t completion);

/* Reaps the line up to its first waiter, and removes the completion from the directory if it is
 * idle then.  Returns whether it has removed it. */
bool completion_drop_if_idle(struct session *s, uint32_t completion);

/* Into the transaction under way: a completion at "all" is at zero again. */
void completion_log_anew(struct session *s, uint32_t completion);

/* Puts counter, status and value at zero, in the transaction under way.  Resets the statistics and
 * the time at once. */
void completion_log_reinit(struct session *s, uint32_t completion);

/* Stores the status and the value of a post, in the transaction under way.  The first status other
 * than 0 sticks, together with its value; until then the latest value counts. */
void completion_log_status(struct session *s, uint32_t completion, const struct compl_post *post);

/* How many tokens the waiters in line need.  A wait for any of several names that can take what it
 * needs from another name needs none. */
uint64_t completion_needed(struct session *s, uint32_t completion);

/* Makes it permanent. */
void completion_init(struct session *s, uint32_t completion);

/* Takes `need` tokens, in the transaction under way.  The caller has seen that they are there.
 * From "all" nothing is taken. */
void completion_take(struct session *s, uint32_t completion, uint32_t need);

/* Copies the value to text, of LAYOUT_VALUE bytes.  *length is 0 if there is none, else the length
 * of the value + 1. */
void completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length);

/* Copies status and value. */
void completion_read_payload(struct session *s, uint32_t completion, struct compl_payload *payload);

/* Adds a wait that began at since_ns, and ends now, to the statistics. */
void completion_note_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io);

#endif
