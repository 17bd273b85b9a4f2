/* SPDX-License-Identifier: ISC
 *
 * file.c - names, opens, checks and unlinks the file behind a segment
 *
 * Whether a file may be used is decided by what its descriptor says, after the open.  The path may
 * lead to another file by then.
 */
#include "shm/segment/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/number.h"
#include "api/validate.h"
#include "shm/os/fsuid.h"
#include "shm/segment/descriptor.h"
#include "shm/segment/pages.h"
#include "shm/segment/word.h"

/* The directory in which shm_open(3) opens files. */
#define DIRECTORY "/dev/shm"

/* ---- where it is ---------------------------------------------------------- */

static char *
append(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n + 1);
	return to + n;
}

enum compl_result
file_name(char *name, const struct compl_where *where)
{
	char *p = append(name, "/compl.");

	if (where->space != NULL ? !compl_is_namespace(where->space) : !where->system)
		return COMPL_E_BAD_NAMESPACE;
	if (where->system)
		p = append(p, "system");
	else
		p = number_write(p, where->uid);
	if (where->space != NULL)
		append(append(p, "."), where->space);
	return COMPL_OK;
}

enum compl_result
file_path(char *path, const struct compl_where *where)
{
	return file_name(append(path, DIRECTORY), where);
}

static void
make_path(char *path, const struct compl_space *c)
{
	append(append(path, DIRECTORY), c->name);
}

uid_t
file_owner(const struct compl_where *where)
{
	return where->system ? 0 : where->uid;
}

/* ---- unlinking ------------------------------------------------------------- */

/* Takes the file lock, by LOCK_EX or LOCK_SH.  Waits for a second at the most, because its owner
 * may be stopped.  0, or -1 with errno, which is then EWOULDBLOCK. */
static int
lock_file(int fd, int how)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int rc;

	for (int naps = 0; (rc = flock(fd, how | LOCK_NB)) < 0 && naps < 1000; naps++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&nap, NULL);
	}
	return rc;
}

/* Unlinks the path if it leads to this file.  0, or -1 with errno.
 *
 * Locking: we hold the file lock from the comparison to unlink().  Every process that is about to
 * unlink this file takes that lock.  Otherwise one of them could unlink the file in between, a new
 * segment could get the path, and we would unlink the new one. */
static int
unlink_locked(const struct compl_space *c)
{
	char path[FILE_PATH_MAX];
	struct stat there;

	make_path(path, c);
	return lstat(path, &there) == 0 && descriptor_is_same(c, &there) ? unlink(path) : 0;
}

enum compl_result
file_unlink(struct compl_space *c)
{
	int rc;

	if (!descriptor_is_ours(c)) {
		errno = EBADF;
		return COMPL_E_SYSTEM;
	}
	rc = lock_file(c->fd, LOCK_EX);
	if (rc == 0)
		rc = unlink_locked(c);
	flock(c->fd, LOCK_UN);
	return rc == 0 ? COMPL_OK : COMPL_E_SYSTEM;
}

/* Whether somebody has used the segment, so that its pages were reserved before. */
static bool
is_claimed(const struct compl_space *c)
{
	uint64_t magic = 0;

	return pread(c->fd, &magic, sizeof(magic), 0) == sizeof(magic) && magic == LAYOUT_MAGIC;
}

static bool
has_blocks(const struct stat *st)
{
	return st->st_size == LAYOUT_SIZE && st->st_blocks * 512 >= LAYOUT_CORE;
}

/* Unlinks a file that we could not complete, unless somebody else is about to complete it, or has
 * done so.  We hold no file lock, or a shared one.  Leaves errno as it is. */
static void
forget(const struct compl_space *c)
{
	int error = errno;
	struct stat st;

	if (flock(c->fd, LOCK_EX | LOCK_NB) == 0 && fstat(c->fd, &st) == 0 && !has_blocks(&st) &&
	    !is_claimed(c))
		unlink_locked(c);
	errno = error;
}

/* ---- open, check ----------------------------------------------------------- */

static enum compl_result
open_result(int error)
{
	switch (error) {
	case ENOENT:
		return COMPL_E_NO_NAMESPACE;
	case EACCES:
	case EPERM:
		return COMPL_E_WRONG_OWNER;
	case ELOOP:
	case EISDIR:
	case ENXIO:
		return COMPL_E_WRONG_FILE;
	default:
		return pages_failure(error);
	}
}

/* Whether no other user can replace a file of ours in the directory. */
static bool
is_guarded(void)
{
	struct stat st;

	return stat(DIRECTORY, &st) == 0 &&
	       ((st.st_mode & S_ISVTX) || !(st.st_mode & (S_IWGRP | S_IWOTH)));
}

