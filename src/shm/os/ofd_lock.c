/* SPDX-License-Identifier: ISC
 *
 * ofd_lock.c - takes, tests and finds locks of open file descriptions
 *
 * Neither fcntl(2) nor /proc/locks says which process has such a lock: it has no owner but the
 * description.  But /proc/PID/fdinfo/N shows the locks of a descriptor.
 */
#include "shm/os/ofd_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "api/proc.h"

/* Each file system and each sandbox has its own way to say that it has no such locks. */
static int
take(int fd, short type, int64_t start, int64_t length)
{
	struct flock range = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length
	};
	int rc = fcntl(fd, F_OFD_SETLK, &range);

	if (rc < 0 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
		errno = ENOLCK;
	return rc;
}

int
ofd_lock_take(int fd, int64_t length)
{
	return take(fd, F_WRLCK, 0, length);
}

int
ofd_lock_share(int fd, int64_t byte)
{
	return take(fd, F_RDLCK, byte, 1);
}

bool
ofd_lock_is_taken(int fd, int64_t byte)
{
	struct flock range = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	return fcntl(fd, F_OFD_GETLK, &range) != 0 || range.l_type != F_UNLCK;
}

/* ---- who has it ------------------------------------------------------------- */

/* The lock that is looked for, on a byte of a file. */
struct wanted {
	struct stat file;
	int64_t byte;
	const char *name;
};

/* Whether a line of fdinfo is about the wanted lock. */
static bool
is_wanted(const struct wanted *w, const char *line)
{
	unsigned major, minor;
	uint64_t inode;
	int64_t start;

	return sscanf(line, "lock: %*d: OFDLCK %*s %*s %*d %x:%x:%" SCNu64 " %" SCNd64, &major,
		      &minor, &inode, &start) == 4 &&
	       makedev(major, minor) == w->file.st_dev && inode == w->file.st_ino &&
	       start == w->byte;
}

/* Whether a descriptor leads to a file of that name.  This saves a look at most descriptors, and
 * touches no file: what stat(2) asks may be out of order, such as a network's file system. */
static bool
is_named(const struct wanted *w, int directory, const char *number)
{
	char path[512];
	ssize_t length = readlinkat(directory, number, path, sizeof(path) - 1);
	const char *last;

	path[length > 0 ? length : 0] = '\0';
	last = strrchr(path, '/');
	return last != NULL && strncmp(last + 1, w->name, strlen(w->name)) == 0;
}

/* Whether a process has the lock by this one of its descriptors. */
static bool
has_by_descriptor(const struct wanted *w, pid_t pid, const char *number)
{
	char path[64], line[256];
	bool found = false;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.10s", (int)pid, number);
	info = fopen(path, "re");
	if (info == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), info) != NULL)
		found = is_wanted(w, line);
	fclose(info);
	return found;
}

static bool
has_lock(const struct wanted *w, pid_t pid)
{
	const struct dirent *entry;
	bool found = false;
	DIR *descriptors;
	int fd = proc_open(pid, "fd");

	descriptors = fd >= 0 ? fdopendir(fd) : NULL;
	if (descriptors == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(descriptors)) != NULL)
		found = is_named(w, fd, entry->d_name) && has_by_descriptor(w, pid, entry->d_name);
	closedir(descriptors);
	return found;
}

pid_t
ofd_lock_find_pid(int fd, int64_t byte, const char *name)
{
	struct wanted w = { .byte = byte, .name = name };
	const struct dirent *entry;
	pid_t pid, found = 0;
	DIR *proc;

	if (fstat(fd, &w.file) < 0 || (proc = opendir("/proc")) == NULL)
		return 0;
	while (found == 0 && (entry = readdir(proc)) != NULL) {
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > 0 && pid != getpid() && has_lock(&w, pid))
			found = pid;
	}
	closedir(proc);
	return found;
}
