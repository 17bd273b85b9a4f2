/* SPDX-License-Identifier: ISC
 *
 * pidns.h - whether all users of a segment are of one pid namespace
 */
#ifndef PIDNS_H
#define PIDNS_H

#include "shm/segment/layout.h"

/* Compares our pid namespace with the segment's, which is that of its first user.  If they differ,
 * notes for good that thread ids cannot be compared, and wakes all that sleep on the lock with
 * their operation pending (see mutex.c). */
void pidns_note(struct layout_header *h);

#endif
