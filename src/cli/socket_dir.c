/* SPDX-License-Identifier: ISC
 *
 * socket_dir.c - makes a directory with a socket, and removes it
 *
 * A path outlives a process that is killed.  So each new directory is preceded by a look at the old
 * ones beside it: where a socket refuses a connection, no process has it any more.  A process that
 * has just made its directory may find it removed, because it was still empty.  Then it makes
 * another one.
 *
 * The directory belongs to this user, and nobody else can rename it or one above it.  So nobody
 * else can put a socket in the place of this one, or lead sweep() elsewhere.
 */
#include "cli/socket_dir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/random.h"
#include "cli/cold.h"

#define PREFIX	     "compl-notify."
#define SOCKET	     "socket"
#define RANDOM_BYTES 8
#define ENTRIES_MAX  10000 /* a look at more would take too long */
#define TRIES	     8

COLD static char dir[ADDRESS_TEXT_MAX + 1]; /* empty if there is none */
static pid_t owner;

bool
socket_dir_is_ours(const char *address)
{
	const char *end = strrchr(address, '/');

	if (end == NULL || strcmp(end + 1, SOCKET) != 0)
		return false;
	while (end > address && end[-1] != '/')
		end--;
	return strncmp(end, PREFIX, strlen(PREFIX)) == 0;
}

/* Writes the path of the socket.  False if it is too long for an address. */
static bool
write_path(char path[static ADDRESS_TEXT_MAX + 1], const char *directory)
{
	return snprintf(path, ADDRESS_TEXT_MAX + 1, "%s/" SOCKET, directory) <=
	       (int)ADDRESS_TEXT_MAX;
}

void
socket_dir_remove(void)
{
	char path[ADDRESS_TEXT_MAX + 1];

	if (dir[0] == '\0' || owner != getpid())
		return;
	if (write_path(path, dir))
		unlink(path);
	rmdir(dir);
	dir[0] = '\0';
}

/* ---- what killed processes have left ----------------------------------------------- */

static bool
is_refused(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool refused = fd >= 0 && !address_connect(fd, path) && errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return refused;
}

/* A directory that is not empty stays: its socket has a process, or is not where it should be. */
static void
sweep_one(const char *directory)
{
	char path[ADDRESS_TEXT_MAX + 1];
	struct stat st;

	if (lstat(directory, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    !write_path(path, directory))
		return;
	if (is_refused(path))
		unlink(path);
	rmdir(directory);
}

static void
sweep(const char *base)
{
	char path[ADDRESS_TEXT_MAX + 1];
	const struct dirent *entry;
	DIR *list = opendir(base);

	if (list == NULL)
		return;
	for (int i = 0; i < ENTRIES_MAX && (entry = readdir(list)) != NULL; i++)
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    snprintf(path, sizeof(path), "%s/%s", base, entry->d_name) < (int)sizeof(path))
			sweep_one(path);
	closedir(list);
}

/* ---- where it may be --------------------------------------------------------------- */

/* Whether every user can pass through a directory. */
static bool
is_open_to_all(const struct stat *st)
{
	return (st->st_mode & S_IXOTH) != 0;
}

/* Whether nobody but root and this user can rename in a directory what does not belong to them.
 * (In a user namespace that root is not in, the owner of the root directory stands for root.) */
static bool
is_safe(const struct stat *st)
{
	struct stat top;

	if (st->st_uid != 0 && st->st_uid != geteuid() &&
	    (stat("/", &top) != 0 || st->st_uid != top.st_uid))
		return false;
	return (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 || (st->st_mode & S_ISVTX) != 0;
}

/* Whether that is so for the directory and for each one above it.  path is absolute, without
 * symbolic links. */
static bool
is_each(const char *path, bool (*is)(const struct stat *))
{
	char part[PATH_MAX];
	struct stat st;

	for (size_t i = 1; path[i - 1] != '\0'; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (stat(part, &st) != 0 || !is(&st))
			return false;
	}
	return true;
}

/* ---- making it --------------------------------------------------------------------- */

/* umask(2) may have taken away what is set again here. */
static bool
make_dir(const char *base)
{
	char digits[2 * RANDOM_BYTES + 1];
	int length;

	if (!random_hex(digits, RANDOM_BYTES))
		return false;
	length = snprintf(dir, sizeof(dir), "%s/" PREFIX "%s", base, digits);
	if (length < (int)sizeof(dir) && mkdir(dir, 0711) == 0) {
		chmod(dir, 0711);
		return true;
	}
	dir[0] = '\0';
	return false;
}

static bool
bind_below(int socket, const char *base, char path[static ADDRESS_TEXT_MAX + 1])
{
	bool is_bound = false, was_swept = true;

	owner = getpid();
	for (int i = 0; i < TRIES && !is_bound && was_swept && make_dir(base); i++) {
		is_bound = write_path(path, dir) && address_bind(socket, path);
		was_swept = errno == ENOENT;
		if (is_bound)
			chmod(path, 0666);
		else
			socket_dir_remove();
	}
	return is_bound;
}

/* Tries the directory whose name has so many bytes. */
static bool
try_base(int socket, const char *name, size_t length, char path[static ADDRESS_TEXT_MAX + 1])
{
	char base[PATH_MAX], real[PATH_MAX];

	if (length == 0 || name[0] != '/' || length >= sizeof(base))
		return false;
	snprintf(base, sizeof(base), "%.*s", (int)length, name);
	if (realpath(base, real) == NULL || !is_each(real, is_safe) ||
	    (geteuid() == 0 && !is_each(real, is_open_to_all)))
		return false;
	sweep(real);
	return bind_below(socket, real, path);
}

static bool
try_each(int socket, const char *names, char path[static ADDRESS_TEXT_MAX + 1])
{
	while (names != NULL) {
		size_t length = strcspn(names, ":");

		if (try_base(socket, names, length, path))
			return true;
		names = names[length] == ':' ? names + length + 1 : NULL;
	}
	return false;
}

bool
socket_dir_bind(int socket, char path[static ADDRESS_TEXT_MAX + 1])
{
	const char *of_user = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
	const char *temporary = getenv("TMPDIR");

	return try_each(socket, getenv("RUNTIME_DIRECTORY"), path) ||
	       (of_user != NULL && try_base(socket, of_user, strlen(of_user), path)) ||
	       (temporary != NULL && try_base(socket, temporary, strlen(temporary), path)) ||
	       try_base(socket, "/tmp", strlen("/tmp"), path);
}
