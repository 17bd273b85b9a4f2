/* SPDX-License-Identifier: ISC
 *
 * participant.h - does a thread take part in a segment at all?
 */
#ifndef PARTICIPANT_H
#define PARTICIPANT_H

#include <stdbool.h>
#include <stdint.h>

/* False only if it can be told: the thread lives, its /proc/TID/maps can be read, and has no
 * segment of this name (as for shm_open(3)).  For a lock that somebody has not let go of for
 * a second, so it need not be fast. */
bool participant_may_be(uint32_t tid, const char *name);

#endif
