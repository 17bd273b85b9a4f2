/* SPDX-License-Identifier: ISC
 *
 * spaces.c - lists the namespaces of a user, which are files with a certain prefix in /dev/shm
 *
 * A file counts if it is a regular file of the expected owner.  Whether it is a sound segment is
 * found out only when it is opened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/check.h"
#include "api/validate.h"
#include "shm/segment/file.h"

typedef char space_name[COMPL_SPACE_MAX + 1];

/* What the files of all these namespaces have in common. */
struct pattern {
	char path[FILE_PATH_MAX]; /* split at the last slash */
	const char *prefix;	  /* "compl.1000." */
	size_t length;
	uid_t owner;
	bool system;
};

/* One block of memory: the list, followed by the names. */
struct block {
	struct compl_spaces list;
	space_name names[];
};

static void
make_pattern(struct pattern *p, const struct compl_where *where)
{
	const struct compl_where any = { .space = "x", .uid = where->uid, .system = where->system };
	char *slash;

	file_path(p->path, &any);
	p->path[strlen(p->path) - 1] = '\0';
	slash = strrchr(p->path, '/');
	*slash = '\0';
	p->prefix = slash + 1;
	p->length = strlen(p->prefix);
	p->owner = file_owner(where);
	p->system = where->system;
}

/* The namespace that a file of this name holds, or NULL if the name is not one of a segment. */
static const char *
space_of(const struct pattern *p, const char *file)
{
	if (strncmp(file, p->prefix, p->length) == 0)
		return compl_is_namespace(file + p->length) ? file + p->length : NULL;
	/* The file of the unnamed namespace has the prefix without the dot at its end. */
	if (p->system && strlen(file) == p->length - 1 &&
	    strncmp(file, p->prefix, p->length - 1) == 0)
		return file + p->length - 1;
	return NULL;
}

static bool
is_segment(DIR *dir, const struct pattern *p, const char *file)
{
	struct stat st;

	return fstatat(dirfd(dir), file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == p->owner;
}

static bool
add(struct block **b, const char *space)
{
	size_t count = (*b)->list.count;
	struct block *larger = realloc(*b, sizeof(**b) + (count + 1) * sizeof(space_name));

	if (larger == NULL)
		return false;
	memcpy(larger->names[count], space, strlen(space) + 1);
	larger->list.count = count + 1;
	*b = larger;
	return true;
}

/* Allocates the block first, so that there is one even if there is no namespace. */
static bool
collect(DIR *dir, const struct pattern *p, struct block **b)
{
	const struct dirent *entry;

	if ((*b = calloc(1, sizeof(**b))) == NULL)
		return false;
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		const char *space = space_of(p, entry->d_name);

		if (space != NULL && is_segment(dir, p, entry->d_name) && !add(b, space))
			return false;
	}
	return errno == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

enum compl_result
compl_spaces(const struct compl_where *where, struct compl_spaces **list)
{
	struct block *b = NULL;
	struct pattern p;
	bool collected;
	int error;
	DIR *dir;

	*list = NULL;
	if (check_where(where) != COMPL_OK)
		return COMPL_E_ARGUMENT;
	make_pattern(&p, where);
	if ((dir = opendir(p.path)) == NULL)
		return COMPL_E_SYSTEM;
	collected = collect(dir, &p, &b);
	error = errno;
	closedir(dir);
	if (!collected) {
		free(b);
		errno = error;
		return COMPL_E_SYSTEM;
	}
	qsort(b->names, b->list.count, sizeof(space_name), by_name);
	b->list.stride = sizeof(space_name);
	b->list.names = b->names;
	*list = &b->list;
	return COMPL_OK;
}

void
compl_spaces_free(struct compl_spaces *list)
{
	free(list);
}
