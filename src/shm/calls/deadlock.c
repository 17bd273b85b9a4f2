/* SPDX-License-Identifier: ISC
 *
 * deadlock.c - searches what was noted of waits and producers for a cycle that cannot end
 *
 * There are no false alarms.  A process that does anything else than to wait, has several threads,
 * or cannot be looked into, is not stuck, and neither is anything that depends on it.  The scene,
 * noted under the lock, and /proc are of two moments.  Therefore a process counts as waiting for a
 * name only while it stands in line, where nothing but a post, its deadline or a signal makes it go
 * on; and a parent counts only while it sleeps for a child.
 *
 * /proc is read process by process: a shell may be seen to wait for a child that has already ended.
 * So a cycle counts when it is found twice (search_twice() in waiter.c), and no parent in it has
 * run in between.
 *
 * Deadlines of other waits are not considered.
 *
 * The search for stuck names begins with all produced names, and takes out those with a producer
 * that may still go on, until no more fall out.
 */
#include "shm/calls/deadlock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- who is stuck ----------------------------------------------------------------------- */

/* How many of the names that a wait has are stuck. */
static uint32_t
count_stuck(const struct wait_graph *graph, uint64_t ticket)
{
	uint32_t count = 0;

	for (size_t i = 0; i < graph->waiter_count; i++)
		count += graph->waiters[i].ticket == ticket &&
			 graph->names[graph->waiters[i].name].stuck;
	return count;
}

static bool
is_wait_stuck(const struct wait_graph *graph, const struct waiter_edge *waiter)
{
	uint32_t count = count_stuck(graph, waiter->ticket);

	return waiter->any ? count == waiter->names : count > 0;
}

static const struct waiter_edge *
find_waiter(const struct wait_graph *graph, pid_t pid)
{
	for (size_t i = 0; i < graph->waiter_count; i++)
		if (graph->waiters[i].pid == pid)
			return &graph->waiters[i];
	return NULL;
}

/* It produces names, and for all of them only waits for its children.  (A process that produces
 * another name by itself may be at work on that.) */
static bool
only_waits_for_children(const struct wait_graph *graph, pid_t pid)
{
	bool child = false;

	for (size_t i = 0; i < graph->producer_count; i++) {
		if (graph->producers[i].pid != pid)
			continue;
		if (!graph->producers[i].child)
			return false;
		child = true;
	}
	return child;
}

/* It has ended, and its parent stands in line: it moves nobody.  (A parent that sleeps for a child
 * will be woken.) */
static bool
is_forgotten(const struct wait_graph *graph, const struct proc_node *m)
{
	return m->zombie && m->single && find_waiter(graph, m->parent) != NULL;
}

static bool
is_process_stuck(const struct wait_graph *graph, const struct proc_node *m)
{
	const struct waiter_edge *waiter = find_waiter(graph, m->pid);

	if (waiter != NULL)
		return m->single && is_wait_stuck(graph, waiter);
	return m->awaits || is_forgotten(graph, m) ||
	       (m->single && only_waits_for_children(graph, m->pid));
}

static bool
is_below(const struct wait_graph *graph, size_t producer, const struct proc_node *m)
{
	return graph->below[producer * graph->tree.count + (size_t)(m - graph->tree.nodes)];
}

static bool
is_producer_stuck(const struct wait_graph *graph, size_t producer)
{
	const struct proc_tree *f = &graph->tree;
	const struct proc_node *self = proc_tree_find(f, graph->producers[producer].pid);
	bool has_waiter = false;

	if (self == NULL || !is_process_stuck(graph, self))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		const struct proc_node *m = &f->nodes[i];

		if (!is_below(graph, producer, m))
			continue;
		if (!is_process_stuck(graph, m))
			return false;
		has_waiter |= find_waiter(graph, m->pid) != NULL;
	}
	return has_waiter;
}

/* Takes names that may still go on out of the set of the stuck.  False: there were none. */
static bool
release_some(struct wait_graph *graph)
{
	bool some = false;

	for (size_t i = 0; i < graph->producer_count; i++) {
		struct wait_graph_name *n = &graph->names[graph->producers[i].name];

		if (n->stuck && !is_producer_stuck(graph, i)) {
			n->stuck = false;
			some = true;
		}
	}
	return some;
}

/* ---- the cycle --------------------------------------------------------------------------- */

/* Goes from a name to the names that processes below its producers wait for, and appends these to
 * the queue. */
static void
visit(struct wait_graph *graph, uint32_t from, uint32_t *queue, size_t *count)
{
	for (size_t i = 0; i < graph->producer_count; i++) {
		if (graph->producers[i].name != from)
			continue;
		for (size_t k = 0; k < graph->waiter_count; k++) {
			const struct waiter_edge *waiter = &graph->waiters[k];
			struct wait_graph_name *n = &graph->names[waiter->name];

			if (n->seen || !n->stuck ||
			    !proc_tree_is_below(&graph->tree, waiter->pid, graph->producers[i].pid))
				continue;
			n->seen = true;
			n->from = from;
			n->waiter = waiter->pid;
			n->producer = graph->producers[i].pid;
			queue[(*count)++] = waiter->name;
		}
	}
}

