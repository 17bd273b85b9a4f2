/* SPDX-License-Identifier: ISC
 *
 * wait_names.c - finds the names of waits, by sorting all places of a listing
 */
#include "cli/wait_names.h"

#include <stdlib.h>

#include "cli/cold.h"

COLD static struct wait_name *all;
COLD static size_t all_count;

static int
by_wait(const void *a, const void *b)
{
	const struct wait_name *x = a, *y = b;

	if (x->wait != y->wait)
		return x->wait < y->wait ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

bool
wait_names_collect(const struct compl_listing *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += compl_entry_at(list, i)->waiter_count;
	free(all);
	all_count = 0;
	if ((all = calloc(count + 1, sizeof(*all))) == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct compl_entry *e = compl_entry_at(list, i);

		for (size_t k = 0; k < e->waiter_count; k++) {
			const struct compl_waiter *w = compl_waiter_at(e, k);

			all[all_count++] = (struct wait_name){ w->wait, w->place, e->name };
		}
	}
	qsort(all, all_count, sizeof(*all), by_wait);
	return true;
}

const struct wait_name *
wait_names_of(uint64_t wait, size_t *count)
{
	size_t low = 0, high = all_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all[middle].wait < wait)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < all_count && all[low + *count].wait == wait;)
		++*count;
	return all + low;
}
