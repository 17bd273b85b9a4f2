/* SPDX-License-Identifier: ISC
 *
 * chance.h - random numbers from a seed
 */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>

/* Returns a number from 0 to below - 1.  *seed is not 0, and is another one afterwards.  The
 * generator is xorshift32. */
static inline uint32_t
roll(uint32_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

#endif
