/* SPDX-License-Identifier: ISC
 *
 * access.c - finds out, after a refusal, who owns the file of a segment, and what stands in the way
 *
 * What is found may have changed since the refusal.  So this is for people, and decides nothing.
 */
#include "shm/calls/access.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/segment/file.h"

#define COPY(field, text) snprintf(field, sizeof(field), "%s", text)

/* Whether a uid has no mapping in our user namespace.  Files of such users are shown with the uid
 * that /proc/sys/kernel/overflowuid says, mostly 65534.  False if nothing can be known. */
static bool
is_unmapped(uid_t uid)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long long first, outside, count;
	bool is_mapped = map == NULL;

	while (!is_mapped && fscanf(map, "%llu %llu %llu", &first, &outside, &count) == 3)
		is_mapped = uid >= first && uid - first < count;
	if (map != NULL)
		fclose(map);
	return !is_mapped;
}

static bool
may_use(const char *path, int how)
{
	return faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0;
}

void
access_describe_directory(struct compl_description *d, const struct compl_where *where)
{
	char directory[FILE_PATH_MAX];
	struct stat st;

	if (lstat(d->object, &st) == 0)
		return;
	snprintf(directory, sizeof(directory), "%.*s", (int)sizeof(directory) - 1, d->object);
	*strrchr(directory, '/') = '\0';
	snprintf(d->reason, sizeof(d->reason), "uid %u may not make a file in %s",
		 (unsigned)file_owner(where), directory);
	snprintf(d->remedy, sizeof(d->remedy), "let root give it its usual mode, 'chmod 1777 %s'",
		 directory);
}

/* There is no file, and we are not the user that may make it. */
static void
describe_absence(struct compl_description *d, const struct compl_where *where)
{
	if (where->system) {
		COPY(d->reason, "is not there, and only root may make it");
		COPY(d->remedy, "let root make it");
		return;
	}
	COPY(d->reason, "is not there, and only its owner may make it");
	if (geteuid() == 0 && where->uid != 0)
		COPY(d->remedy, "allow setfsuid(2), and give root CAP_SETUID, to act as the owner");
}

/* The file has the right owner and mode, and was not opened, or not removed. */
static void
describe_refusal(struct compl_description *d, const struct stat *st)
{
	unsigned owner = (unsigned)st->st_uid, mode = (unsigned)st->st_mode & 07777U;
	bool is_ours = st->st_uid == geteuid();

	if (!is_ours && may_use(d->object, R_OK | W_OK)) {
		snprintf(d->reason, sizeof(d->reason),
			 "belongs to uid %u, with mode %04o, and others may use it, but not remove "
			 "it",
			 owner, mode);
		snprintf(d->remedy, sizeof(d->remedy), "ask uid %u to remove it", owner);
	} else if (is_ours && (mode & 0600) == 0600) {
		snprintf(d->reason, sizeof(d->reason),
			 "belongs to uid %u, with mode %04o, but access was refused", owner, mode);
		COPY(d->remedy, "look for a security policy, as of AppArmor or SELinux");
	} else if (!is_ours && (mode & 0060) == 0060) {
		snprintf(d->remedy, sizeof(d->remedy),
			 "ask uid %u for a place in its group, gid %u", owner,
			 (unsigned)st->st_gid);
	}
}

void
access_describe(struct compl_description *d, const struct compl_where *where)
{
	struct stat st;

	if (lstat(d->object, &st) < 0) {
		describe_absence(d, where);
		return;
	}
	snprintf(d->reason, sizeof(d->reason), "belongs to uid %u, with mode %04o",
		 (unsigned)st.st_uid, (unsigned)st.st_mode & 07777U);
	if (is_unmapped(st.st_uid))
		snprintf(d->reason, sizeof(d->reason),
			 "belongs to a user outside of this user namespace (shown as uid %u)",
			 (unsigned)st.st_uid);
	else if (S_ISREG(st.st_mode) && st.st_uid == file_owner(where) && !(st.st_mode & S_IWOTH))
		describe_refusal(d, &st);
	else
		access_advise_removal(d);
}

/* Root is never asked to remove what belongs to somebody else, although it may. */
void
access_advise_removal(struct compl_description *d)
{
	struct stat st;

	if (lstat(d->object, &st) < 0 || is_unmapped(st.st_uid))
		return;
	if (st.st_uid == geteuid())
		snprintf(d->remedy, sizeof(d->remedy), "remove it with '%s %s'",
			 S_ISDIR(st.st_mode) ? "rmdir" : "rm", d->object);
	else
		snprintf(d->remedy, sizeof(d->remedy), "ask uid %u to remove it",
			 (unsigned)st.st_uid);
}
