/* SPDX-License-Identifier: ISC
 *
 * deadlock.h - waits that would wait for each other for ever
 *
 * A name is stuck if it has producers, and each of them is; a producer is stuck if it and every
 * process below it waits: for a name that is stuck, or for a child that does.  A wait closes
 * a cycle if it waits for a name that is stuck and is itself below a producer of a name that,
 * directly or through others, the first one waits for.
 */
#ifndef DEADLOCK_H
#define DEADLOCK_H

#include "shm/calls/scene.h"

/* Whether the calling process, which stands in line, closes a cycle; fills it in.  Not under
 * the lock: looks at every process. */
bool deadlock_is_closed(struct scene *scene, struct compl_cycle *cycle);

#endif
