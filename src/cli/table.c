/* SPDX-License-Identifier: ISC
 *
 * table.c - what ls says about a name, its waiters, its producers and its borrowers
 */
#include "cli/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cold.h"
#include "cli/grid.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/state.h"
#include "cli/unit.h"
#include "cli/wait_names.h"

#define INDENT "  "

/* Adds a time in its two largest units: 12s, 5m03s, 2h10m, 4d07h. */
static void
add_time(struct grid_row *row, const char *before, double seconds)
{
	uint64_t s = seconds > 0 && seconds < 1e15 ? (uint64_t)seconds : 0;

	if (s < 60)
		grid_add(row, GRID_PLAIN, "%s%us", before, (unsigned)s);
	else if (s < 3600)
		grid_add(row, GRID_PLAIN, "%s%um%02us", before, (unsigned)(s / 60),
			 (unsigned)(s % 60));
	else if (s < 86400)
		grid_add(row, GRID_PLAIN, "%s%uh%02um", before, (unsigned)(s / 3600),
			 (unsigned)(s / 60 % 60));
	else
		grid_add(row, GRID_PLAIN, "%s%" PRIu64 "d%02uh", before, s / 86400,
			 (unsigned)(s / 3600 % 24));
}

static const struct grid_row *
make_header(struct grid_row *row)
{
	static const char *const titles[] = { "NAME",	"STATE", "WAITERS", "PRODUCERS",
					      "STATUS", "SINCE", "VALUE" };

	row->count = 0;
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		grid_add(row, GRID_TITLE, "%s", titles[i]);
	return row;
}

static enum grid_colour
colour_of(const struct compl_entry *e)
{
	if (state_is_failed(e))
		return GRID_BAD;
	return e->ready || e->done != 0 ? GRID_GOOD : GRID_PENDING;
}

/* Adds "-" if there is no value, and "" for an empty one. */
static void
add_value(struct grid_row *row, const struct compl_payload *payload)
{
	if (!payload->has_value)
		grid_add_text(row, "-");
	else
		grid_add_text(row, payload->value[0] != '\0' ? payload->value : "\"\"");
}

static const struct grid_row *
make_name(struct grid_row *row, const struct compl_entry *e)
{
	char state[STATE_SIZE];

	state_write(state, e);
	row->count = 0;
	grid_add_text(row, e->name);
	grid_add(row, colour_of(e), "%s", state);
	grid_add(row, GRID_PLAIN, "%zu", e->waiter_count);
	grid_add(row, GRID_PLAIN, "%zu", e->producer_count);
	grid_add(row, e->payload.status != 0 ? GRID_BAD : GRID_PLAIN, "%d", e->payload.status);
	add_time(row, "", e->changed_seconds);
	add_value(row, &e->payload);
	return row;
}

/* ---- the rows of -l: notes are separated by commas, and follow the columns ---- */

