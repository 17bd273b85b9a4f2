/* SPDX-License-Identifier: ISC
 *
 * pidns.h - whether all users of a segment are of one pid namespace
 */
#ifndef PIDNS_H
#define PIDNS_H

#include <stdbool.h>

#include "shm/segment/layout.h"

/* Compares our pid namespace with the home of the segment, that of its first user.  The first user
 * makes its own the home.  tid: the calling thread.  Returns whether we are foreign: of another
 * one, or unable to tell.
 *
 * If we are, sets h->mixed for good: from then on two beacons may hold equal thread ids of
 * different threads. */
bool pidns_note(struct layout_header *h, uint32_t tid);

#endif