/* Whether the file is what a creator leaves that dies before set_mode(): empty, with no permissions
 * but some of its owner's. */
static bool
is_unfinished(const struct stat *st)
{
	return st->st_size == 0 && (st->st_mode & 07777 & ~(mode_t)0600) == 0 && is_guarded();
}

/* After an open that failed with EACCES: does what the creator of a file of ours has not done yet,
 * or will never do.  Returns whether to open again: it has set the mode, or another process has set
 * it, or has unlinked the file.  uid: as whom this thread acts on files.  (Somebody else's file is
 * left alone: its owner could put a link in its place before chmod().) */
static bool
mend_mode(const char *path, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_uid != uid)
		return false;
	return (st.st_mode & 0600) == 0600 || (is_unfinished(&st) && chmod(path, 0600) == 0);
}

/* Opens a file that another process may be creating under a umask that takes its owner's
 * permissions away.  Each try but the first meets another moment of other processes. */
static int
open_mended(const char *path, int flags, int lowest, uid_t uid)
{
	int tries = 10, fd;

	while ((fd = descriptor_open(path, flags, lowest)) < 0 && errno == EACCES && --tries > 0)
		if (!mend_mode(path, uid)) {
			errno = EACCES;
			break;
		}
	return fd;
}

/* Gives an empty file its mode, which the umask may have changed.  The umask stays as it is,
 * because other threads of the process use it.
 *
 * Crash: if we die before that, the next call of this user does it, by mend_mode(). */
static int
set_mode(int fd, const struct stat *st)
{
	return st->st_size != 0 || (st->st_mode & 0600) == 0600 ? 0 : fchmod(fd, 0600);
}

/* Creates the file, or opens one that another process has just created.  ENOENT: the directory
 * itself is missing.  EACCES: we may not write to the directory.
 *
 * The file is not uid's if the thread acts on files as yet another user: the program has called
 * setfsuid(2).  To ask the kernel for that user would take the same call, which a sandbox may
 * punish by death.  So the owner of the new file tells. */
static enum compl_result
create(struct compl_space *c, const char *path, int lowest, uid_t uid)
{
	struct stat st;

	c->fd = open_mended(path, O_RDWR | O_CREAT, lowest, uid);
	if (c->fd < 0)
		return errno == ENOENT || errno == EACCES ? COMPL_E_SYSTEM : open_result(errno);
	if (fstat(c->fd, &st) < 0)
		return COMPL_E_SYSTEM;
	descriptor_note(c, &st);
	if (st.st_uid == uid && set_mode(c->fd, &st) == 0)
		return COMPL_OK;
	forget(c);
	return st.st_uid == uid ? COMPL_E_SYSTEM : COMPL_E_WRONG_OWNER;
}

/* Does the work of file_open() as this user.  Opens without O_CREAT first: under
 * fs.protected_regular, O_CREAT on another user's file in a sticky directory fails even for
 * root. */
static enum compl_result
open_as(struct compl_space *c, const struct compl_where *where, unsigned flags, uid_t uid)
{
	int lowest = flags & COMPL_ANY_DESCRIPTOR ? DESCRIPTOR_LOWEST_ANY : DESCRIPTOR_LOWEST;
	char path[FILE_PATH_MAX];

	make_path(path, c);
	c->fd = open_mended(path, O_RDWR, lowest, uid);
	if (c->fd >= 0)
		return COMPL_OK;
	if (errno != ENOENT || !(flags & COMPL_CREATE))
		return open_result(errno);
	/* Do not create the file under a uid that is not its owner's. */
	if (uid != file_owner(where))
		return COMPL_E_WRONG_OWNER;
	return create(c, path, lowest, uid);
}

/* If that is needed in another user's namespace, this thread acts on files as that user.  So a file
 * that it creates belongs to that user from the first moment on, even if this process dies. */
enum compl_result
file_open(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	uid_t self = geteuid();
	enum compl_result result = open_as(c, where, flags, self);
	struct fsuid before;

	if (result != COMPL_E_WRONG_OWNER || where->system || where->uid == self)
		return result;
	fsuid_enter(&before, where->uid);
	result = open_as(c, where, flags, fsuid_get());
	fsuid_leave(&before);
	return result;
}

/* Opens it as this process is or, if it may not, as the owner: a process that acts for another user
 * has opened it as that user, too (file_open()). */