struct notes {
	char text[GRID_CELL_SIZE];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void
note(struct notes *notes, const char *format, ...)
{
	size_t room = sizeof(notes->text) - notes->length;
	va_list args;
	int length;

	if (notes->length > 0 && room > 2) {
		memcpy(notes->text + notes->length, ", ", 3);
		notes->length += 2;
		room -= 2;
	}
	va_start(args, format);
	length = vsnprintf(notes->text + notes->length, room, format, args);
	va_end(args);
	notes->length += length < (int)room ? (size_t)length : room - 1;
}

static void
note_process(struct notes *notes, pid_t pid, bool foreign)
{
	char unit[256];

	if (foreign)
		note(notes, MESSAGE_FOREIGN_PID);
	else if (pid > 0 && unit_read(unit, sizeof(unit), pid))
		note(notes, "unit %s", unit);
}

/* Notes the names of the wait, except this one. */
static void
note_others(struct notes *notes, const struct compl_waiter *w)
{
	size_t count;
	const struct wait_name *names = wait_names_of(w->wait, &count);
	const char *before = "also for ";

	for (size_t i = 0; i < count; i++) {
		if (names[i].place == w->place)
			continue;
		note(notes, "%s%s", before, names[i].name);
		before = "";
	}
}

static void
begin_row(struct grid_row *row, const char *kind, pid_t pid, const char *command)
{
	row->count = 0;
	grid_add(row, GRID_PLAIN, "%s", kind);
	if (pid > 0)
		grid_add(row, GRID_PLAIN, "%d", (int)pid);
	else
		grid_add(row, GRID_PLAIN, "?");
	grid_add_text(row, command[0] != '\0' ? command : "-");
}

static void
end_row(struct grid_row *row, const struct notes *notes, enum grid_colour colour)
{
	if (notes->length == 0)
		return;
	grid_add_text(row, notes->text);
	row->cells[row->count - 1].colour = colour;
}

static const struct grid_row *
make_waiter(struct grid_row *row, const struct compl_waiter *w)
{
	COLD static struct notes notes;

	notes.length = 0;
	begin_row(row, "waiter", w->pid, w->command);
	grid_add(row, GRID_PLAIN, "needs %" PRIu32, w->need);
	add_time(row, "for ", w->seconds);
	if (w->io)
		note(&notes, "I/O");
	if (w->stopped)
		note(&notes, "stopped");
	if (w->orphan)
		note(&notes, "orphan");
	note_process(&notes, w->pid, w->foreign);
	note_others(&notes, w);
	end_row(row, &notes, w->stopped || w->orphan ? GRID_PENDING : GRID_PLAIN);
	return row;
}

static const struct grid_row *
make_producer(struct grid_row *row, const struct compl_producer *p)
{
	COLD static struct notes notes;

	notes.length = 0;
	begin_row(row, "producer", p->pid, p->command);
	add_time(row, "for ", p->seconds);
	if (p->ready)
		note(&notes, "ready");
	note_process(&notes, p->pid, p->foreign);
	end_row(row, &notes, GRID_PLAIN);
	return row;
}

static const struct grid_row *
make_borrower(struct grid_row *row, const struct compl_borrower *b)
{
	COLD static struct notes notes;

	notes.length = 0;
	begin_row(row, b->stray ? "stray" : "borrower", b->pid, b->command);
	grid_add(row, GRID_PLAIN, "has %" PRIu32, b->count);
	add_time(row, "for ", b->seconds);
	note_process(&notes, b->pid, b->foreign);
	end_row(row, &notes, GRID_PLAIN);
	return row;
}

/* What has outlived its `run`, and holds the name. */
static const struct grid_row *
make_holder(struct grid_row *row, const struct compl_entry *e)
{
	COLD static struct notes notes;

	notes.length = 0;
	begin_row(row, "stray", e->holder, e->holder_command);
	note(&notes, "of an earlier run");
	note_process(&notes, e->holder, false);
	end_row(row, &notes, GRID_PLAIN);
	return row;
}

/* The grids of the names, the waiters, the producers, what holds the names, and the borrowers.
 * Each has columns of its own. */
struct table {
	struct grid names, waiters, producers, holders, borrowers;
	struct grid_row row;
	size_t lines; /* how many may still be printed */
};

static void
print_row(struct table *t, const struct grid *grid, const struct grid_row *row)
{
	if (t->lines == 0)
		return;
	t->lines--;
	grid_print(grid, row);
}

/* Prints the sums of the waits that are over. */
static void
print_waits(struct table *t, const struct compl_entry *e)
{
	if (e->waits == 0)
		return;
	t->lines--;
	output_format(INDENT "waits %" PRIu64 ", %.3fs, %.3fs of it I/O\n", e->waits,
		      e->waits_seconds, e->waits_io_seconds);
}

static void
print_details(struct table *t, const struct compl_entry *e)
{
	for (size_t i = 0; i < e->waiter_count; i++)
		print_row(t, &t->waiters, make_waiter(&t->row, compl_waiter_at(e, i)));
	for (size_t i = 0; i < e->producer_count; i++)
		print_row(t, &t->producers, make_producer(&t->row, compl_producer_at(e, i)));
	if (e->held)
		print_row(t, &t->holders, make_holder(&t->row, e));
	for (size_t i = 0; i < e->borrower_count; i++)
		print_row(t, &t->borrowers, make_borrower(&t->row, compl_borrower_at(e, i)));
	if (t->lines > 0)
		print_waits(t, e);
}

static void
measure(struct table *t, const struct compl_entry *e, bool is_long)
{
	grid_measure(&t->names, make_name(&t->row, e));
	for (size_t i = 0; is_long && i < e->waiter_count; i++)
		grid_measure(&t->waiters, make_waiter(&t->row, compl_waiter_at(e, i)));
	for (size_t i = 0; is_long && i < e->producer_count; i++)
		grid_measure(&t->producers, make_producer(&t->row, compl_producer_at(e, i)));
	if (is_long && e->held)
		grid_measure(&t->holders, make_holder(&t->row, e));
	for (size_t i = 0; is_long && i < e->borrower_count; i++)
		grid_measure(&t->borrowers, make_borrower(&t->row, compl_borrower_at(e, i)));
}

void
table_listing(const struct compl_entry *const *entries, size_t count, bool is_long, size_t lines)
{
	COLD static struct table t; /* too large for a small stack */

	if (count == 0)
		return;
	t.lines = lines;
	t.names = grid_begin("");
	t.waiters = grid_begin(INDENT);
	t.producers = grid_begin(INDENT);
	t.holders = grid_begin(INDENT);
	t.borrowers = grid_begin(INDENT);
	grid_measure(&t.names, make_header(&t.row));
	for (size_t i = 0; t.names.is_aligned && i < count; i++)
		measure(&t, entries[i], is_long);
	print_row(&t, &t.names, make_header(&t.row));
	for (size_t i = 0; i < count; i++) {
		print_row(&t, &t.names, make_name(&t.row, entries[i]));
		if (is_long)
			print_details(&t, entries[i]);
	}
}
