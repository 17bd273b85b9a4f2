/* SPDX-License-Identifier: ISC
 *
 * observer.c - maps the segment, reads which waits are queued, and stamps them
 *
 * A wait joins under the lock, so every operation that begins after its entry was seen to be linked
 * follows it.  This file only looks, and calls no function of compl.
 *
 * Ordering: an entry that is seen linked under a ticket was filled under that ticket (fill() in
 * waitqueue.c, then the commit).  If the ticket is the same afterwards, what was read in between
 * belongs to it.  An entry is linked and WAITING only as long as its wait is under way, so the
 * operation that its process had open before and after the look is that wait.
 */
#include "observer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../segment-path.h"
#include "ledger.h"

const char *observer_map;

bool
observer_open(const struct compl_where *where)
{
	char path[SEGMENT_PATH_MAX];
	void *map;
	int fd;

	if (observer_map)
		munmap((void *)(uintptr_t)observer_map, LAYOUT_SIZE);
	observer_map = NULL;
	if (!segment_path(path, sizeof path, where))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	map = mmap(NULL, LAYOUT_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	observer_map = map;
	return true;
}

const struct entry *
observer_entry(uint32_t index)
{
	return (const struct entry *)(observer_map + LAYOUT_ENTRIES_AT) + index;
}

/* The process that waits with this entry, or 0. */
static uint32_t
observer_waiter(const struct entry *e)
{
	uint64_t ticket = __atomic_load_n(&e->ticket, __ATOMIC_SEQ_CST);
	uint32_t completion = ledger_load(&e->completion), pid = ledger_load(&e->pid),
		 first = ledger_load(&e->wait_first), state;

	if (completion == 0 || first == 0 || first > LAYOUT_ENTRIES)
		return 0;
	state = ledger_load(&observer_entry(first)->state);
	if (__atomic_load_n(&observer_entry(first)->ticket, __ATOMIC_SEQ_CST) != ticket ||
	    __atomic_load_n(&e->ticket, __ATOMIC_SEQ_CST) != ticket || state != STATE_WAITING)
		return 0;
	return pid;
}

static void
observer_note(struct op *o)
{
	uint32_t none = 0;

	if (!ledger_load(&o->seen))
		__atomic_compare_exchange_n(&o->seen, &none, ledger_stamp(), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Looks for the wait of a worker in the segment, unless it has a stamp. */
static void
observer_look_for(const struct worker *w, uint32_t entries)
{
	uint32_t open = ledger_load(&w->open), i;
	struct op *o;

	if (open >= OPS)
		return;
	o = &ledger->history.op[open];
	if (!ledger_load(&o->begin) || !history_op_stands(o) || o->ask.at_once ||
	    ledger_load(&o->seen))
		return;
	for (i = 1; i <= entries; i++)
		if (observer_waiter(observer_entry(i)) == (uint32_t)o->pid &&
		    ledger_load(&w->open) == open) {
			observer_note(o);
			return;
		}
}

void
observer_look(void)
{
	const struct layout_header *h = (const struct layout_header *)observer_map;
	uint32_t entries = ledger_load(&h->entries_made), i;

	for (i = 0; i < WORKERS; i++)
		observer_look_for(&ledger->worker[i], entries < LAYOUT_ENTRIES ? entries : 0);
}
