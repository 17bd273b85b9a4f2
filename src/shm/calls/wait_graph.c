/* SPDX-License-Identifier: ISC
 *
 * wait_graph.c - notes, under the lock, which processes wait for produced names, and which produce
 * them
 *
 * The lock is held only while records are copied.  The memory is there before.
 */
#include "shm/calls/wait_graph.h"

#include <stdlib.h>

#include "shm/names/completion.h"
#include "shm/names/entry.h"
#include "shm/names/producer.h"
#include "shm/names/waitqueue.h"

static bool
is_produced(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) & COMPLETION_USED && get(&n->producers.head) != 0;
}

struct wait_graph_room
wait_graph_measure(struct session *s)
{
	struct wait_graph_room room = { 0 };

	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_produced(s, i)) {
			room.names++;
			room.waiters += queue_length(waitqueue_walk(s, i));
			room.producers += queue_length(producer_walk(s, i));
		}
	return room;
}

/* ---- memory ------------------------------------------------------------------------------- */

static size_t
with_spare(size_t count)
{
	return count + count / 4 + 16;
}

struct wait_graph *
wait_graph_make(const struct wait_graph_room *room)
{
	const struct wait_graph_room spare = { with_spare(room->names), with_spare(room->waiters),
					       with_spare(room->producers) };
	struct wait_graph *graph = calloc(1, sizeof(*graph));

	if (graph == NULL)
		return NULL;
	graph->room = spare;
	graph->names = calloc(spare.names, sizeof(*graph->names));
	graph->waiters = calloc(spare.waiters, sizeof(*graph->waiters));
	graph->producers = calloc(spare.producers, sizeof(*graph->producers));
	graph->queue = calloc(spare.names, sizeof(*graph->queue));
	if (graph->names != NULL && graph->waiters != NULL && graph->producers != NULL &&
	    graph->queue != NULL)
		return graph;
	wait_graph_free(graph);
	return NULL;
}

void
wait_graph_free(struct wait_graph *graph)
{
	if (graph == NULL)
		return;
	proc_tree_free(&graph->tree);
	free(graph->names);
	free(graph->waiters);
	free(graph->producers);
	free(graph->queue);
	free(graph);
}

/* ---- noting ------------------------------------------------------------------------------- */

/* How many names the wait has that an entry belongs to, without those that were removed. */
static uint32_t
count_names(struct session *s, uint32_t entry)
{
	uint32_t count = 0;

	for (struct wait_walk walk = wait_walk(s, entry); (entry = wait_walk_next(&walk)) != 0;)
		count += get(&entry_at(s, entry)->completion) != 0;
	return count;
}

/* How many of its names the wait needs. */
static uint32_t
quorum_of(struct session *s, uint32_t entry)
{
	uint32_t quorum = waitqueue_quorum(s, entry);

	return quorum != 0 ? quorum : count_names(s, entry);
}

/* Whether an entry is of a wait that goes on, and that no deadline will end. */
static bool
is_endless(struct session *s, uint32_t entry)
{
	return get(&entry_at(s, entry)->flags) & ENTRY_ENDLESS && waitqueue_is_queued(s, entry);
}

static void
note_waiters(struct session *s, struct wait_graph *graph, uint32_t name)
{
	struct queue_walk walk = waitqueue_walk(s, graph->names[name].completion);
	uint32_t entry;

	graph->names[name].waiters.from = (uint32_t)graph->waiter_count;
	while ((entry = queue_next(&walk)) != 0 && graph->waiter_count < graph->room.waiters) {
		struct entry *e = entry_at(s, entry);

		if (is_endless(s, entry))
			graph->waiters[graph->waiter_count++] =
				(struct waiter_edge){ .ticket = e->ticket,
						      .entry = entry,
						      .name = name,
						      .names = count_names(s, entry),
						      .pid = (pid_t)get(&e->pid),
						      .quorum = quorum_of(s, entry) };
	}
	graph->is_short |= entry != 0;
	graph->names[name].waiters.to = (uint32_t)graph->waiter_count;
}

static void
note_producers(struct session *s, struct wait_graph *graph, uint32_t name)
{
	struct queue_walk walk = producer_walk(s, graph->names[name].completion);
	uint32_t entry;

	graph->names[name].producers.from = (uint32_t)graph->producer_count;
	while ((entry = queue_next(&walk)) != 0 && graph->producer_count < graph->room.producers) {
		struct entry *e = entry_at(s, entry);

		graph->producers[graph->producer_count++] =
			(struct producer_edge){ .ticket = e->ticket,
						.entry = entry,
						.name = name,
						.pid = (pid_t)get(&e->pid),
						.child = get(&e->flags) & ENTRY_CHILD };
	}
	graph->is_short |= entry != 0;
	graph->names[name].producers.to = (uint32_t)graph->producer_count;
}

static void
note_name(struct session *s, struct wait_graph *graph, uint32_t completion)
{
	uint32_t name = (uint32_t)graph->name_count;

	if (graph->name_count == graph->room.names) {
		graph->is_short = true;
		return;
	}
	graph->name_count++;
	graph->names[name] =
		(struct wait_graph_name){ .completion = completion,
					  .is_empty =
						  get(&completion_at(s, completion)->done) == 0 &&
						  !completion_is_open(s, completion) };
	note_waiters(s, graph, name);
	note_producers(s, graph, name);
}

void
wait_graph_fill(struct session *s, struct wait_graph *graph)
{
	graph->name_count = graph->waiter_count = graph->producer_count = 0;
	graph->ticket = (uint64_t)get(&s->h->ticket[1]) << 32 | get(&s->h->ticket[0]);
	for (uint32_t i = 1; i <= s->completions && !s->damaged && !graph->is_short; i++)
		if (is_produced(s, i))
			note_name(s, graph, i);
	graph->is_filled = !graph->is_short && !s->damaged;
	if (graph->is_short)
		graph->room = wait_graph_measure(s);
}

/* ---- looking again ------------------------------------------------------------------------- */

static bool
are_waiters_current(struct session *s, const struct wait_graph *graph,
		    const struct wait_graph_name *n)
{
	for (uint32_t i = n->waiters.from; i < n->waiters.to; i++) {
		const struct waiter_edge *waiter = &graph->waiters[i];
		struct entry *e = entry_at(s, waiter->entry);

		if (e->ticket != waiter->ticket || get(&e->completion) != n->completion ||
		    !waitqueue_is_queued(s, waiter->entry))
			return false;
	}
	return true;
}

static bool
are_producers_current(struct session *s, const struct wait_graph *graph,
		      const struct wait_graph_name *n)
{
	struct queue_walk walk = producer_walk(s, n->completion);

	for (uint32_t i = n->producers.from; i < n->producers.to; i++) {
		uint32_t entry = queue_next(&walk);

		if (entry != graph->producers[i].entry ||
		    entry_at(s, entry)->ticket != graph->producers[i].ticket ||
		    !entry_is_alive(entry_at(s, entry)))
			return false;
	}
	return queue_next(&walk) == 0;
}

bool
wait_graph_is_current(struct session *s, const struct wait_graph *graph)
{
	for (size_t i = 0; i < graph->name_count && !s->damaged; i++) {
		const struct wait_graph_name *n = &graph->names[i];

		if (n->stuck &&
		    (!is_produced(s, n->completion) ||
		     get(&completion_at(s, n->completion)->done) != 0 ||
		     !are_waiters_current(s, graph, n) || !are_producers_current(s, graph, n)))
			return false;
	}
	return !s->damaged;
}
