/* SPDX-License-Identifier: ISC
 *
 * observer.h - who stands in line, read from the segment's bytes by a bystander
 *
 * Before each operation everybody looks who stands in line, and stamps those waits.  So
 * it is known that they had joined before that operation began, and the checker can tell
 * who overtook whom.
 */
#ifndef OBSERVER_H
#define OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/segment/layout.h"

/* The segment, or NULL. */
extern const char *observer_map;

/* Maps the segment of a namespace, in the place of the one before. */
bool observer_open(const struct compl_where *where);

/* A place of the segment, by its index. */
const struct entry *observer_place(uint32_t index);

/* Stamps each wait that is in line and has no stamp yet. */
void observer_look(void);

#endif
