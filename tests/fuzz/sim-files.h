/* SPDX-License-Identifier: ISC
 *
 * sim-files.h - the files and the mappings of the simulated machine (sim.h)
 *
 * The segments lie in a directory of their own: in FUZZ_DIR, which the caller removes, or in one
 * that is removed when this process ends.
 *
 * Around each mapping of a segment nothing else is mapped, as far as an offset of 32 bits reaches:
 * a write that misses the segment is a crash.
 */
#ifndef SIM_FILES_H
#define SIM_FILES_H

#include <stdint.h>

void sim_files_begin(void);

/* Removes all segments. */
void sim_files_clear(void);

/* A key of a word that is the same in all mappings of a segment: its offset. */
uint64_t sim_files_key(const uint32_t *word);

#endif
