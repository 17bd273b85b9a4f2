/* SPDX-License-Identifier: ISC
 *
 * nearest.c - edit distance
 *
 * One letter too many, one missing, one wrong, or two neighbours swapped: each is a distance of 1.
 * A word that the candidate begins with is at a distance of 1, too, because other tools would take
 * it for an abbreviation.
 */
#include "cli/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX 24 /* longer than any command or option */

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Returns the cell (i, j) of the table: the distance between the first i letters of from and the
 * first j letters of to. */
static size_t
cell(size_t table[static WORD_MAX + 1][WORD_MAX + 1], const char *from, size_t i, const char *to,
     size_t j)
{
	size_t least;

	if (i == 0 || j == 0)
		return i + j;
	least = smaller(table[i - 1][j], table[i][j - 1]) + 1;
	least = smaller(least, table[i - 1][j - 1] + (from[i - 1] != to[j - 1]));
	if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
		least = smaller(least, table[i - 2][j - 2] + 1);
	return least;
}

static size_t
distance(const char *from, const char *to)
{
	size_t table[WORD_MAX + 1][WORD_MAX + 1];
	size_t from_length = strlen(from), to_length = strlen(to);

	if (from_length > WORD_MAX || to_length > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= from_length; i++)
		for (size_t j = 0; j <= to_length; j++)
			table[i][j] = cell(table, from, i, to, j);
	return table[from_length][to_length];
}

static bool
is_beginning(const char *word, const char *candidate)
{
	return strncmp(word, candidate, strlen(word)) == 0;
}

struct nearest
nearest_to(const char *word)
{
	return (struct nearest){ .word = word, .distance = strlen(word) / 2 + 1 };
}

void
nearest_offer(struct nearest *nearest, const char *candidate)
{
	size_t d = is_beginning(nearest->word, candidate) ? 1 : distance(nearest->word, candidate);

	if (*nearest->word == '\0' || d >= nearest->distance)
		return;
	nearest->best = candidate;
	nearest->distance = d;
}