static int
open_to_read(const char *path)
{
	int fd = descriptor_open(path, O_RDONLY, DESCRIPTOR_LOWEST);
	struct fsuid before;
	struct stat st;

	if (fd >= 0 || errno != EACCES || lstat(path, &st) < 0 || st.st_uid == geteuid())
		return fd;
	fsuid_enter(&before, st.st_uid);
	fd = descriptor_open(path, O_RDONLY, DESCRIPTOR_LOWEST);
	fsuid_leave(&before);
	return fd;
}

enum compl_result
file_open_again(const struct compl_space *c, int *fd)
{
	char path[FILE_PATH_MAX];
	struct stat st;

	make_path(path, c);
	*fd = open_to_read(path);
	if (*fd < 0)
		return errno == ENOENT ? COMPL_E_NO_NAMESPACE : COMPL_E_SYSTEM;
	if (fstat(*fd, &st) == 0 && descriptor_is_same(c, &st))
		return COMPL_OK;
	close(*fd);
	*fd = -1;
	return COMPL_E_NO_NAMESPACE;
}

static enum compl_result
check_owner(const struct stat *st, const struct compl_where *where)
{
	if (!S_ISREG(st->st_mode))
		return COMPL_E_WRONG_FILE;
	if (st->st_uid != file_owner(where) || (st->st_mode & S_IWOTH))
		return COMPL_E_WRONG_OWNER;
	return COMPL_OK;
}

/* Looks at a file that has just been opened, and notes which one it is. */
static enum compl_result
look(struct compl_space *c, const struct compl_where *where, struct stat *st)
{
	if (fstat(c->fd, st) < 0)
		return COMPL_E_SYSTEM;
	descriptor_note(c, st);
	return check_owner(st, where);
}

enum compl_result
file_check(struct compl_space *c, const struct compl_where *where)
{
	struct stat st;

	return look(c, where, &st);
}

bool
file_is_replaceable(const struct layout_header *h)
{
	return h->version < LAYOUT_VERSION && h->names == 0;
}

/* Does the work of file_prepare() for a file that does not have the size of this version's
 * segments.  It may be a segment of another version: the first 64 bytes mean the same in every
 * version.  If that one is dead, or can be replaced, marks it dead and returns COMPL_REMOVED. */
static enum compl_result
mark_other_version(struct compl_space *c, unsigned flags)
{
	const uint32_t dead = MARK_DEAD;
	struct layout_header h;

	if (pread(c->fd, &h, 64, 0) != 64 || h.magic != LAYOUT_MAGIC || h.version == LAYOUT_VERSION)
		return COMPL_E_WRONG_FILE;
	if (h.mark != MARK_DEAD && !file_is_replaceable(&h))
		return COMPL_E_WRONG_VERSION;
	if (!(flags & COMPL_CREATE))
		return COMPL_E_NO_NAMESPACE;
	return pwrite(c->fd, &dead, sizeof(dead), 12) < 0 ? COMPL_E_SYSTEM : COMPL_REMOVED;
}

/* A file that is still empty, or has no pages yet, is not complete: its creator is at work on it,
 * or died before it was done.  With COMPL_CREATE we go on from there, by file_complete().  Some
 * file systems, as ramfs, count no blocks; there the magic tells. */
enum compl_result
file_prepare(struct compl_space *c, const struct compl_where *where, unsigned flags)
{
	enum compl_result result;
	struct stat st;

	if ((result = look(c, where, &st)) != COMPL_OK)
		return result;
	if (st.st_nlink == 0)
		return COMPL_REMOVED;
	if (st.st_size != 0 && st.st_size != LAYOUT_SIZE)
		return mark_other_version(c, flags);
	if (!has_blocks(&st) && !(flags & COMPL_CREATE) && !is_claimed(c))
		return COMPL_E_NO_NAMESPACE;
	__atomic_store_n(&c->reserved, has_blocks(&st) ? (uint64_t)st.st_blocks * 512 : 0,
			 __ATOMIC_RELAXED);
	return COMPL_OK;
}

/* If the descriptor is not ours any more, the path tells. */
bool
file_is_linked(const struct compl_space *c)
{
	char path[FILE_PATH_MAX];
	struct stat st;

	if (descriptor_look(c, &st))
		return st.st_nlink > 0;
	make_path(path, c);
	return lstat(path, &st) < 0 ? errno != ENOENT : descriptor_is_same(c, &st);
}

/* ---- completing ------------------------------------------------------------ */

