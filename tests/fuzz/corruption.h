/* SPDX-License-Identifier: ISC
 *
 * corruption.h - one word of a segment that somebody writes who should not
 *
 * The file is sparse and large, so a bad one is written as what differs from a good one.
 * Where and what is read from the input with a liking for places that are in use and for
 * values that lead somewhere.
 */
#ifndef CORRUPTION_H
#define CORRUPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

struct corruption {
	uint32_t offset;
	uint32_t value;
	bool flips;
};

/* Tells of a name that the target uses; corruption_hash_count is how many there are. */
extern size_t corruption_hash_count;
void corruption_know(const char *name);

/* Takes a spoiling from the input. */
struct corruption corruption_read(struct input *in);

/* Writes it into the segment at base. */
void corruption_apply(char *base, const struct corruption *s);

#endif
