/* SPDX-License-Identifier: ISC
 *
 * deadlock - waits that would wait for each other for ever
 *
 * A name is stuck if it has producers, and each of them is; a producer is stuck if every
 * process below it waits: for a name that is stuck, or for a child that does.  A wait closes
 * a cycle if it waits for a name that is stuck and is itself below a producer of a name that,
 * directly or through others, the first one waits for.
 */
#ifndef DEADLOCK_H
#define DEADLOCK_H

#include "segment.h"

struct deadlock_scene;

/* Who waits for what is produced, and who produces it.  Under the lock.  NULL if nothing is
 * known, or there is no memory.  To be freed with free(). */
struct deadlock_scene *deadlock_note(struct session *s);

/* Whether the calling process, which stands in line, closes a cycle; fills it in.  Not under
 * the lock: looks at every process. */
bool deadlock_is_closed(struct deadlock_scene *scene, struct compl_cycle *cycle);

#endif
