/* SPDX-License-Identifier: ISC
 *
 * below.c - climbs from a process to its ancestors, and compares them with the producers
 *
 * A process may end, and its pid be used again, while we climb.  So what is found is a hint for
 * people, as is all that a listing says of processes.
 */
#include "cli/below.h"

#include <stdlib.h>

#include "api/proc.h"
#include "cli/cold.h"

#define GENERATIONS_MAX 64

struct producing {
	pid_t pid;
	const char *name;
};

COLD static struct producing *all;
COLD static size_t all_count;

bool
below_collect(const struct compl_listing *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += compl_entry_at(list, i)->producer_count;
	free(all);
	all_count = 0;
	if ((all = calloc(count + 1, sizeof(*all))) == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct compl_entry *e = compl_entry_at(list, i);

		for (size_t k = 0; k < e->producer_count; k++)
			if (!compl_producer_at(e, k)->foreign)
				all[all_count++] =
					(struct producing){ compl_producer_at(e, k)->pid, e->name };
	}
	return true;
}

int
below_find(const char **names, size_t room, pid_t pid)
{
	size_t found = 0;

	for (int i = 0; all_count > 0 && pid > 0 && i < GENERATIONS_MAX; i++) {
		struct proc_stat stat;

		for (size_t k = 0; k < all_count; k++)
			if (all[k].pid == pid && found < room)
				names[found++] = all[k].name;
		if (!proc_read_stat(pid, &stat))
			return -1;
		pid = stat.parent;
	}
	return (int)found;
}
