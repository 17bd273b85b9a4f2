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

/* Searches for a cycle that the wait of the calling process, which stands in line, closes.  True: found,
 * and filled in.  Reads all processes, and marks the scene.  Not under the lock. */
bool deadlock_search(struct scene *scene, struct compl_cycle *cycle);

#endif
