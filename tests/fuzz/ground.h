/* SPDX-License-Identifier: ISC
 *
 * ground - the files and the mappings of the world (world.h)
 *
 * The segments lie in a directory of their own: in FUZZ_DIR, which is for whoever set it to
 * remove, or in one that goes when we do.
 *
 * Around each mapping of a segment nothing else is mapped, as far as an offset of 32 bits can
 * lead: a write that strays is a crash.
 */
#ifndef GROUND_H
#define GROUND_H

#include <stdint.h>

void ground_begin(void);

/* Removes all segments. */
void ground_clear(void);

/* The same for all mappings of a word of a segment: its offset. */
uint64_t ground_key(const uint32_t *word);

#endif
