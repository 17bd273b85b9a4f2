/* SPDX-License-Identifier: ISC
 *
 * generation.h - the numbers that tell the lives of a name apart
 *
 * Locking: all calls are made under the lock.
 */
#ifndef GENERATION_H
#define GENERATION_H

#include "shm/segment/session.h"

/* Generations are below this, so that every reader of JSON can read them. */
#define GENERATION_END (UINT64_C(1) << 53)

/* Draws a generation: a number from 1 on that no name of this namespace, and of none that was there
 * before it, has had.  now_ns: clock_now_ns().  If numbers are drawn faster than one a microsecond,
 * it waits a few microseconds at most, without a system call. */
uint64_t generation_draw(struct session *s, int64_t now_ns);

#endif
