/* SPDX-License-Identifier: ISC
 *
 * log.h - changes under the lock, which happen all at once or not at all
 *
 *	log_put(s, &completion->done, 3);
 *	log_put(s, &completion->status, 0);
 *	if (!log_commit(s)) ... the segment is damaged, nothing was changed
 *
 * A transaction is a list of words and their new, absolute values.  Between log_put() and
 * log_commit() a word still has its old value, so it must not be read.  The caller holds the lock.
 */
#ifndef LOG_H
#define LOG_H

#include "shm/segment/session.h"

/* Adds the new value of a word to the transaction under way. */
void log_put(struct session *s, uint32_t *word, uint32_t value);

/* Does the same for a word of 64 bits. */
void log_put_wide(struct session *s, void *word, uint64_t value);

/* Makes all changes of the transaction, and begins an empty one.  False: the session is damaged,
 * and the transaction was dropped. */
bool log_commit(struct session *s);

/* Commits, and then looks whether the segment's file is still linked.  If it is not, a second
 * commit puts all words of the transaction back.  Returns whether the transaction stands.  False:
 * it does not, or the session is damaged. */
bool log_commit_if_linked(struct session *s);

/* Finishes what a dead owner of the lock has committed.  next_completion, next_entry: whether the
 * log may name one record more than the table has, because that record has its page.  False:
 * log_commit() cannot have written this log. */
bool log_replay(struct session *s, bool next_completion, bool next_entry);

#endif
