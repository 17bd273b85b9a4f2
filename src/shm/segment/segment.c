/* SPDX-License-Identifier: ISC
 *
 * segment.c - opens a segment: finds its file, checks it, maps it, and makes the handle
 *
 * Invariant: a segment is used only if it is a regular file, has the expected owner, is not
 * writable by the world, and has the size, the magic and the version of this layout.
 *
 * Crash: a segment is created by open, ftruncate, fallocate and compare-and-swaps of the magic, the
 * version and the pid namespace (file_complete(), claim_header()).  If we die in between, the next
 * process that opens the segment does what is missing.
 */
#include "shm/segment/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/check.h"
#include "api/clock.h"
#include "api/validate.h"
#include "shm/os/libc_robust_list.h"
#include "shm/segment/descriptor.h"
#include "shm/segment/file.h"
#include "shm/segment/pidns.h"
#include "shm/segment/word.h"

_Static_assert(sizeof(struct robust_list_head) <= offsetof(struct layout_header, lock),
	       "segment_make_links(): room for the head of the list");

static enum compl_result
map(struct compl_space *c)
{
	char *base = mmap(NULL, LAYOUT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);

	if (base == MAP_FAILED)
		return COMPL_E_SYSTEM;
	c->base = base;
	c->header = (struct layout_header *)base;
	c->lock = (struct mutex){ .word = &c->header->lock,
				  .seats = { .seats = (struct seat *)(base + LAYOUT_SEATS_AT),
					     .fd = c->fd,
					     .device = c->device,
					     .inode = c->inode },
				  .sleepers = &c->header->sleepers,
				  .segment = c->name,
				  .lost_wakeups = &c->header->lost_wakeups };
	return COMPL_OK;
}

