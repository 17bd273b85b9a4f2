/* SPDX-License-Identifier: ISC
 *
 * pidns.h - whether all users of a segment are of one pid namespace
 */
#ifndef PIDNS_H
#define PIDNS_H

#include "shm/segment/layout.h"

/* Thread ids mean something within one pid namespace only.  Who finds that
 * there are several says so for good, and wakes whoever sleeps on the lock with
 * its operation pending (see mutex.c). */
void pidns_note(struct layout_header *h);

#endif
