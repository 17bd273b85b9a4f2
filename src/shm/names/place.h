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
bool place_is_watched(struct session *s, struct place *p);

/* Finds one that may be used: the head of the queue, after some that may not have been
 * moved to its tail, or one never used before, with its pages paid for.  COMPL_E_NO_PLACE,
 * COMPL_E_NO_SPACE, COMPL_E_SYSTEM.  Until it is taken it may be found again. */
enum compl_result place_find(struct session *s, uint32_t *index);

/* The last resort: looks at the whole queue; 0 if there is none. */
uint32_t place_find_any(struct session *s);

/* Into the transaction under way: a place that was found is in use, or an unlinked one is
 * free. */
void place_log_use(struct session *s, uint32_t place);
void place_log_free(struct session *s, uint32_t place);

#endif