static enum compl_result
claim_header(struct layout_header *h, unsigned flags)
{
	uint32_t version;

	if (word_claim(&h->magic, LAYOUT_MAGIC) != LAYOUT_MAGIC)
		return COMPL_E_WRONG_FILE;
	version = get(&h->version);
	if (version == 0 && __atomic_compare_exchange_n(&h->version, &version, LAYOUT_VERSION,
							false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		version = LAYOUT_VERSION;
	if (version != LAYOUT_VERSION) {
		if (!file_is_replaceable(h))
			return COMPL_E_WRONG_VERSION;
		if (!(flags & COMPL_CREATE))
			return COMPL_E_NO_NAMESPACE;
		put(&h->mark, MARK_DEAD);
	}
	return COMPL_OK;
}

/* Notes when the segment was opened: compl_remove_idle().  Most often another call of this second
 * has done so.  To a short program its first call begins now. */
static void
note_opening(struct compl_space *c, unsigned flags)
{
	bool is_short = flags & COMPL_ONE_THREAD && flags & COMPL_ANY_DESCRIPTOR;
	int64_t now_ns, *opened_s = &c->header->opened_s;

	if (flags & COMPL_LOOK)
		return;
	now_ns = is_short ? clock_now_by_call_ns() : clock_now_ns();
	if (is_short)
		c->opened_ns = now_ns;
	if (__atomic_load_n(opened_s, __ATOMIC_RELAXED) != now_ns / CLOCK_SECOND_NS)
		__atomic_store_n(opened_s, now_ns / CLOCK_SECOND_NS, __ATOMIC_RELAXED);
}

static enum compl_result
join(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;

	if ((result = file_prepare(c, where, flags)) != COMPL_OK || (result = map(c)) != COMPL_OK ||
	    (c->reserved < LAYOUT_CORE && (result = file_complete(c)) != COMPL_OK) ||
	    (result = claim_header(c->header, flags)) != COMPL_OK)
		return result;
	if (get(&c->header->mark) == MARK_DEAD)
		return COMPL_REMOVED;
	if (!(flags & COMPL_ONE_THREAD))
		c->epoch = libc_robust_list_epoch();
	c->tid = (uint32_t)syscall(SYS_gettid);
	note_opening(c, flags);
	if (pidns_note(c->header, c->tid))
		seat_join(&c->lock.seats, &c->header->seat_holders, c->fd);
	return COMPL_OK;
}

/* Makes one attempt.  COMPL_REMOVED: there was a dead segment, and it is unlinked now. */
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
	return flags & COMPL_CREATE ? COMPL_E_WRONG_OWNER : COMPL_E_NO_NAMESPACE;
}

/* ---- handles ------------------------------------------------------------------ */

/* The first handle of a process is static.  Most processes open no other one, so a short command
 * needs no heap for it. */
static struct {
	struct compl_space handle;
	bool is_taken; /* atomic */
} first;

static struct compl_space *
make_handle(void)
{
	if (!__atomic_test_and_set(&first.is_taken, __ATOMIC_ACQUIRE))
		return &first.handle;
	return malloc(sizeof(struct compl_space));
}

static void
free_handle(struct compl_space *c)
{
	if (c == &first.handle)
		__atomic_clear(&first.is_taken, __ATOMIC_RELEASE);
	else
		free(c);
}

/* Registers a robust list of our own.  At first its head lies in the handle, and it has room for
 * one link, that of the lock.  segment_make_links() makes room for all. */
static enum compl_result
register_list(struct compl_space *c)
{
	if (robust_register(&c->list, (char *)&c->lock_link - (char *)&c->header->lock) < 0)
		return COMPL_E_SYSTEM;
	return COMPL_OK;
}

/* The memory is mapped MAP_SHARED, although no other process has it: then the kernel finds the list
 * however the process is killed (struct robust_private).  The head of the list lies at the
 * beginning, where the first words of the header would have their links: none of them is a robust
 * word.
 *
 * Crash: no word is on the list now.  So it does not matter which of the two heads is
 * registered. */
enum compl_result
segment_make_links(struct compl_space *c)
{
	char *links;

	if (!c->one_thread || c->links != NULL)
		return COMPL_OK;
	links = mmap(NULL, LAYOUT_ROBUST_END, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (links == MAP_FAILED)
		return COMPL_E_SYSTEM;
	if (robust_set_head(&c->list, (struct robust_list_head *)links, links - c->base) < 0) {
		munmap(links, LAYOUT_ROBUST_END);
		return COMPL_E_SYSTEM;
	}
	c->links = links;
	return COMPL_OK;
}

/* Makes the handle foreign in a child.  The child shares the open file description of c->fd with
 * its parent, and perhaps with children in still other namespaces.  A byte that one of them locked
 * there would look free to the others.  So the child opens the file again, and keeps this
 * description by a mapping. */
static void
join_in_child(struct compl_space *c)
{
	void *page = MAP_FAILED;
	int fd;

	if (file_open_again(c, &fd) == COMPL_OK)
		page = mmap(NULL, LAYOUT_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (seat_join(&c->lock.seats, &c->header->seat_holders, page != MAP_FAILED ? fd : -1))
		c->description = page;
	else if (page != MAP_FAILED)
		munmap(page, LAYOUT_PAGE);
	if (fd >= 0)
		close(fd);
}

/* Ordering: the handle is foreign before another thread of this process finds its epoch. */
void
segment_note_pidns(struct compl_space *c, uint32_t epoch)
{
	int error = errno;

	if (!seat_is_foreign(&c->lock.seats) &&
	    pidns_note(c->header, (uint32_t)syscall(SYS_gettid)))
		join_in_child(c);
	__atomic_store_n(&c->epoch, epoch, __ATOMIC_RELEASE);
	errno = error;
}

static void
let_go(struct compl_space *c)
{
	int error = errno;

	if (c->description != NULL)
		munmap(c->description, LAYOUT_PAGE);
	if (c->links != NULL)
		munmap(c->links, LAYOUT_ROBUST_END);
	if (c->base != NULL)
		munmap(c->base, LAYOUT_SIZE);
	if (c->fd >= 0)
		close(c->fd);
	errno = error;
}

static enum compl_result
open_handle(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;

	do {
		*c = (struct compl_space){ .fd = -1, .one_thread = flags & COMPL_ONE_THREAD };
		result = file_name(c->name, where);
		if (result == COMPL_OK)
			result = try_open(c, where, flags);
		if (result == COMPL_OK && c->one_thread)
			result = register_list(c);
		if (result != COMPL_OK)
			let_go(c);
	} while (result == COMPL_REMOVED);
	return result;
}

static enum compl_result
make_open(struct compl_space **cp, const struct compl_where *where, unsigned flags)
{
	struct compl_space *c = make_handle();
	enum compl_result result = c != NULL ? open_handle(c, where, flags) : COMPL_E_SYSTEM;

	*cp = result == COMPL_OK ? c : NULL;
	if (result != COMPL_OK && c != NULL)
		free_handle(c);
	return result;
}

/* Only compl_scope() makes the namespace of a scope (COMPL_SCOPE).  For every other caller that
 * finds none, the scope has ended. */
enum compl_result
compl_open(struct compl_space **c, const struct compl_where *where, unsigned flags)
{
	bool is_alien =
		where->space != NULL && validate_is_scope(where->space) && !(flags & COMPL_SCOPE);
	enum compl_result result = check_open(where, flags);

	*c = NULL;
	if (result != COMPL_OK)
		return result;
	result = make_open(c, where, is_alien ? flags & ~(unsigned)COMPL_CREATE : flags);
	return is_alien && result == COMPL_E_NO_NAMESPACE ? COMPL_E_SCOPE_ENDED : result;
}

void
compl_close(struct compl_space *c)
{
	int error = errno;

	if (c == NULL)
		return;
	if (!descriptor_is_ours(c))
		c->fd = -1;
	if (c->one_thread)
		robust_unregister(&c->list, c->tid, &c->header->mixed);
	let_go(c);
	free_handle(c);
	errno = error;
}

bool
compl_is_removed(const struct compl_space *c)
{
	return get(&c->header->mark) == MARK_DEAD || !file_is_linked(c);
}

/* Ordering: a removal marks the segment before it unlinks the file.  We look at the file first, so
 * that we see the mark of the removal that has unlinked it. */
bool
compl_is_unlinked(const struct compl_space *c)
{
	return !file_is_linked(c) && get(&c->header->mark) != MARK_DEAD;
}
