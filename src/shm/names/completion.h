/* SPDX-License-Identifier: ISC
 *
 * completion.h - the record of a completion: counter, status, value, statistics, and whether anything
 * keeps it
 *
 * All calls: under the lock.
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "shm/segment/session.h"

/* Nothing keeps the name: not initialised, counter 0, no producer, and no place in line, not even a
 * dead one.  Changes nothing. */
bool completion_is_idle(struct session *s, uint32_t completion);

/* Reaps the line up to its first waiter, and removes the completion from the directory if it is idle
 * then.  Returns whether it has removed it. */
bool completion_drop_if_idle(struct session *s, uint32_t completion);

/* Into the transaction under way: a completion at "all" is at zero again. */
void completion_log_anew(struct session *s, uint32_t completion);

/* Into the transaction under way: counter, status and value to zero.  The statistics are at zero, and
 * the time is noted, at once. */
void completion_log_reinit(struct session *s, uint32_t completion);

/* Into the transaction under way, of a post that has a status or a value.  The first status other
 * than 0 sticks, together with its value; until then the latest value counts. */
void completion_log_status(struct session *s, uint32_t completion, const struct compl_post *post);

/* How many tokens those who now stand in line need.  One that waits for any of several
 * names and is served by another needs none. */
uint64_t completion_needed(struct session *s, uint32_t completion);

/* Makes it permanent. */
void completion_init(struct session *s, uint32_t completion);

/* Takes need tokens, which are there; nothing from "all".  Into the transaction under
 * way.  */
void completion_take(struct session *s, uint32_t completion, uint32_t need);

/* Its value as it is now, to text, of LAYOUT_VALUE bytes; *length is 0 for none, else the
 * value's length + 1. */
void completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length);

/* Status and value as they are now. */
void completion_word(struct session *s, uint32_t completion, struct compl_word *word);

/* Adds a wait that slept since since_ns to the statistics. */
void completion_note_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io);

#endif
