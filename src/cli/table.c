/* SPDX-License-Identifier: ISC
 *
 * table.c - what ls says about a name, its waiters and its producers
 */
#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/cold.h"
#include "cli/grid.h"
#include "cli/output.h"

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
	static const char *const titles[] = { "NAME",	"STATE", "DONE", "WAITERS",
					      "STATUS", "VALUE", "AGE" };

	row->count = 0;
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		grid_add(row, GRID_TITLE, "%s", titles[i]);
	return row;
}

static void
add_state(struct grid_row *row, const struct compl_entry *e)
{
	if (e->done == 0)
		grid_add(row, GRID_PENDING, "pending");
	else
		grid_add(row, GRID_GOOD, "%s", e->done == COMPL_ALL ? "all" : "done");
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
	row->count = 0;
	grid_add_text(row, e->name);
	add_state(row, e);
	grid_add(row, GRID_PLAIN, "%" PRIu32, e->done);
	grid_add(row, GRID_PLAIN, "%zu", e->waiter_count);
	grid_add(row, e->payload.status != 0 ? GRID_BAD : GRID_PLAIN, "%d", e->payload.status);
	add_value(row, &e->payload);
	add_time(row, "", e->age_seconds);
	return row;
}

static const struct grid_row *
make_waiter(struct grid_row *row, const struct compl_waiter *w)
{
	char notes[32];
	int length = snprintf(notes, sizeof(notes), "%s%s%s", w->io ? " I/O" : "",
			      w->stopped ? " stopped" : "", w->orphan ? " orphan" : "");

	row->count = 0;
	grid_add(row, GRID_PLAIN, "waiter");
	grid_add(row, GRID_PLAIN, "%d", (int)w->pid);
	grid_add_text(row, w->command[0] != '\0' ? w->command : "-");
	grid_add(row, GRID_PLAIN, "needs %" PRIu32, w->need);
	add_time(row, "for ", w->seconds);
	if (length > 0)
		grid_add(row, w->stopped || w->orphan ? GRID_PENDING : GRID_PLAIN, "%s", notes + 1);
	return row;
}

static const struct grid_row *
make_producer(struct grid_row *row, const struct compl_producer *p)
{
	row->count = 0;
	grid_add(row, GRID_PLAIN, "producer");
	grid_add(row, GRID_PLAIN, "%d", (int)p->pid);
	grid_add_text(row, p->command[0] != '\0' ? p->command : "-");
	add_time(row, "for ", p->seconds);
	return row;
}

/* Prints the sums of the waits that are over. */
static void
print_waits(const struct compl_entry *e)
{
	if (e->waits > 0)
		output_format(INDENT "waits %" PRIu64 ", %.3fs, %.3fs of it I/O\n", e->waits,
			      e->waits_seconds, e->waits_io_seconds);
}

/* The grids of the names, the waiters and the producers.  Each has columns of its own. */
struct table {
	struct grid names, waiters, producers;
	struct grid_row row;
};

static void
print_details(struct table *t, const struct compl_entry *e)
{
	for (size_t i = 0; i < e->waiter_count; i++)
		grid_print(&t->waiters, make_waiter(&t->row, compl_waiter_at(e, i)));
	for (size_t i = 0; i < e->producer_count; i++)
		grid_print(&t->producers, make_producer(&t->row, compl_producer_at(e, i)));
	print_waits(e);
}

static void
measure(struct table *t, const struct compl_entry *e)
{
	grid_measure(&t->names, make_name(&t->row, e));
	for (size_t i = 0; i < e->waiter_count; i++)
		grid_measure(&t->waiters, make_waiter(&t->row, compl_waiter_at(e, i)));
	for (size_t i = 0; i < e->producer_count; i++)
		grid_measure(&t->producers, make_producer(&t->row, compl_producer_at(e, i)));
}

void
table_listing(const struct compl_entry *const *entries, size_t count, bool is_long)
{
	COLD static struct table t; /* too large for a small stack */

	if (count == 0)
		return;
	t.names = grid_begin("");
	t.waiters = grid_begin(INDENT);
	t.producers = grid_begin(INDENT);
	grid_measure(&t.names, make_header(&t.row));
	for (size_t i = 0; t.names.is_aligned && i < count; i++)
		measure(&t, entries[i]);
	grid_print(&t.names, make_header(&t.row));
	for (size_t i = 0; i < count; i++) {
		grid_print(&t.names, make_name(&t.row, entries[i]));
		if (is_long)
			print_details(&t, entries[i]);
	}
}
