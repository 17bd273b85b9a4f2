/* SPDX-License-Identifier: ISC
 *
 * cli-table.c - the columns of ls
 */
#include "cli-table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "cli-output.h"
#include "cli-text.h"

/* Room for the longest value with every byte escaped. */
#define CELL_SIZE (4 * COMPL_VALUE_MAX + 1)

static void
name_cell(char *cell, const struct compl_entry *e)
{
	text_escape(cell, CELL_SIZE, e->name);
}

static void
state_cell(char *cell, const struct compl_entry *e)
{
	snprintf(cell, CELL_SIZE, "%s",
		 e->done == COMPL_ALL ? "all"
		 : e->done > 0	      ? "done"
				      : "pending");
}

static void
done_cell(char *cell, const struct compl_entry *e)
{
	snprintf(cell, CELL_SIZE, "%" PRIu32, e->done);
}

static void
waiters_cell(char *cell, const struct compl_entry *e)
{
	snprintf(cell, CELL_SIZE, "%zu", e->waiter_count);
}

static void
status_cell(char *cell, const struct compl_entry *e)
{
	snprintf(cell, CELL_SIZE, "%d", e->word.status);
}

/* "-" for no value, and "" for an empty one. */
static void
value_cell(char *cell, const struct compl_entry *e)
{
	text_escape(cell, CELL_SIZE,
		    !e->word.has_value	       ? "-"
		    : e->word.value[0] == '\0' ? "\"\""
					       : e->word.value);
}

/* The two largest units: 12s, 5m03s, 2h10m, 4d07h. */
static void
age_cell(char *cell, const struct compl_entry *e)
{
	uint64_t s = e->age_seconds > 0 && e->age_seconds < 1e15 ? (uint64_t)e->age_seconds : 0;

	if (s < 60)
		snprintf(cell, CELL_SIZE, "%us", (unsigned)s);
	else if (s < 3600)
		snprintf(cell, CELL_SIZE, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < 86400)
		snprintf(cell, CELL_SIZE, "%uh%02um", (unsigned)(s / 3600),
			 (unsigned)(s / 60 % 60));
	else
		snprintf(cell, CELL_SIZE, "%" PRIu64 "d%02uh", s / 86400,
			 (unsigned)(s / 3600 % 24));
}

static const struct column {
	const char *title;
	void (*write_cell)(char *cell, const struct compl_entry *entry);
} columns[] = {
	{ "NAME", name_cell },	     { "STATE", state_cell },	{ "DONE", done_cell },
	{ "WAITERS", waiters_cell }, { "STATUS", status_cell }, { "VALUE", value_cell },
	{ "AGE", age_cell },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* The title for entry NULL. */
static void
fill_cell(char *cell, const struct column *column, const struct compl_entry *entry)
{
	if (entry == NULL)
		snprintf(cell, CELL_SIZE, "%s", column->title);
	else
		column->write_cell(cell, entry);
}

static void
print_row(const struct compl_entry *entry, const size_t widths[static COLUMNS])
{
	char cell[CELL_SIZE];

	for (size_t i = 0; i < COLUMNS; i++) {
		bool is_last = i + 1 == COLUMNS;

		fill_cell(cell, &columns[i], entry);
		output_text(cell);
		for (size_t width = text_width(cell); width < widths[i] && !is_last; width++)
			output_text(" ");
		output_text(is_last ? "\n" : " ");
	}
}

static void
widen(size_t widths[static COLUMNS], const struct compl_entry *entry)
{
	char cell[CELL_SIZE];

	for (size_t i = 0; i < COLUMNS; i++) {
		fill_cell(cell, &columns[i], entry);
		if (text_width(cell) >= widths[i])
			widths[i] = text_width(cell) + 1;
	}
}

void
table_listing(const struct compl_entry *const *entries, size_t count)
{
	bool is_aligned = isatty(STDOUT_FILENO);
	size_t widths[COLUMNS] = { 0 };

	if (count == 0)
		return;
	if (is_aligned)
		widen(widths, NULL);
	for (size_t i = 0; is_aligned && i < count; i++)
		widen(widths, entries[i]);
	print_row(NULL, widths);
	for (size_t i = 0; i < count; i++)
		print_row(entries[i], widths);
}
