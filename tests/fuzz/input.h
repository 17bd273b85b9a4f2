/* SPDX-License-Identifier: ISC
 *
 * input.h - the bytes of one execution, taken one after the other; after their end come zeros
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
	const uint8_t *next, *end;
};

static inline bool
input_is_left(const struct input *in)
{
	return in->next < in->end;
}

static inline uint8_t
input_byte(struct input *in)
{
	return input_is_left(in) ? *in->next++ : 0;
}

static inline uint32_t
input_word(struct input *in)
{
	uint32_t word = 0;
	int i;

	for (i = 0; i < 4; i++)
		word |= (uint32_t)input_byte(in) << 8 * i;
	return word;
}

#endif
