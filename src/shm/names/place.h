/* SPDX-License-Identifier: ISC
 *
 * place.h - the records that lines are made of, and the queue of those that are free
 *
 * First in, first out, so that a place rests as long as possible.  All calls: under the
 * lock.
 */
#ifndef PLACE_H
#define PLACE_H

#include "shm/segment/session.h"

/* Its beacon has an owner. */
bool place_is_alive(const struct place *p);

/* A living place is recorded to sleep, or to be about to sleep, on p's beacon. */
bool place_is_watched(struct session *s, const struct place *p);

/* A place that may be used: the head of the free queue, or one that was never used before, whose
 * pages are reserved.  Moves places that may not be used yet from the head of the queue to its
 * tail.  Until it is used (place_log_use()) the next call may return it again.
 * COMPL_E_FULL_WAITERS, COMPL_E_FULL_DISK, COMPL_E_SYSTEM. */
enum compl_result place_obtain(struct session *s, uint32_t *index);

/* The same from the whole free queue, however long, and from nowhere else; 0 if there is none. */
uint32_t place_obtain_any(struct session *s);

/* Into the transaction under way: a place that was obtained is in use, or an unlinked one is
 * free. */
void place_log_use(struct session *s, uint32_t place);
void place_log_free(struct session *s, uint32_t place);

#endif
