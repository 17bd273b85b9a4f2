/* SPDX-License-Identifier: ISC
 *
 * observer.h - sees which waits are queued, from the bytes of the segment
 *
 * Before each operation its process looks which waits are queued, and stamps them.  So it is
 * known that they had joined before that operation began, and the checker can tell which wait
 * overtook which.
 */
#ifndef OBSERVER_H
#define OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/segment/layout.h"

/* The segment, or NULL. */
extern const char *observer_map;

/* Maps the segment of a namespace instead of the one before. */
bool observer_open(const struct compl_where *where);

/* An entry of the segment, by its index. */
const struct entry *observer_entry(uint32_t index);

/* Stamps each wait that is in line and has no stamp yet. */
void observer_look(void);

#endif
