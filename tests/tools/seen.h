/* SPDX-License-Identifier: ISC
 *
 * seen.h - who stands in line, read from the segment's bytes by a bystander
 *
 * Before each operation everybody looks who stands in line, and stamps those waits.  So
 * it is known that they had joined before that operation began, and the checker can tell
 * who overtook whom.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/segment/layout.h"

/* The segment, or NULL. */
extern const char *seen_map;

/* Maps the segment of a namespace, in the place of the one before. */
bool seen_open(const struct compl_where *where);

/* A place of the segment, by its index. */
const struct entry *seen_place(uint32_t index);

/* Stamps each wait that is in line and has no stamp yet. */
void seen_look(void);

#endif
