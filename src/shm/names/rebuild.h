/* SPDX-License-Identifier: ISC
 *
 * rebuild.h - all links of a segment, made anew from its records
 */
#ifndef REBUILD_H
#define REBUILD_H

#include "shm/segment/session.h"

/* Does the work of JOB_REBUILD.  Under the lock. */
void rebuild(struct session *s);

#endif