/* Gives the file its mode, its size and its first pages.  Each may be there already. */
static enum compl_result
fill(const struct compl_space *c)
{
	struct stat st;

	if (fstat(c->fd, &st) < 0)
		return COMPL_E_SYSTEM;
	if (st.st_nlink == 0)
		return COMPL_REMOVED;
	if (st.st_size != 0 && st.st_size != LAYOUT_SIZE)
		return COMPL_E_WRONG_VERSION;
	/* Root opens a file that its creator has not finished in spite of the mode. */
	if (set_mode(c->fd, &st) < 0)
		return COMPL_E_SYSTEM;
	if (st.st_size == 0 && ftruncate(c->fd, LAYOUT_SIZE) < 0)
		return pages_failure(errno);
	return pages_reserve_core(c);
}

/* Locking: we hold the file lock, shared, until the magic is stored.  forget() holds it alone.  So
 * no process that has completed the file, and may have posted in it, finds its file unlinked: while
 * forget() looks, nobody completes the file, and nobody else has done so, or there would be blocks
 * or the magic.  Creators do not wait for each other.  If there is no file lock (flock(2) is
 * refused), forget() does nothing.
 *
 * Crash: the kernel frees the lock.  The next process goes on where we stopped. */
enum compl_result
file_complete(struct compl_space *c)
{
	enum compl_result result;

	if (is_claimed(c))
		return pages_reserve_core(c);
	if (lock_file(c->fd, LOCK_SH) < 0 && errno == EWOULDBLOCK)
		return COMPL_E_LOCKED;
	result = fill(c);
	if (result == COMPL_OK)
		word_claim(&c->header->magic, LAYOUT_MAGIC);
	else if (result == COMPL_E_SYSTEM || result == COMPL_E_FULL_DISK)
		forget(c);
	flock(c->fd, LOCK_UN);
	return result;
}

/* ---- removing -------------------------------------------------------------- */

/* In a sticky directory, like /tmp, only root, the owner of the directory and the owner of the file
 * may. */
bool
file_may_unlink(const struct compl_space *c)
{
	struct stat mine, directory;

	return geteuid() == 0 || stat(DIRECTORY, &directory) < 0 ||
	       !(directory.st_mode & S_ISVTX) || directory.st_uid == geteuid() ||
	       fstat(c->fd, &mine) < 0 || mine.st_uid == geteuid();
}

/* Whether the file is a segment of this version, with its pages, and not dead.  (The version is 0
 * as long as the first user has not stored it.) */
static bool
may_have_users(const struct stat *st, const struct layout_header *h)
{
	return (has_blocks(st) || h->magic == LAYOUT_MAGIC) && h->mark != MARK_DEAD &&
	       (h->version == 0 || h->version == LAYOUT_VERSION);
}

/* Whether the file is a segment of any version.  (The magic is 0 as long as the first user has not
 * stored it.)  An empty file is not one yet: a process that is about to make one of it finds out
 * that it is unlinked. */
static bool
is_segment(const struct stat *st, const struct layout_header *h)
{
	return h->magic == LAYOUT_MAGIC || (h->magic == 0 && st->st_size == LAYOUT_SIZE);
}

/* Unlinks the file, and marks it dead first if it is a segment.  Writes nothing into any other
 * file, which may have another name, or a reader.  unused: leaves the file, and returns
 * COMPL_REMOVED, if it may have users.  The mark is at the same place in every version. */
static enum compl_result
mark_and_unlink(struct compl_space *c, const struct compl_where *where, bool unused)
{
	const uint32_t dead = MARK_DEAD;
	enum compl_result result;
	struct layout_header h;
	struct stat st;
	bool is_read;

	if ((result = look(c, where, &st)) != COMPL_OK)
		return result;
	is_read = pread(c->fd, &h, 64, 0) == 64;
	if (unused && is_read && may_have_users(&st, &h))
		return COMPL_REMOVED;
	/* ENOSPC: there is no page for the mark.  Then nobody uses the segment, and nobody needs
	   to see the mark. */
	if (is_read && is_segment(&st, &h) && pwrite(c->fd, &dead, sizeof(dead), 12) < 0 &&
	    errno != ENOSPC)
		return COMPL_E_SYSTEM;
	return file_unlink(c);
}

static enum compl_result
unlink_path(const struct compl_where *where, bool unused)
{
	struct compl_space c = { 0 };
	enum compl_result result = file_name(c.name, where);

	if (result != COMPL_OK || (result = file_open(&c, where, 0)) != COMPL_OK)
		return result;
	result = mark_and_unlink(&c, where, unused);
	close(c.fd);
	return result;
}

enum compl_result
file_unlink_foreign(const struct compl_where *where)
{
	return unlink_path(where, false);
}

enum compl_result
file_unlink_unused(const struct compl_where *where)
{
	return unlink_path(where, true);
}
