/* SPDX-License-Identifier: ISC
 *
 * Invariant: a segment is used only if it is a regular file of the expected
 * owner, not writable by the world, of the size of this layout, and carries its
 * magic and version.
 *
 * Crash: creating is open, ftruncate, fallocate and three compare-and-swaps, each
 * of which the next to come does again.
 */
#include "segment.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"
#include "pidns.h"

/* Behind the segment, in memory that nobody else can write, lie the links of a private
 * list, at the distance of the segment's size from their words; and in the page that the
 * lock's link needs anyway, the handle itself. */
static enum compl_result
map(struct compl_space *c)
{
	char *base;

	c->mapped = LAYOUT_SIZE + (c->sole ? LAYOUT_ROBUST_END : LAYOUT_PAGE);
	base = mmap(NULL, c->mapped, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return COMPL_E_SYSTEM;
	c->base = base;
	c->header = (struct layout_header *)base;
	if (mmap(base, LAYOUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, c->fd, 0) ==
	    MAP_FAILED)
		return COMPL_E_SYSTEM;
	return COMPL_OK;
}

#define HANDLE_AT (LAYOUT_SIZE + LAYOUT_LOG_AT) /* no word's link is there */
_Static_assert(LAYOUT_LOG_AT + sizeof(struct compl_space) <= LAYOUT_PAGE, "handle");

static enum compl_result
check_header(struct layout_header *h, unsigned flags)
{
	uint32_t version = 0;

	if (segment_claim(&h->magic, LAYOUT_MAGIC) != LAYOUT_MAGIC)
		return COMPL_E_NOT_SEGMENT;
	if (!__atomic_compare_exchange_n(&h->version, &version, LAYOUT_VERSION, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    version != LAYOUT_VERSION) {
		if (!file_is_replaceable(h))
			return COMPL_E_VERSION;
		if (!(flags & COMPL_CREATE))
			return COMPL_E_NO_SEGMENT;
		put(&h->mark, MARK_DEAD);
	}
	return COMPL_OK;
}

static enum compl_result
join(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;

	if ((result = file_check(c, where, flags)) != COMPL_OK || (result = map(c)) != COMPL_OK ||
	    (result = check_header(c->header, flags)) != COMPL_OK)
		return result;
	if (get(&c->header->mark) == MARK_DEAD)
		return COMPL_REMOVED;
	pidns_note(c->header);
	return COMPL_OK;
}

/* One attempt; COMPL_REMOVED: what was there was dead, and is not there any more. */
static enum compl_result
try_open(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result = file_open(c, where, flags);

	if (result == COMPL_OK)
		result = join(c, where, flags);
	if (result != COMPL_REMOVED || file_unlink(c) == COMPL_OK)
		return result;
	if (errno != EPERM && errno != EACCES)
		return COMPL_E_SYSTEM;
	return flags & COMPL_CREATE ? COMPL_E_NOT_OURS : COMPL_E_NO_SEGMENT;
}

/* c may lie in what is unmapped. */
static void
let_go(struct compl_space *c)
{
	int error = errno, fd = c->fd;

	if (c->base != NULL)
		munmap(c->base, c->mapped);
	if (fd >= 0)
		close(fd);
	errno = error;
}

/* Gives the handle its place. */
static enum compl_result
settle(const struct compl_space *draft, struct compl_space **cp)
{
	struct compl_space *c = (struct compl_space *)(draft->base + HANDLE_AT);

	*c = *draft;
	if (c->sole) {
		c->tid = (uint32_t)syscall(SYS_gettid);
		if (robust_register(&c->list, LAYOUT_SIZE) < 0)
			return COMPL_E_SYSTEM;
	}
	*cp = c;
	return COMPL_OK;
}

enum compl_result
segment_open(struct compl_space **cp, const struct compl_where *where, unsigned flags)
{
	const struct compl_space empty = { .fd = -1, .sole = flags & COMPL_SOLE_LIST };
	struct compl_space draft = empty;
	enum compl_result result = file_name(draft.name, where);

	*cp = NULL;
	if (result != COMPL_OK)
		return result;
	while ((result = try_open(&draft, where, flags)) == COMPL_REMOVED) {
		let_go(&draft);
		draft = empty;
		file_name(draft.name, where);
	}
	if (result == COMPL_OK)
		result = settle(&draft, cp);
	if (result != COMPL_OK)
		let_go(&draft);
	return result;
}

void
segment_close(struct compl_space *c)
{
	if (c->sole)
		robust_unregister(&c->list, c->tid);
	let_go(c);
}
