/* SPDX-License-Identifier: ISC
 *
 * pages.h - reserves pages of a segment before they are touched, so that a full /dev/shm is an
 * error and not a SIGBUS
 *
 * A function that fails returns COMPL_E_FULL_DISK, COMPL_E_SYSTEM with errno, or a result that its
 * comment names.
 */
#ifndef PAGES_H
#define PAGES_H

#include "shm/segment/handle.h"

enum pages_table { PAGES_COMPLETIONS, PAGES_ENTRIES };

/* Reserves the header, the log and the buckets. */
enum compl_result pages_reserve_core(const struct compl_space *c);

/* Reserves the page of the record after the last of a table, which has `count` records, and the
 * pages of the values of all records in it.  COMPL_E_FULL_NAMES or COMPL_E_FULL_WAITERS if the
 * table has no room for another record.  COMPL_E_SYSTEM with EBADF if the descriptor of the handle
 * is not ours any more. */
enum compl_result pages_reserve_next(const struct compl_space *c, enum pages_table kind,
				     uint32_t count);

/* Does the same for a record that a dead owner of the lock may have begun, so that its page is
 * reserved already.  Needs no descriptor for that. */
enum compl_result pages_reserve_begun(const struct compl_space *c, enum pages_table kind,
				      uint32_t count);

/* Compares how many bytes the file has (c->reserved) with how many tables of these sizes need.  If
 * there are too few, measures the file first, and updates c->reserved.  Returns whether there are
 * enough, so that the pages of the tables are probably reserved.  (The sizes of the tables are
 * untrusted.  If a page is missing, and the file system is full, touching it is a SIGBUS.) */
bool pages_measure_and_compare(struct compl_space *c, uint32_t completions, uint32_t entries);

/* Reserves the pages of tables of these sizes unless pages_measure_and_compare() finds them
 * reserved.  Notes in c->secured whether it has succeeded. */
enum compl_result pages_secure_tables(struct compl_space *c, uint32_t completions,
				      uint32_t entries);

/* The sizes of both tables in one word, for c->secured. */
static inline uint64_t
pages_tables(uint32_t completions, uint32_t entries)
{
	return (uint64_t)completions << 32 | entries;
}

/* Whether the latest pages_secure_tables() has succeeded, and was for the same sizes.  (At first
 * c->secured is 0, for two empty tables: they need no more than was reserved when the segment was
 * opened.) */
static inline bool
pages_are_secured(const struct compl_space *c, uint32_t completions, uint32_t entries)
{
	return __atomic_load_n(&c->secured, __ATOMIC_RELAXED) == pages_tables(completions, entries);
}

/* The result for the error of a system call that needs room.  Sets errno to it. */
enum compl_result pages_failure(int error);

#endif
