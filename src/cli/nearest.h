/* SPDX-License-Identifier: ISC
 *
 * nearest.h - what a mistyped word was probably meant to be
 *
 *	struct nearest nearest = nearest_to(word);
 *
 *	for (...)
 *		nearest_offer(&nearest, candidate);
 *	... nearest.best is NULL if nothing is near ...
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	const char *best;
	size_t distance; /* of best; while that is NULL, the least that is too far */
};

struct nearest nearest_to(const char *word);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
