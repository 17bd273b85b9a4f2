/* SPDX-License-Identifier: ISC
 *
 * pages.c - reserves the pages of a segment before they are touched
 *
 * A handle whose descriptor is not ours any more (descriptor.c) finishes what was begun: it touches
 * the pages that somebody has reserved, through the mapping.  It reserves no new ones: a program
 * that closes descriptors which it does not know should learn so from a call that may fail, before
 * it loses more.
 */
#include "shm/segment/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "shm/os/futex.h"
#include "shm/segment/descriptor.h"

enum compl_result
pages_failure(int error)
{
	errno = error;
	return error == ENOSPC || error == EDQUOT ? COMPL_E_FULL_DISK : COMPL_E_SYSTEM;
}

static int
allocate(const struct compl_space *c, size_t offset, size_t size)
{
	while (fallocate(c->fd, 0, (off_t)offset, (off_t)size) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

/* Whether fallocate(2) is not to be had, by its error: the file system lacks it (ramfs, ext3, old
 * versions of ZFS and 9p), or the kernel, or a sandbox refuses it. */
static bool
is_refusal(int error)
{
	return error == EOPNOTSUPP || error == ENOSYS || error == EPERM;
}

/* Touches each page of a range, at its second word, on which nobody sleeps.
 *
 * Ordering: others may be writing to the same page: whoever has just made a new record of it, or a
 * process that recovers.  A page must not be read and written back, as posix_fallocate(3) of glibc
 * does where there is no fallocate(2): what they store in between would be lost.  The kernel's
 * atomic `or` with 0 loses nothing. */
static int
touch(const struct compl_space *c, size_t offset, size_t size)
{
	for (size_t at = offset - offset % LAYOUT_PAGE; at < offset + size; at += LAYOUT_PAGE)
		if (futex_touch((uint32_t *)(c->base + at) + 1) < 0)
			return errno == EFAULT ? ENOSPC : errno;
	return 0;
}

/* Reserves the pages of a range, of which neither offset nor size need be aligned. */
static enum compl_result
reserve(const struct compl_space *c, size_t offset, size_t size)
{
	int error = descriptor_is_ours(c) ? allocate(c, offset, size) : EOPNOTSUPP;

	if (is_refusal(error))
		error = touch(c, offset, size);
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

/* Whether the record after the last one is the first of its group to be used. */
static bool
begins_group(const struct table *t, uint32_t count)
{
	return count == 0 || (count + 1) % (LAYOUT_PAGE / t->size) == 0;
}

enum compl_result
pages_reserve_begun(const struct compl_space *c, enum pages_table kind, uint32_t count)
{
	const struct table *t = &tables[kind];
	uint32_t group = LAYOUT_PAGE / t->size, first = (count + 1) / group * group;
	enum compl_result result;

	if (count >= t->limit)
		return t->full;
	if (!begins_group(t, count))
		return COMPL_OK;
	result = reserve(c, t->at + first * t->size, LAYOUT_PAGE);
	if (result == COMPL_OK)
		result = reserve(c, t->values_at + first * t->values_size, group * t->values_size);
	return result;
}

enum compl_result
pages_reserve_next(const struct compl_space *c, enum pages_table kind, uint32_t count)
{
	if (count < tables[kind].limit && begins_group(&tables[kind], count) &&
	    !descriptor_is_ours(c))
		return pages_failure(EBADF);
	return pages_reserve_begun(c, kind, count);
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
	if (needed > __atomic_load_n(&c->reserved, __ATOMIC_RELAXED) && descriptor_look(c, &st))
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
