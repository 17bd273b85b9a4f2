/* SPDX-License-Identifier: ISC
 *
 * seen.c - maps the segment, reads who stands in line, and stamps those waits
 *
 * A wait joins under the lock, so every operation that begins after its place was seen to be linked
 * follows it; only looking is done here, and nothing of compl's is called.
 *
 * Ordering: a place that is seen linked under a ticket was filled under that ticket (line.c:
 * fill, then the commit); if the ticket is the same afterwards, what was read between belongs
 * to it.  A place is linked and WAITING only as long as its wait is under way, so the operation
 * that its process had open before and after the look is that wait.
 */
#include "seen.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../segment-path.h"
#include "books.h"

const char *seen_map;

bool
seen_open(const struct compl_where *where)
{
	char path[SEGMENT_PATH_MAX];
	void *map;
	int fd;

	if (seen_map)
		munmap((void *)(uintptr_t)seen_map, LAYOUT_SIZE);
	seen_map = NULL;
	if (!segment_path(path, sizeof path, where))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	map = mmap(NULL, LAYOUT_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	seen_map = map;
	return true;
}

const struct entry *
seen_place(uint32_t index)
{
	return (const struct entry *)(seen_map + LAYOUT_ENTRIES_AT) + index;
}

/* The process that stands in line there, or 0. */
static uint32_t
seen_waiter(const struct entry *p)
{
	uint64_t ticket = __atomic_load_n(&p->ticket, __ATOMIC_SEQ_CST);
	uint32_t line = peruse(&p->completion), pid = peruse(&p->pid),
		 lead = peruse(&p->wait_first), state;

	if (line == 0 || lead == 0 || lead > LAYOUT_ENTRIES)
		return 0;
	state = peruse(&seen_place(lead)->state);
	if (__atomic_load_n(&seen_place(lead)->ticket, __ATOMIC_SEQ_CST) != ticket ||
	    __atomic_load_n(&p->ticket, __ATOMIC_SEQ_CST) != ticket || state != STATE_WAITING)
		return 0;
	return pid;
}

static void
seen_note(struct op *o)
{
	uint32_t none = 0;

	if (!peruse(&o->seen))
		__atomic_compare_exchange_n(&o->seen, &none, books_stamp(), false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
}

/* Whose wait is not stamped yet, is looked for in line. */
static void
seen_look_for(const struct worker *w, uint32_t places)
{
	uint32_t open = peruse(&w->open), i;
	struct op *o;

	if (open >= OPS)
		return;
	o = &books->history.op[open];
	if (!peruse(&o->begin) || o->ask.kind != OP_WAIT || o->ask.at_once || peruse(&o->seen))
		return;
	for (i = 1; i <= places; i++)
		if (seen_waiter(seen_place(i)) == (uint32_t)o->pid && peruse(&w->open) == open) {
			seen_note(o);
			return;
		}
}

void
seen_look(void)
{
	const struct layout_header *h = (const struct layout_header *)seen_map;
	uint32_t places = peruse(&h->entries_made), i;

	for (i = 0; i < WORKERS; i++)
		seen_look_for(&books->worker[i], places < LAYOUT_ENTRIES ? places : 0);
}
