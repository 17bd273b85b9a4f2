/* SPDX-License-Identifier: ISC
 *
 * Invariant: a segment is used only if it is a regular file of the expected
 * owner, not writable by the world, of the size of this layout, and carries its
 * magic and version.  All of that is looked at on the descriptor, after the
 * open.
 *
 * Crash: creating is open, ftruncate, fallocate and three compare-and-swaps, each
 * of which the next to come does again.
 */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "spelling.h"

/* ---- where it is ---------------------------------------------------------- */

static char *
append(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n + 1);
	return to + n;
}

static char *
append_number(char *to, unsigned long n)
{
	char digits[24], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return append(to, p);
}

/* "/compl.<uid>.<space>", as shm_open(3) wants it. */
static enum compl_result
shm_name(char *name, const struct compl_where *where)
{
	char *p = append(name, "/compl.");

	if (where->space != NULL ? !spelling_is_space(where->space) : !where->system)
		return COMPL_E_SPACE;
	if (where->system)
		p = append(p, "system");
	else
		p = append_number(p, where->uid);
	if (where->space != NULL)
		append(append(p, "."), where->space);
	return COMPL_OK;
}

enum compl_result
segment_path(char *path, size_t size, const struct compl_where *where)
{
	if (size < COMPL_PATH_MAX)
		return COMPL_E_ARGUMENT;
	return shm_name(append(path, "/dev/shm"), where);
}

/* ---- open, check, map ------------------------------------------------------ */

static enum compl_result
system_result(int error)
{
	errno = error;
	return error == ENOSPC || error == EDQUOT ? COMPL_E_NO_SPACE : COMPL_E_SYSTEM;
}

/* Reserves pages before they are touched for the first time: COMPL_E_NO_SPACE, or
 * COMPL_E_SYSTEM.  Offsets need not be aligned. */
static enum compl_result
reserve(const struct compl_space *c, size_t offset, size_t size)
{
	int error;

	do
		error = posix_fallocate(c->fd, (off_t)offset, (off_t)size);
	while (error == EINTR);
	return error == 0 ? COMPL_OK : system_result(error);
}

/* Where a kind of record lies, and behind all of them its values. */
static const struct table {
	uint32_t at, size, values_at, values_size;
} tables[] = {
	[SEGMENT_COMPLETIONS] = { LAYOUT_COMPLETIONS_AT, sizeof(struct completion),
				  LAYOUT_VALUES_AT, 2 * LAYOUT_VALUE },
	[SEGMENT_PLACES] = { LAYOUT_PLACES_AT, sizeof(struct place), LAYOUT_WORDS_AT,
			     LAYOUT_VALUE },
};

enum compl_result
segment_reserve_record(const struct compl_space *c, enum segment_table kind, uint32_t index)
{
	const struct table *t = &tables[kind];
	uint32_t group = LAYOUT_PAGE / t->size, first = index - index % group;
	enum compl_result result;

	if (index != 1 && index != first)
		return COMPL_OK;
	result = reserve(c, t->at + first * t->size, LAYOUT_PAGE);
	if (result == COMPL_OK)
		result = reserve(c, t->values_at + first * t->values_size, group * t->values_size);
	return result;
}

/* Bytes of whole pages that records up to and with an index take. */
static uint64_t
pages_of(uint32_t index, uint32_t size)
{
	return LAYOUT_ROUND(((uint64_t)index + 1) * size);
}

enum compl_result
segment_reserve_tables(struct compl_space *c, uint32_t completions, uint32_t places)
{
	const uint32_t counts[] = { completions, places };
	enum compl_result result = COMPL_OK;

	for (size_t i = 0; i < 2 && result == COMPL_OK; i++) {
		const struct table *t = &tables[i];

		result = reserve(c, t->at, pages_of(counts[i], t->size));
		if (result == COMPL_OK)
			result = reserve(c, t->values_at, pages_of(counts[i], t->values_size));
	}
	return result;
}

bool
segment_has_tables(struct compl_space *c, uint32_t completions, uint32_t places)
{
	const uint32_t counts[] = { completions, places };
	uint64_t needed = LAYOUT_CORE;
	struct stat st;

	for (size_t i = 0; i < 2; i++)
		if (counts[i] > 0)
			needed += pages_of(counts[i], tables[i].size) +
				  pages_of(counts[i], tables[i].values_size);
	if (needed > __atomic_load_n(&c->reserved, __ATOMIC_RELAXED) && fstat(c->fd, &st) == 0)
		__atomic_store_n(&c->reserved, (uint64_t)st.st_blocks * 512, __ATOMIC_RELAXED);
	return needed <= __atomic_load_n(&c->reserved, __ATOMIC_RELAXED);
}

bool
segment_is_linked(const struct compl_space *c)
{
	struct stat st;

	return fstat(c->fd, &st) < 0 || st.st_nlink > 0;
}

