/* SPDX-License-Identifier: ISC
 *
 * grid.c - alignment and colour
 *
 * The sequences are those of ECMA-48, which every terminal with colour has.  TERM only says whether
 * the terminal has any.
 */
#include "cli/grid.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
	struct winsize size;
	struct grid grid = { .indent = indent, .is_aligned = isatty(STDOUT_FILENO) };

	grid.is_coloured = grid.is_aligned && may_colour();
	if (grid.is_aligned && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		grid.columns = size.ws_col;
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

/* Writes what fits of a text, and takes its width off *left. */
static void
write_cut(const char *text, size_t *left)
{
	size_t length = text_cut(text, *left), width = text_width(text);

	output_bytes(text, length);
	*left -= width < *left ? width : *left;
}

static void
write_cell(const struct grid *grid, const struct grid_row *row, size_t i, size_t *left)
{
	enum grid_colour colour = row->cells[i].colour;
	bool is_coloured = grid->is_coloured && colour != GRID_PLAIN;

	output_text(is_coloured ? sequences[colour] : "");
	write_cut(row->cells[i].text, left);
	output_text(is_coloured ? "\033[m" : "");
}

void
grid_print(const struct grid *grid, const struct grid_row *row)
{
	size_t left = grid->columns != 0 ? grid->columns : SIZE_MAX;

	write_cut(grid->indent, &left);
	for (size_t i = 0; i < row->count; i++) {
		size_t width = text_width(row->cells[i].text);

		write_cell(grid, row, i, &left);
		if (i + 1 == row->count)
			break;
		for (; width < grid->widths[i]; width++)
			write_cut(" ", &left);
		write_cut(" ", &left);
	}
	output_text("\n");
}
