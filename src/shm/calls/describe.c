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
#include <sys/stat.h>
#include <unistd.h>

#include "api/check.h"
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
	{ COMPL_E_WRONG_OWNER, NULL, NULL }, /* describe_owner() */
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
	{ EMFILE, NULL, "raise the limit on open files, 'ulimit -n'" },
	{ ENOENT, NULL, "its directory must be there, commonly a tmpfs" },
	{ ENOLCK, NULL,
	  "its file system must know locks of open file descriptions, as a tmpfs does" },
	{ ENOMEM, NULL, "raise the limit on memory, 'ulimit -v'" },
	{ ENOSYS, NULL, "the kernel, or a sandbox's system call filter, lacks what compl needs" },
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

static void
describe_errno(struct compl_description *d, int error)
{
	COPY(d->reason, strerror(error));
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (remedies[i].error != error)
			continue;
		COPY(d->remedy, remedies[i].remedy);
		if (remedies[i].reason != NULL)
			COPY(d->reason, remedies[i].reason);
	}
}

/* Says who owns the file now, and which mode it has. */
static void
describe_owner(struct compl_description *d)
{
	struct stat st;

	if (d->object[0] == '\0')
		return;
	if (lstat(d->object, &st) == 0)
		snprintf(d->reason, sizeof(d->reason), "belongs to uid %u, with mode %04o",
			 (unsigned)st.st_uid, (unsigned)st.st_mode & 07777U);
	else
		COPY(d->reason, "is not there, and only its owner may make it");
}

/* Advises the caller to remove the file, if it is its owner or root. */
static void
advise_removal(struct compl_description *d)
{
	struct stat st;

	if (lstat(d->object, &st) == 0 && (geteuid() == 0 || st.st_uid == geteuid()))
		snprintf(d->remedy, sizeof(d->remedy), "remove it with 'rm %s'", d->object);
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
	if (e->result == COMPL_E_WRONG_OWNER)
		describe_owner(d);
	if (e->result == COMPL_E_WRONG_OWNER || e->result == COMPL_E_WRONG_FILE)
		advise_removal(d);
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