static enum compl_result
open_result(int error)
{
	switch (error) {
	case ENOENT:
		return COMPL_E_NO_SEGMENT;
	case EACCES:
	case EPERM:
		return COMPL_E_NOT_OURS;
	case EINVAL: /* a directory, says glibc */
	case ELOOP:
	case EISDIR:
	case ENXIO:
		return COMPL_E_NOT_SEGMENT;
	default:
		return system_result(error);
	}
}

static uid_t
owner_of(const struct compl_where *where)
{
	return where->system ? 0 : where->uid;
}

/* Without O_CREAT first: under fs.protected_regular, O_CREAT on somebody
 * else's file in a sticky directory fails even for root.  ENOENT with O_CREAT: the
 * directory itself is missing. */
static enum compl_result
open_as_we_are(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	c->fd = shm_open(c->name, O_RDWR | O_CLOEXEC, 0);
	if (c->fd >= 0)
		return COMPL_OK;
	if (errno != ENOENT || !(flags & COMPL_CREATE))
		return open_result(errno);
	/* What would not be its owner's must not lie in its place. */
	if ((uid_t)setfsuid((uid_t)-1) != owner_of(where))
		return COMPL_E_NOT_OURS;
	c->fd = shm_open(c->name, O_RDWR | O_CLOEXEC | O_CREAT, 0600);
	if (c->fd >= 0)
		return COMPL_OK;
	return errno == ENOENT ? COMPL_E_SYSTEM : open_result(errno);
}

/* In another user's place we are that user, so that what is created is his and stays
 * his if we die; this thread alone, and for files alone. */
static enum compl_result
open_file(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;
	int error, before;

	if (where->system || where->uid == geteuid())
		return open_as_we_are(c, where, flags);
	before = setfsuid(where->uid);
	result = open_as_we_are(c, where, flags);
	error = errno;
	setfsuid((uid_t)before);
	errno = error;
	return result;
}

static enum compl_result
check_owner(const struct stat *st, const struct compl_where *where)
{
	if (!S_ISREG(st->st_mode))
		return COMPL_E_NOT_SEGMENT;
	if (st->st_uid != owner_of(where) || (st->st_mode & S_IWOTH))
		return COMPL_E_NOT_OURS;
	return COMPL_OK;
}

/* An older version's that nobody uses. */
static bool
is_replaceable(const struct layout_header *h)
{
	return h->version < LAYOUT_VERSION && h->names == 0;
}

/* Of another version, if anything: its first bytes say so in every version. */
static enum compl_result
check_other_size(struct compl_space *c, unsigned flags)
{
	const uint32_t dead = MARK_DEAD;
	struct layout_header h;

	if (pread(c->fd, &h, 64, 0) != 64 || h.magic != LAYOUT_MAGIC || h.version == LAYOUT_VERSION)
		return COMPL_E_NOT_SEGMENT;
	if (h.mark != MARK_DEAD && !is_replaceable(&h))
		return COMPL_E_VERSION;
	if (!(flags & COMPL_CREATE))
		return COMPL_E_NO_SEGMENT;
	return pwrite(c->fd, &dead, sizeof(dead), 12) < 0 ? COMPL_E_SYSTEM : COMPL_REMOVED;
}

/* A file that is still empty, or has no pages yet, is one that somebody is
 * creating, or died creating, or could not pay for: go on from there. */
static enum compl_result
check_file(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;
	struct stat st;

	if (fstat(c->fd, &st) < 0)
		return COMPL_E_SYSTEM;
	if ((result = check_owner(&st, where)) != COMPL_OK)
		return result;
	if (st.st_size != 0 && st.st_size != LAYOUT_SIZE)
		return check_other_size(c, flags);
	if (!(flags & COMPL_CREATE) && (st.st_size == 0 || st.st_blocks * 512 < LAYOUT_CORE))
		return COMPL_E_NO_SEGMENT;
	/* The umask is the process's, not ours to change. */
	if (st.st_size == 0 && (st.st_mode & 0600) != 0600 && fchmod(c->fd, 0600) < 0)
		return COMPL_E_SYSTEM;
	if (st.st_size == 0 && ftruncate(c->fd, LAYOUT_SIZE) < 0)
		return system_result(errno);
	__atomic_store_n(&c->reserved, (uint64_t)st.st_blocks * 512, __ATOMIC_RELAXED);
	if (c->reserved < LAYOUT_CORE)
		return reserve(c, 0, LAYOUT_CORE);
	return COMPL_OK;
}

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

