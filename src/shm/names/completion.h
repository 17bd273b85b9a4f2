/* SPDX-License-Identifier: ISC
 *
 * completion - the state of a completion and its changes; nothing here sleeps
 *
 * All calls: under the lock.  Each change is one transaction; "all", a removal and a failure
 * are followed by a walk along the line (job.h).
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "shm/segment/session.h"

/* Nothing keeps the name: not initialised, counter 0, nobody alive in line, no producer. */
bool completion_is_idle(struct session *s, uint32_t completion);

/* Takes an idle one off the directory; others stay. */
void completion_drop_if_idle(struct session *s, uint32_t completion);

/* The completion of a name, or 0; an idle one is dropped and not there.  Tells of dead
 * producers first. */
uint32_t completion_find(struct session *s, const char *name);

/* directory_make(), after a sweep of all that is idle if there is no room. */
enum compl_result completion_make(struct session *s, const char *name, uint32_t *completion);

/* Whether tokens can be posted: COMPL_OK or COMPL_E_OVERFLOW. */
enum compl_result completion_may_post(struct session *s, uint32_t completion, uint32_t tokens);

/* complete(), complete_all(): tokens (COMPL_ALL for "all") with a status and a value.
 * Posts nothing on a settled one.  In the same commit the producer of a place is none any more;
 * 0 for nobody. */
void completion_post(struct session *s, uint32_t completion, uint32_t tokens,
		     const struct compl_post *post, uint32_t leaver);

/* A producer has died: "all", and whoever waits leaves.  Not on a settled one. */
void completion_orphan(struct session *s, uint32_t completion);

/* Into the transaction under way: a settled one is at zero again. */
void completion_log_anew(struct session *s, uint32_t completion);
/* How many tokens those who now stand in line need.  One that waits for any of several
 * names and is served by another needs none. */
uint64_t completion_needed(struct session *s, uint32_t completion);

/* Makes it permanent. */
void completion_init(struct session *s, uint32_t completion);

/* reinit_completion(): counter, status, value and statistics to zero. */
void completion_reinit(struct session *s, uint32_t completion);

/* Removes the name and sends its waiters away. */
void completion_remove(struct session *s, uint32_t completion);

/* Marks the segment dead and sends everybody away. */
void completion_remove_all(struct session *s);

/* Takes need tokens, which are there; nothing from "all".  Into the transaction under
 * way.  */
void completion_take(struct session *s, uint32_t completion, uint32_t need);

/* Its value as it is now, to text, of LAYOUT_VALUE bytes; *length is 0 for none, else the
 * value's length + 1. */
void completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length);

/* Status and value as they are now. */
void completion_word(struct session *s, uint32_t completion, struct compl_word *word);

/* Adds a wait that slept since since_ns to the statistics. */
void completion_count_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io);

#endif
