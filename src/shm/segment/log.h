/* SPDX-License-Identifier: ISC
 *
 * log.h - all that changes under the lock, changes at once
 *
 *	log_put(s, &completion->done, 3);
 *	log_put(s, &completion->status, 0);
 *	if (!log_commit(s)) ... the segment is damaged, nothing was changed
 *
 * A transaction is a list of words and their new, absolute values.  A word
 * must not be read between log_put() and log_commit(): it has its old value still.
 * The caller holds the lock.
 */
#ifndef LOG_H
#define LOG_H

#include "shm/segment/session.h"

void log_put(struct session *s, uint32_t *word, uint32_t value);

/* False, with the transaction dropped, once the session is damaged. */
bool log_commit(struct session *s);

/* Finishes what a dead owner had committed.  False: the log is not one that
 * log_commit() can have written.  It may speak of one record more than there are of a kind
 * whose next record has its page. */
bool log_replay(struct session *s, bool next_completion, bool next_entry);

#endif