/* Fills in the cycle, backwards from where the search ended: each name with its producer, and with
 * the process below the producer that waits for the next name. */
static void
trace(const struct wait_graph *graph, uint32_t first, struct compl_cycle *cycle)
{
	uint32_t at = first;

	cycle->count = 0;
	do {
		const struct wait_graph_name *to = &graph->names[at];
		struct compl_link link = { .producer = to->producer, .waiter = to->waiter };

		at = to->from;
		memcpy(link.name, graph->names[at].text, sizeof(link.name));
		if (cycle->count == COMPL_CYCLE_MAX)
			break;
		memmove(&cycle->links[1], &cycle->links[0], cycle->count * sizeof(cycle->links[0]));
		cycle->links[0] = link;
		cycle->count++;
	} while (at != first);
}

/* Begins the search with the names that our own wait waits for. */
static void
begin(struct wait_graph *graph, const struct producer_edge *above, pid_t self, uint32_t *queue,
      size_t *count)
{
	for (size_t i = 0; i < graph->name_count; i++)
		graph->names[i].seen = false;
	for (size_t i = 0; i < graph->waiter_count; i++) {
		struct wait_graph_name *n = &graph->names[graph->waiters[i].name];

		if (graph->waiters[i].pid != self || n->seen || !n->stuck)
			continue;
		n->seen = true;
		n->from = above->name;
		n->waiter = self;
		n->producer = above->pid;
		queue[(*count)++] = graph->waiters[i].name;
	}
}

/* Searches from the names of our own wait, which is below a producer of another name, for a way
 * back to that name.  Marks what it has seen. */
static bool
search_from(struct wait_graph *graph, const struct producer_edge *above, pid_t self,
	    struct compl_cycle *cycle)
{
	uint32_t *queue = calloc(graph->name_count + 1, sizeof(*queue));
	size_t count = 0, next = 0;

	if (queue == NULL)
		return false;
	begin(graph, above, self, queue, &count);
	while (next < count && !graph->names[above->name].seen)
		visit(graph, queue[next++], queue, &count);
	free(queue);
	if (!graph->names[above->name].seen)
		return false;
	trace(graph, above->name, cycle);
	return true;
}

/* No wait of the cycle is later than ours: ours has closed it, and is the one that ends. */
static bool
is_latest(const struct wait_graph *graph, const struct compl_cycle *cycle, uint64_t ticket)
{
	for (size_t i = 0; i < cycle->count; i++)
		if (find_waiter(graph, cycle->links[i].waiter)->ticket > ticket)
			return false;
	return true;
}

/* The same from each producer that we are below, until a cycle is found that our wait has
 * closed. */
static bool
search_from_all(struct wait_graph *graph, const struct waiter_edge *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < graph->producer_count; i++) {
		const struct producer_edge *m = &graph->producers[i];

		if (!graph->names[m->name].stuck ||
		    !proc_tree_is_below(&graph->tree, mine->pid, m->pid) ||
		    !search_from(graph, m, mine->pid, cycle))
			continue;
		if (is_latest(graph, cycle, mine->ticket))
			return true;
	}
	return false;
}

static bool
note_descendants(struct wait_graph *graph)
{
	const struct proc_tree *f = &graph->tree;

	graph->below = calloc(graph->producer_count * f->count, sizeof(*graph->below));
	for (size_t k = 0; graph->below != NULL && k < graph->producer_count; k++)
		for (size_t i = 0; i < f->count; i++)
			graph->below[k * f->count + i] =
				proc_tree_is_below(f, f->nodes[i].pid, graph->producers[k].pid);
	return graph->below != NULL;
}

/* Below a producer of a name that is stuck. */
static bool
is_below_stuck(const struct wait_graph *graph, const struct proc_node *m)
{
	for (size_t i = 0; i < graph->producer_count; i++)
		if (graph->names[graph->producers[i].name].stuck && is_below(graph, i, m))
			return true;
	return false;
}

/* A number that changes when another parent waits for children, or when one of them has run. */
static uint64_t
trace_of(const struct wait_graph *graph)
{
	uint64_t trace = 1;

	for (size_t i = 0; i < graph->tree.count; i++) {
		const struct proc_node *m = &graph->tree.nodes[i];

		if (m->awaits && is_below_stuck(graph, m))
			trace = (trace ^ (uint64_t)m->pid) * 1099511628211u + m->ran;
	}
	return trace;
}

/* Marks the names that are stuck, and searches for a cycle among them. */
static bool
search_graph(struct wait_graph *graph, const struct waiter_edge *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < graph->name_count; i++)
		graph->names[i].stuck = true;
	while (release_some(graph))
		;
	graph->trace = trace_of(graph);
	return is_wait_stuck(graph, mine) && search_from_all(graph, mine, cycle);
}

bool
deadlock_search(struct wait_graph *graph, struct compl_cycle *cycle)
{
	const struct waiter_edge *mine = find_waiter(graph, getpid());
	bool found;

	if (mine == NULL || !proc_tree_read(&graph->tree))
		return false;
	found = note_descendants(graph) && search_graph(graph, mine, cycle);
	free(graph->below);
	proc_tree_free(&graph->tree);
	return found;
}
