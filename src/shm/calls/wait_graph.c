/* SPDX-License-Identifier: ISC
 *
 * wait_graph.c - notes, under the lock, which processes wait for produced names, and which produce
 * them
 */
#include "shm/calls/wait_graph.h"

#include <stdlib.h>
#include <string.h>

#include "shm/names/entry.h"
#include "shm/names/producer.h"
#include "shm/names/waitqueue.h"

/* Whether the waiters of a completion sleep until a producer posts. */
static bool
is_promised(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) & COMPLETION_USED && get(&n->done) == 0 &&
	       get(&n->producers.head) != 0;
}

static struct wait_graph *
allocate(size_t names, size_t waiters)
{
	size_t producers = names * COMPL_PRODUCERS_MAX;
	struct wait_graph *graph =
		calloc(1, sizeof(*graph) + names * sizeof(struct wait_graph_name) +
				  waiters * sizeof(struct waiter_edge) +
				  producers * sizeof(struct producer_edge));

	if (graph == NULL)
		return NULL;
	graph->waiter_room = waiters;
	/* A waiter edge has the strictest alignment, so these come first. */
	graph->waiters = (struct waiter_edge *)(graph + 1);
	graph->names = (struct wait_graph_name *)(graph->waiters + waiters);
	graph->producers = (struct producer_edge *)(graph->names + names);
	return graph;
}

/* How many names the wait has that an entry belongs to. */
static uint32_t
count_names(struct session *s, uint32_t entry)
{
	uint32_t count = 0;

	for (struct wait_walk walk = wait_walk(s, entry); wait_walk_next(&walk) != 0;)
		count++;
	return count;
}

static void
note_name(struct session *s, struct wait_graph *graph, uint32_t completion)
{
	uint32_t name = (uint32_t)graph->name_count++, entry;
	size_t producers = 0;

	graph->names[name].completion = completion;
	memcpy(graph->names[name].text, completion_at(s, completion)->name, COMPL_NAME_MAX);
	for (struct queue_walk walk = waitqueue_walk(s, completion);
	     (entry = queue_next(&walk)) != 0;) {
		struct entry *e = entry_at(s, entry);

		if (waitqueue_is_queued(s, entry) && graph->waiter_count < graph->waiter_room)
			graph->waiters[graph->waiter_count++] =
				(struct waiter_edge){ .name = name,
						      .ticket = e->ticket,
						      .pid = (pid_t)get(&e->pid),
						      .names = count_names(s, entry),
						      .any = get(&e->flags) & ENTRY_ANY };
	}
	for (struct queue_walk walk = producer_walk(s, completion);
	     (entry = queue_next(&walk)) != 0 && producers++ < COMPL_PRODUCERS_MAX;)
		graph->producers[graph->producer_count++] =
			(struct producer_edge){ name, (pid_t)get(&entry_at(s, entry)->pid),
						get(&entry_at(s, entry)->flags) & ENTRY_CHILD };
}

struct wait_graph *
wait_graph_build(struct session *s)
{
	struct wait_graph *graph;
	size_t names = 0, waiters = 0;

	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_promised(s, i)) {
			names++;
			waiters += queue_length(waitqueue_walk(s, i));
		}
	if (names == 0 || robust_mixed(&s->thread) != 0 ||
	    (graph = allocate(names, waiters)) == NULL)
		return NULL;
	for (uint32_t i = 1; i <= s->completions && graph->name_count < names; i++)
		if (is_promised(s, i))
			note_name(s, graph, i);
	return graph;
}
