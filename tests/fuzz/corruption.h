/* SPDX-License-Identifier: ISC
 *
 * corruption.h - one word of a segment that a faulty process overwrites
 *
 * The file is sparse and large, so a bad segment is described by its differences from a good one.
 * Offset and value are read from the input; they prefer records that are in use, and values that
 * lead to records.
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

/* Adds a name that the target uses; corruption_hash_count is the number of such names. */
extern size_t corruption_hash_count;
void corruption_add_name(const char *name);

/* Reads a corruption from the input. */
struct corruption corruption_read(struct input *in);

/* Writes it into the segment at base. */
void corruption_apply(char *base, const struct corruption *s);

#endif
