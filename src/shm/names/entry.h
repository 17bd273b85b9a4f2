/* SPDX-License-Identifier: ISC
 *
 * entry.h - the records that lines are made of, and the queue of those that are free
 *
 * First in, first out, so that an entry rests as long as possible.  All calls: under the
 * lock.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "shm/segment/session.h"

/* Its beacon has an owner. */
bool entry_is_alive(const struct entry *e);

/* A living entry is recorded to sleep, or to be about to sleep, on p's beacon. */
bool entry_is_watched(struct session *s, const struct entry *e);

/* An entry that may be used: the head of the free queue, or one that was never used before, whose
 * pages are reserved.  Moves entries that may not be used yet from the head of the queue to its
 * tail.  Until it is used (entry_log_use()) the next call may return it again.
 * COMPL_E_FULL_WAITERS, COMPL_E_FULL_DISK, COMPL_E_SYSTEM. */
enum compl_result entry_obtain(struct session *s, uint32_t *index);

/* The same from the whole free queue, however long, and from nowhere else; 0 if there is none. */
uint32_t entry_obtain_any(struct session *s);

/* Into the transaction under way: an entry that was obtained is in use, or an unlinked one is
 * free. */
void entry_log_use(struct session *s, uint32_t entry);
void entry_log_free(struct session *s, uint32_t entry);

#endif
