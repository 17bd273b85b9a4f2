/* SPDX-License-Identifier: ISC
 *
 * table.h - a listing as a table, on stdout
 *
 * A row for each name, below a header.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "compl.h"

/* Prints at most so many lines; and nothing, not even the header, if count is 0.  With is_long
 * prints below each name also a row for each waiter, each producer and each borrower, and one about
 * the waits that are over.  Call wait_names_collect() before. */
void table_listing(const struct compl_entry *const *entries, size_t count, bool is_long,
		   size_t lines);

#endif
