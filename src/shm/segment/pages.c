/* SPDX-License-Identifier: ISC
 *
 * pages.c - reserves the pages of a segment with posix_fallocate(3) before they are touched
 */
#include "shm/segment/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum compl_result
pages_failure(int error)
{
	errno = error;
	return error == ENOSPC || error == EDQUOT ? COMPL_E_FULL_DISK : COMPL_E_SYSTEM;
}

/* Reserves the pages of a range, of which neither offset nor size need be aligned. */
static enum compl_result
reserve(const struct compl_space *c, size_t offset, size_t size)
{
	int error;

	do
		error = posix_fallocate(c->fd, (off_t)offset, (off_t)size);
	while (error == EINTR);
	return error == 0 ? COMPL_OK : pages_failure(error);
}

/* Where the records of each kind lie, and where their values lie; and how many there may be. */
static const struct table {
	uint32_t at, size, values_at, values_size, limit;
	enum compl_result full;
} tables[] = {
	[PAGES_COMPLETIONS] = { LAYOUT_COMPLETIONS_AT, sizeof(struct completion),
				LAYOUT_COMPLETION_VALUES_AT, 2 * LAYOUT_VALUE, LAYOUT_COMPLETIONS,
				COMPL_E_FULL_NAMES },
	[PAGES_ENTRIES] = { LAYOUT_ENTRIES_AT, sizeof(struct entry), LAYOUT_ENTRY_VALUES_AT,
			    LAYOUT_VALUE, LAYOUT_ENTRIES, COMPL_E_FULL_WAITERS },
};

enum compl_result
pages_reserve_core(const struct compl_space *c)
{
	return reserve(c, 0, LAYOUT_CORE);
}

enum compl_result
pages_reserve_next(const struct compl_space *c, enum pages_table kind, uint32_t count)
{
	const struct table *t = &tables[kind];
	uint32_t index = count + 1, group = LAYOUT_PAGE / t->size, first = index - index % group;
	enum compl_result result;

	if (count >= t->limit)
		return t->full;
	if (index != 1 && index != first)
		return COMPL_OK;
	result = reserve(c, t->at + first * t->size, LAYOUT_PAGE);
	if (result == COMPL_OK)
		result = reserve(c, t->values_at + first * t->values_size, group * t->values_size);
	return result;
}

/* How many bytes the pages of the records 0 to index take. */
static uint64_t
bytes_of_pages(uint32_t index, uint32_t size)
{
	return LAYOUT_ROUND(((uint64_t)index + 1) * size);
}

static enum compl_result
reserve_tables(const struct compl_space *c, uint32_t completions, uint32_t entries)
{
	const uint32_t counts[] = { completions, entries };
	enum compl_result result = COMPL_OK;

	for (size_t i = 0; i < 2 && result == COMPL_OK; i++) {
		const struct table *t = &tables[i];

		result = reserve(c, t->at, bytes_of_pages(counts[i], t->size));
		if (result == COMPL_OK)
			result =
				reserve(c, t->values_at, bytes_of_pages(counts[i], t->values_size));
	}
	return result;
}

bool
pages_measure_and_compare(struct compl_space *c, uint32_t completions, uint32_t entries)
{
	const uint32_t counts[] = { completions, entries };
	uint64_t needed = LAYOUT_CORE;
	struct stat st;

	for (size_t i = 0; i < 2; i++)
		if (counts[i] > 0)
			needed += bytes_of_pages(counts[i], tables[i].size) +
				  bytes_of_pages(counts[i], tables[i].values_size);
	if (needed > __atomic_load_n(&c->reserved, __ATOMIC_RELAXED) && fstat(c->fd, &st) == 0)
		__atomic_store_n(&c->reserved, (uint64_t)st.st_blocks * 512, __ATOMIC_RELAXED);
	return needed <= __atomic_load_n(&c->reserved, __ATOMIC_RELAXED);
}

enum compl_result
pages_secure_tables(struct compl_space *c, uint32_t completions, uint32_t entries)
{
	enum compl_result result = COMPL_OK;

	if (!pages_measure_and_compare(c, completions, entries))
		result = reserve_tables(c, completions, entries);
	__atomic_store_n(&c->secured, result == COMPL_OK ? pages_tables(completions, entries) : 0,
			 __ATOMIC_RELAXED);
	return result;
}
