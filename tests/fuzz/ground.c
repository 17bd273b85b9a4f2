/* SPDX-License-Identifier: ISC */
#include "ground.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layout.h"
#include "world.h"

/* ---- mappings ---------------------------------------------------------------------------- */

#define BEFORE (UINT64_C(16) << 20)
#define BEHIND (UINT64_C(4) << 30)

static struct mapping {
	char *base;
	size_t size;
} mappings[24];
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

void *
__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	struct mapping *free = mapping_at(NULL);
	char *all;

	if (at || size < LAYOUT_SIZE || !free)
		return __real_mmap(at, size, prot, flags, fd, offset);
	all = __real_mmap(NULL, BEFORE + size + BEHIND, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return MAP_FAILED;
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
	return __real_munmap((char *)at - BEFORE, BEFORE + size + BEHIND);
}

uint64_t
ground_key(const uint32_t *word)
{
	size_t i;

	for (i = 0; i < MAPPINGS; i++)
		if (mappings[i].base && (const char *)word >= mappings[i].base &&
		    (const char *)word < mappings[i].base + mappings[i].size)
			return (uint64_t)((const char *)word - mappings[i].base);
	return (uintptr_t)word;
}

/* ---- files --------------------------------------------------------------------------------- */

#define SHM "/dev/shm"

static char directory[128];

int __wrap_shm_open(const char *name, int flags, mode_t mode);
int __wrap_shm_unlink(const char *name);
int __wrap_lstat(const char *path, struct stat *st);
int __real_lstat(const char *path, struct stat *st);
DIR *__wrap_opendir(const char *path);
DIR *__real_opendir(const char *path);

static void
leave_nothing(void)
{
	ground_clear();
	rmdir(directory);
}

void
ground_begin(void)
{
	const char *given = getenv("FUZZ_DIR");

	if (*directory)
		return;
	snprintf(directory, sizeof directory, "%s/fuzz.%d", given ? given : SHM, (int)getpid());
	if (mkdir(directory, 0700) < 0 || chmod(directory, 01777) < 0)
		world_fail("no directory for the segments");
	atexit(leave_nothing);
}

static const char *
path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s%s", directory, name);
	return path;
}

int
__wrap_shm_open(const char *name, int flags, mode_t mode)
{
	return open(path_of(name), flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

int
__wrap_shm_unlink(const char *name)
{
	return unlink(path_of(name));
}

int
__wrap_lstat(const char *path, struct stat *st)
{
	bool is_ours = !strncmp(path, SHM "/", sizeof SHM);

	return __real_lstat(is_ours ? path_of(path + sizeof SHM - 1) : path, st);
}

DIR *
__wrap_opendir(const char *path)
{
	return __real_opendir(strcmp(path, SHM) ? path : directory);
}

void
ground_clear(void)
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
