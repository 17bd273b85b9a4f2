/* SPDX-License-Identifier: ISC
 *
 * grid.h - rows of cells, on stdout
 *
 * On a terminal the cells are aligned in columns, may be coloured, and are cut at its width.
 * Elsewhere one blank
 * separates them.  Measure all rows of a grid before you print the first:
 *
 *	struct grid grid = grid_begin("");
 *
 *	for (...)
 *		grid_measure(&grid, make_row(...));
 *	for (...)
 *		grid_print(&grid, make_row(...));
 */
#ifndef CLI_GRID_H
#define CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "compl.h"

#define GRID_COLUMNS   7
#define GRID_CELL_SIZE (4 * COMPL_VALUE_MAX + 1) /* the longest value, every byte escaped */

enum grid_colour { GRID_PLAIN, GRID_TITLE, GRID_GOOD, GRID_BAD, GRID_PENDING };

struct grid_row {
	size_t count;
	struct {
		enum grid_colour colour;
		char text[GRID_CELL_SIZE];
	} cells[GRID_COLUMNS];
};

/* Each adds a cell.  grid_add_text() escapes what text_escape() escapes. */
__attribute__((format(printf, 3, 4))) void grid_add(struct grid_row *row, enum grid_colour colour,
						    const char *format, ...);
void grid_add_text(struct grid_row *row, const char *text);

struct grid {
	const char *indent; /* before each row */
	bool is_aligned, is_coloured;
	size_t columns; /* of the terminal: rows are cut there; 0: nowhere */
	size_t widths[GRID_COLUMNS];
};

/* There is no colour if NO_COLOR is set and not empty, or if TERM is "dumb", empty or unset. */
struct grid grid_begin(const char *indent);

void grid_measure(struct grid *grid, const struct grid_row *row);
void grid_print(const struct grid *grid, const struct grid_row *row);

#endif
