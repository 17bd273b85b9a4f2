/* SPDX-License-Identifier: ISC
 *
 * pidns.h - whether all users of a segment are of one pid namespace
 */
#ifndef PIDNS_H
#define PIDNS_H

#include "shm/segment/layout.h"

/* Compares our pid namespace with that of the first user of the segment.  If they differ, sets
 * h->mixed for good: thread ids cannot be compared from now on.  Then it also wakes all sleepers of
 * the lock, because the lock is their pending operation, and must not be any more (see mutex.c). */
void pidns_note(struct layout_header *h);

#endif
