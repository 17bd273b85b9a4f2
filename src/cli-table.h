/* SPDX-License-Identifier: ISC
 *
 * cli-table.h - a listing as a table, on stdout
 *
 * A line for each, below a header.  On a terminal the columns are aligned; elsewhere one blank
 * stands between them.  Control bytes are escaped.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#include "compl.h"

/* Nothing, not even the header, if count is 0. */
void table_listing(const struct compl_entry *const *entries, size_t count);

#endif
