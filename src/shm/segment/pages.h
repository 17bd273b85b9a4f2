/* SPDX-License-Identifier: ISC
 *
 * pages.h - what a segment has to pay for before it touches it: a full /dev/shm is an
 * error, not a SIGBUS
 *
 * COMPL_E_FULL_DISK, or COMPL_E_SYSTEM with errno.
 */
#ifndef PAGES_H
#define PAGES_H

#include "shm/segment/handle.h"

enum pages_table { PAGES_COMPLETIONS, PAGES_ENTRIES };

/* The header, the log and the buckets. */
enum compl_result pages_reserve_core(const struct compl_space *c);

/* The page of a record that was never used before, and those of the values that go
 * with the page. */
enum compl_result pages_reserve_record(const struct compl_space *c, enum pages_table kind,
				       uint32_t index);

/* Whether the pages of tables of that many records are likely to have been reserved.  Asks for the
 * size of the file if it is not noted in c as large enough, and notes the answer.  (The sizes of
 * the tables are untrusted: pages that a full file system cannot give would be a SIGBUS.) */
bool pages_check_tables(struct compl_space *c, uint32_t completions, uint32_t entries);

/* Reserves the pages unless pages_check_tables(), and notes the outcome. */
enum compl_result pages_secure_tables(struct compl_space *c, uint32_t completions,
				      uint32_t entries);

static inline uint64_t
pages_tables(uint32_t completions, uint32_t entries)
{
	return (uint64_t)completions << 32 | entries;
}

/* pages_secure_tables() has succeeded for the same sizes.  (At first the note is 0, for tables
 * without a record: the rest was reserved when the segment was opened.) */
static inline bool
pages_are_secured(const struct compl_space *c, uint32_t completions, uint32_t entries)
{
	return __atomic_load_n(&c->secured, __ATOMIC_RELAXED) == pages_tables(completions, entries);
}

/* What an errno of a call that needs room means; sets errno. */
enum compl_result pages_failure(int error);

#endif
