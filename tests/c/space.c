/* SPDX-License-Identifier: ISC
 *
 * space.c - opens the namespace of a test, and calls the library there
 */
#include "space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../segment-path.h"
#include "timing.h"

char space_name[COMPL_SPACE_MAX + 1];

struct compl_where
space_where(void)
{
	return (struct compl_where){ .space = space_name, .uid = geteuid() };
}

struct compl_space *
space_open(unsigned flags)
{
	struct compl_where where = space_where();
	struct compl_space *c;

	return compl_open(&c, &where, COMPL_CREATE | flags) == COMPL_OK ? c : NULL;
}

struct compl_space *space_handle;

struct compl_space *
space(void)
{
	if (!space_handle)
		space_handle = space_open(0);
	if (!space_handle) {
		printf("# the namespace cannot be opened\n");
		exit(1);
	}
	return space_handle;
}

void
space_unlink(void)
{
	struct compl_where where = space_where();
	char path[SEGMENT_PATH_MAX];

	compl_close(space_handle);
	space_handle = NULL;
	if (segment_path(path, sizeof path, &where))
		unlink(path);
}

enum compl_result
space_post(const char *name, uint32_t tokens)
{
	struct compl_post p = { .tokens = tokens };

	return compl_done(space(), name, &p);
}

enum compl_result
space_post_all(const char *name)
{
	struct compl_post p = { .all = true };

	return compl_done(space(), name, &p);
}

enum compl_result
space_wait_ms(struct compl_space *c, const char *name, int ms)
{
	struct compl_request r = { .names = &name, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };

	r.deadline_ns = ms < 0 ? COMPL_NEVER : in_ms(ms);
	return compl_wait(c, &r, &out);
}

enum compl_result
space_try(const char *name)
{
	struct compl_request r = { .names = &name, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };

	return compl_try(space(), &r, &out);
}

int64_t
space_counter(const char *name)
{
	struct compl_listing *list;
	int64_t found = -1;
	size_t i;

	if (compl_list(space(), &list) != COMPL_OK)
		return -2;
	for (i = 0; i < list->count; i++)
		if (!strcmp(compl_entry_at(list, i)->name, name))
			found = compl_entry_at(list, i)->done;
	compl_list_free(list);
	return found;
}

size_t
space_waiters(const char *name)
{
	struct compl_listing *list;
	size_t i, found = 0;

	if (compl_list(space(), &list) != COMPL_OK)
		return 0;
	for (i = 0; i < list->count; i++)
		if (!strcmp(compl_entry_at(list, i)->name, name))
			found = compl_entry_at(list, i)->waiter_count;
	compl_list_free(list);
	return found;
}

size_t
space_names_left(void)
{
	struct compl_listing *list;
	size_t count;

	if (compl_list(space(), &list) != COMPL_OK)
		return SIZE_MAX;
	count = list->count;
	compl_list_free(list);
	return count;
}
