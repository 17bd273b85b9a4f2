/* SPDX-License-Identifier: ISC
 *
 * participant.h - whether a thread takes part in a segment at all
 */
#ifndef PARTICIPANT_H
#define PARTICIPANT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a thread may have a segment of this name (as for shm_open(3)) mapped.  False only if that
 * is certain: the thread lives, and its /proc/TID/maps can be read and does not name the segment.
 * Called when a thread has held a lock for a second, so it need not be fast. */
bool participant_may_be(uint32_t tid, const char *name);

#endif
