/* SPDX-License-Identifier: ISC
 *
 * grid.c - alignment and colour
 *
 * The sequences are those of ECMA-48, which every terminal with colour has.  TERM only says whether
 * the terminal has any.
 */
#include "cli/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/text.h"

static const char *const sequences[] = {
	[GRID_TITLE] = "\033[1m",
	[GRID_GOOD] = "\033[32m",
	[GRID_BAD] = "\033[31m",
	[GRID_PENDING] = "\033[33m",
};

void
grid_add(struct grid_row *row, enum grid_colour colour, const char *format, ...)
{
	va_list args;

	row->cells[row->count].colour = colour;
	va_start(args, format);
	vsnprintf(row->cells[row->count++].text, GRID_CELL_SIZE, format, args);
	va_end(args);
}

void
grid_add_text(struct grid_row *row, const char *text)
{
	row->cells[row->count].colour = GRID_PLAIN;
	text_escape(row->cells[row->count++].text, GRID_CELL_SIZE, text);
}

/* Whether NO_COLOR and TERM allow colour.  A variable that is not set counts as empty. */
static bool
may_colour(void)
{
	const char *none = getenv("NO_COLOR") ?: "", *terminal = getenv("TERM") ?: "";

	return *none == '\0' && *terminal != '\0' && strcmp(terminal, "dumb") != 0;
}

struct grid
grid_begin(const char *indent)
{
	struct grid grid = { .indent = indent, .is_aligned = isatty(STDOUT_FILENO) };

	grid.is_coloured = grid.is_aligned && may_colour();
	return grid;
}

void
grid_measure(struct grid *grid, const struct grid_row *row)
{
	for (size_t i = 0; grid->is_aligned && i < row->count; i++) {
		size_t width = text_width(row->cells[i].text);

		if (width >= grid->widths[i])
			grid->widths[i] = width + 1;
	}
}

void
grid_print(const struct grid *grid, const struct grid_row *row)
{
	output_text(grid->indent);
	for (size_t i = 0; i < row->count; i++) {
		const char *text = row->cells[i].text;
		bool is_last = i + 1 == row->count;
		bool is_coloured = grid->is_coloured && row->cells[i].colour != GRID_PLAIN;

		output_text(is_coloured ? sequences[row->cells[i].colour] : "");
		output_text(text);
		output_text(is_coloured ? "\033[m" : "");
		for (size_t width = text_width(text); width < grid->widths[i] && !is_last; width++)
			output_text(" ");
		output_text(is_last ? "\n" : " ");
	}
}
