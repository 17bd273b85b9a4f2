/* SPDX-License-Identifier: ISC
 *
 * ground - the files and the mappings of the world (sim.h)
 *
 * The segments lie in a directory of their own: in FUZZ_DIR, which is for whoever set it to
 * remove, or in one that goes when we do.
 *
 * Around each mapping of a segment nothing else is mapped, as far as an offset of 32 bits can
 * lead: a write that strays is a crash.
 */
#ifndef SIM_FILES_H
#define SIM_FILES_H

#include <stdint.h>

void sim_files_begin(void);

/* Removes all segments. */
void sim_files_clear(void);

/* The same for all mappings of a word of a segment: its offset. */
uint64_t sim_files_key(const uint32_t *word);

#endif