/* What a word of 0 becomes; what it is, if somebody was there first. */
static uint64_t
claim(uint64_t *word, uint64_t value)
{
	uint64_t seen = 0;

	if (__atomic_compare_exchange_n(word, &seen, value, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return value;
	return seen;
}

static enum compl_result
check_header(struct layout_header *h, unsigned flags)
{
	uint32_t version = 0;

	if (claim(&h->magic, LAYOUT_MAGIC) != LAYOUT_MAGIC)
		return COMPL_E_NOT_SEGMENT;
	if (!__atomic_compare_exchange_n(&h->version, &version, LAYOUT_VERSION, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    version != LAYOUT_VERSION) {
		if (!is_replaceable(h))
			return COMPL_E_VERSION;
		if (!(flags & COMPL_CREATE))
			return COMPL_E_NO_SEGMENT;
		put(&h->mark, MARK_DEAD);
	}
	return COMPL_OK;
}

/* A number that stands for our pid namespace, or 0.  Every namespace has a /proc of
 * its own, or sees one in which /proc/self is not what getpid() says.  (To look at
 * /proc/self/ns/pid would cost as much as all the rest of a short command.) */
static uint64_t
pid_namespace(void)
{
	char text[24], self[24];
	ssize_t n = readlink("/proc/self", self, sizeof(self));
	struct stat st;

	append_number(text, (unsigned long)getpid());
	if (n <= 0 || (size_t)n != strlen(text) || memcmp(text, self, (size_t)n) != 0 ||
	    stat("/proc", &st) < 0)
		return 0;
	return st.st_dev;
}

/* The real thing, for the first user, and for one who has a /proc of his own though not a
 * pid namespace. */
static bool
is_pid_inode(struct layout_header *h)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && claim(&h->pid_inode, st.st_ino) == st.st_ino;
}

/* Thread ids mean something within one pid namespace only.  Who finds that
 * there are several says so for good, and wakes whoever sleeps on the lock with
 * its operation pending (see robust.c). */
static void
note_pid_namespace(struct layout_header *h)
{
	uint64_t mine = pid_namespace();

	if (mine != 0 && __atomic_load_n(&h->pid_namespace, __ATOMIC_SEQ_CST) == mine)
		return;
	if (mine != 0 && is_pid_inode(h)) {
		claim(&h->pid_namespace, mine);
		return;
	}
	if (__atomic_exchange_n(&h->mixed, ROBUST_MIXED, __ATOMIC_SEQ_CST) == 0)
		futex_wake(&h->lock, INT32_MAX);
}

static enum compl_result
join(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;

	if ((result = check_file(c, where, flags)) != COMPL_OK || (result = map(c)) != COMPL_OK ||
	    (result = check_header(c->header, flags)) != COMPL_OK)
		return result;
	if (get(&c->header->mark) == MARK_DEAD)
		return COMPL_REMOVED;
	note_pid_namespace(c->header);
	return COMPL_OK;
}

/* ---- unlinking ---------------------------------------------------------------- */

/* A second at the most: its owner may be stopped. */
static int
lock_file(int fd)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int rc;

	for (int naps = 0; (rc = flock(fd, LOCK_EX | LOCK_NB)) < 0 && naps < 1000; naps++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&nap, NULL);
	}
	return rc;
}

/* Locking: flock(2) on our own descriptor keeps others who are about to unlink the same
 * file out; the path may have been given to a new segment meanwhile. */
enum compl_result
segment_unlink(struct compl_space *c)
{
	char path[COMPL_PATH_MAX + 16];
	struct stat mine, there;
	int rc;

	append(append(path, "/dev/shm"), c->name);
	rc = lock_file(c->fd);
	if (rc == 0 && fstat(c->fd, &mine) == 0 && lstat(path, &there) == 0 &&
	    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino)
		rc = shm_unlink(c->name);
	flock(c->fd, LOCK_UN);
	return rc == 0 ? COMPL_OK : COMPL_E_SYSTEM;
}

/* The mark is among the bytes that never change their meaning. */
static enum compl_result
mark_and_unlink(struct compl_space *c, const struct compl_where *where)
{
	const uint32_t dead = MARK_DEAD;
	enum compl_result result;
	struct stat st;

	if (fstat(c->fd, &st) < 0)
		return COMPL_E_SYSTEM;
	if ((result = check_owner(&st, where)) != COMPL_OK)
		return result;
	if (st.st_size == 0 && ftruncate(c->fd, LAYOUT_SIZE) < 0)
		return system_result(errno);
	/* Without a page for the mark there is nobody who could look at it. */
	if (pwrite(c->fd, &dead, sizeof(dead), 12) < 0 && errno != ENOSPC)
		return COMPL_E_SYSTEM;
	return segment_unlink(c);
}

enum compl_result
segment_unlink_foreign(const struct compl_where *where)
{
	struct compl_space c = { 0 };
	enum compl_result result = shm_name(c.name, where);

	if (result != COMPL_OK || (result = open_file(&c, where, 0)) != COMPL_OK)
		return result;
	result = mark_and_unlink(&c, where);
	close(c.fd);
	return result;
}

/* ---- open, close -------------------------------------------------------------- */

/* One attempt; COMPL_REMOVED: what was there was dead, and is not there any more. */
static enum compl_result
try_open(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result = open_file(c, where, flags);

	if (result == COMPL_OK)
		result = join(c, where, flags);
	if (result != COMPL_REMOVED || segment_unlink(c) == COMPL_OK)
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
	enum compl_result result = shm_name(draft.name, where);

	*cp = NULL;
	if (result != COMPL_OK)
		return result;
	while ((result = try_open(&draft, where, flags)) == COMPL_REMOVED) {
		let_go(&draft);
		draft = empty;
		shm_name(draft.name, where);
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
