/* SPDX-License-Identifier: ISC
 *
 * describe.c - says what has failed in a namespace of shared memory, why, and what to do about it
 *
 * The command knows results and its own options.  This file knows paths, owners, modes, limits and
 * the errors of system calls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "api/check.h"
#include "shm/calls/access.h"
#include "shm/os/futex.h"
#include "shm/segment/file.h"

/* The results that are about the segment.  All others are about what the caller asked for, and
 * compl_strresult() says enough about them. */
static const struct explanation {
	enum compl_result result;
	const char *reason; /* NULL: compl_strresult() */
	const char *remedy; /* or NULL */
} explanations[] = {
	{ COMPL_OK, NULL, NULL },
	{ COMPL_E_NO_NAMESPACE, NULL, NULL },
	{ COMPL_E_FULL_DISK, "its file system is full", "make room there" },
	{ COMPL_E_LOCKED, "its lock could not be taken within a second",
	  "look for a stopped process that uses it" },
	{ COMPL_E_WRONG_OWNER, NULL, NULL }, /* access_describe() */
	{ COMPL_E_WRONG_FILE, "is not a file of compl's", NULL },
	{ COMPL_E_WRONG_VERSION, "is in use by another version of compl", NULL },
	{ COMPL_E_DAMAGED, "is damaged", NULL },
	{ COMPL_E_SYSTEM, NULL, NULL }, /* describe_errno() */
};

static const struct {
	int error;
	const char *reason; /* NULL: strerror() */
	const char *remedy;
} remedies[] = {
	{ EACCES, NULL, "look at the mode of its directory" },
	{ EBADF, "its descriptor was closed or replaced by the program that uses it",
	  "open the namespace again" },
	{ EFBIG, NULL, "raise the limit on file sizes, 'ulimit -f'" },
	{ ELOOP, NULL, "its directory must be there, commonly a tmpfs" },
	{ EMFILE, NULL, "raise the limit on open files, 'ulimit -n'" },
	{ ENOENT, NULL, "its directory must be there, commonly a tmpfs" },
	{ ENOLCK, NULL,
	  "its file system must know locks of open file descriptions, as a tmpfs does" },
	{ ENOMEM, NULL, "raise the limit on memory, 'ulimit -v'" },
	{ ENOSYS, NULL, "the kernel, or a sandbox's system call filter, lacks what compl needs" },
	{ ENOTDIR, NULL, "its directory must be there, commonly a tmpfs" },
	{ EOVERFLOW, "this user has no mapping in the user namespace of its file system",
	  "give it one, in /proc/PID/uid_map" },
	{ EPERM, NULL,
	  "a sandbox's system call filter may be in the way (chmod is needed under a umask "
	  "like 0700)" },
	{ EROFS, NULL, "its file system must be writable" },
};

#define COPY(field, text) snprintf(field, sizeof(field), "%s", text)

static const struct explanation *
find_explanation(enum compl_result result)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].result == result)
			return &explanations[i];
	return NULL;
}

/* Whether the kernel refuses robust lists: qemu-user emulates none, and a sandbox may forbid them.
 * Registers the list anew that is registered. */
static bool
lack_robust_lists(void)
{
	struct robust_list_head *head;

	return futex_get_robust_list(&head) < 0 || futex_set_robust_list(head) < 0;
}

static void
describe_errno(struct compl_description *d, int error)
{
	if ((error == ENOSYS || error == EPERM) && lack_robust_lists()) {
		COPY(d->reason, "cannot be used without robust futexes, set_robust_list(2)");
		COPY(d->remedy,
		     error == ENOSYS
			     ? "use a kernel and not an emulator, as qemu-user is, or change "
			       "the sandbox's system call filter"
			     : "change the sandbox's system call filter");
		return;
	}
	COPY(d->reason, strerror(error));
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (remedies[i].error != error)
			continue;
		COPY(d->remedy, remedies[i].remedy);
		if (remedies[i].reason != NULL)
			COPY(d->reason, remedies[i].reason);
	}
}

/* Says whether it is the room or the inodes that the file system lacks. */
static void
describe_full_disk(struct compl_description *d)
{
	char directory[FILE_PATH_MAX];
	struct statvfs fs;

	snprintf(directory, sizeof(directory), "%.*s", (int)sizeof(directory) - 1, d->object);
	*strrchr(directory, '/') = '\0';
	if (statvfs(directory, &fs) < 0 || fs.f_files == 0 || fs.f_ffree > 0)
		return;
	COPY(d->reason, "its file system has no inodes left");
	COPY(d->remedy, "remove files there, or raise its limit, 'mount -o remount,nr_inodes='");
}

static void
describe(const struct compl_where *where, const struct explanation *e, int error,
	 struct compl_description *d)
{
	char path[FILE_PATH_MAX];

	if (file_path(path, where) == COMPL_OK)
		COPY(d->object, path);
	if (e->reason != NULL)
		COPY(d->reason, e->reason);
	if (e->remedy != NULL)
		COPY(d->remedy, e->remedy);
	if (e->result == COMPL_E_SYSTEM)
		describe_errno(d, error);
	if (d->object[0] == '\0')
		return;
	if (e->result == COMPL_E_SYSTEM && error == EACCES)
		access_describe_directory(d, where);
	if (e->result == COMPL_E_WRONG_OWNER)
		access_describe(d, where);
	if (e->result == COMPL_E_WRONG_FILE)
		access_advise_removal(d);
	if (e->result == COMPL_E_FULL_DISK)
		describe_full_disk(d);
}

/* Another engine's namespace is not described: this library knows nothing of it. */
void
compl_describe(const struct compl_where *where, enum compl_result result, int error,
	       struct compl_description *d)
{
	const struct explanation *e = find_explanation(result);
	int before = errno;

	*d = (struct compl_description){ 0 };
	COPY(d->reason, compl_strresult(result));
	if (e != NULL && check_where(where) == COMPL_OK)
		describe(where, e, error, d);
	errno = before;
}
