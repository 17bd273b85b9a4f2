/* SPDX-License-Identifier: ISC
 *
 * sim-files.c - gives the code under test a directory and mappings of its own
 */
#include "sim-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/segment/layout.h"
#include "sim.h"

#define SHM "/dev/shm"

static char directory[128]; /* of the segments */

/* ---- mappings ---------------------------------------------------------------------------- */

#define BEFORE (UINT64_C(16) << 20)
#define AFTER  (UINT64_C(4) << 30)

static struct mapping {
	char *base;
	size_t size;
} mappings[32];
#define MAPPINGS (sizeof mappings / sizeof *mappings)

void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t size);
int __wrap_munmap(void *at, size_t size);

static struct mapping *
mapping_at(const char *base)
{
	size_t i;

	for (i = 0; i < MAPPINGS; i++)
		if (mappings[i].base == base)
			return &mappings[i];
	return NULL;
}

/* Fails unless the file is in our directory. */
static void
check_file(int fd)
{
	char link[64], path[512] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	REQUIRE(readlink(link, path, sizeof path - 1) > 0);
	REQUIRE(strncmp(path, directory, strlen(directory)) == 0);
}

void *
__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	struct mapping *free = mapping_at(NULL);
	char *all;

	if (at || size < LAYOUT_ROBUST_END || !free)
		return __real_mmap(at, size, prot, flags, fd, offset);
	all = __real_mmap(NULL, BEFORE + size + AFTER, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return MAP_FAILED;
	if (fd >= 0)
		check_file(fd);
	*free = (struct mapping){ all + BEFORE, size };
	return __real_mmap(all + BEFORE, size, prot, flags | MAP_FIXED, fd, offset);
}

int
__wrap_munmap(void *at, size_t size)
{
	struct mapping *m = mapping_at(at);

	if (!m)
		return __real_munmap(at, size);
	*m = (struct mapping){ 0 };
	return __real_munmap((char *)at - BEFORE, BEFORE + size + AFTER);
}

uint64_t
sim_files_key(const uint32_t *word)
{
	size_t i;

	for (i = 0; i < MAPPINGS; i++)
		if (mappings[i].base && (const char *)word >= mappings[i].base &&
		    (const char *)word < mappings[i].base + mappings[i].size)
			return (uint64_t)((const char *)word - mappings[i].base);
	return (uintptr_t)word;
}

/* ---- files --------------------------------------------------------------------------------- */

int __wrap_openat(int from, const char *path, int flags, ...);
int __real_openat(int from, const char *path, int flags, ...);
int __wrap_unlink(const char *path);
int __real_unlink(const char *path);
int __wrap_lstat(const char *path, struct stat *st);
int __real_lstat(const char *path, struct stat *st);
int __wrap_chmod(const char *path, mode_t mode);
int __real_chmod(const char *path, mode_t mode);
DIR *__wrap_opendir(const char *path);
DIR *__real_opendir(const char *path);

static void
remove_directory(void)
{
	sim_files_clear();
	rmdir(directory);
}

void
sim_files_begin(void)
{
	const char *given = getenv("FUZZ_DIR");

	if (*directory)
		return;
	snprintf(directory, sizeof directory, "%s/fuzz.%d", given ? given : SHM, (int)getpid());
	if (mkdir(directory, 0700) < 0 || __real_chmod(directory, 01777) < 0)
		sim_fail("no directory for the segments");
	atexit(remove_directory);
}

/* A path in the machine's directory becomes one in ours. */
static const char *
path_of(const char *path)
{
	static char ours[512];

	if (strncmp(path, SHM "/", sizeof SHM) != 0)
		return path;
	snprintf(ours, sizeof ours, "%s%s", directory, path + sizeof SHM - 1);
	return ours;
}

int
__wrap_openat(int from, const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
	va_end(more);
	return __real_openat(from, path_of(path), flags, mode);
}

int
__wrap_unlink(const char *path)
{
	return __real_unlink(path_of(path));
}

int
__wrap_lstat(const char *path, struct stat *st)
{
	return __real_lstat(path_of(path), st);
}

int
__wrap_chmod(const char *path, mode_t mode)
{
	return __real_chmod(path_of(path), mode);
}

DIR *
__wrap_opendir(const char *path)
{
	return __real_opendir(strcmp(path, SHM) ? path : directory);
}

void
sim_files_clear(void)
{
	DIR *dir = __real_opendir(directory);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}
