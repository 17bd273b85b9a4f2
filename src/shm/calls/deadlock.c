/* SPDX-License-Identifier: ISC
 *
 * deadlock.c - searches what was noted of waits and producers for a cycle of waits that cannot end
 *
 * There are no false alarms.  A process that does anything but wait, has several threads, or cannot
 * be looked into, is not stuck, and neither is anything that depends on it.
 *
 * The graph is noted under the lock, and /proc is read later.  Therefore a process counts as
 * waiting for a name only while it is queued: then nothing but a post, its deadline or a signal
 * makes it go on.  A parent counts as waiting for a child only while it sleeps in wait4(2) or
 * waitid(2).
 *
 * /proc is read process by process, so a shell may be seen to wait for a child that has already
 * ended.  Therefore a cycle counts only when it is found twice, and no parent in it has run in
 * between (search_and_confirm() in waiter.c).
 *
 * Deadlines of other waits are not considered.
 *
 * The search for stuck names begins with all produced names.  It takes out the names that have a
 * producer which may still go on, and repeats that until it takes out none.
 */
#include "shm/calls/deadlock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is stuck ---------------------------------------------------------------------- */

/* How many names of a wait are stuck. */
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

/* Whether a process produces names, and for each of them does nothing but wait for its children.
 * (A process that produces another name by itself may be at work on that one.) */
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

/* Whether a process has ended, and its parent is queued: the parent does not reap it, so its end
 * wakes no process.  (A parent that sleeps in wait4(2) or waitid(2) will be woken by it.) */
static bool
is_unreaped(const struct wait_graph *graph, const struct proc_node *node)
{
	return node->zombie && node->single && find_waiter(graph, node->parent) != NULL;
}

static bool
is_process_stuck(const struct wait_graph *graph, const struct proc_node *node)
{
	const struct waiter_edge *waiter = find_waiter(graph, node->pid);

	if (waiter != NULL)
		return node->single && is_wait_stuck(graph, waiter);
	return node->awaits || is_unreaped(graph, node) ||
	       (node->single && only_waits_for_children(graph, node->pid));
}

/* Whether a process is below the producer with this index. */
static bool
is_below(const struct wait_graph *graph, size_t producer, const struct proc_node *node)
{
	return graph->below[producer * graph->tree.count + (size_t)(node - graph->tree.nodes)];
}

/* Whether the producer and all processes below it are stuck, and at least one of those below it is
 * queued. */
static bool
is_producer_stuck(const struct wait_graph *graph, size_t producer)
{
	const struct proc_tree *tree = &graph->tree;
	const struct proc_node *self = proc_tree_find(tree, graph->producers[producer].pid);
	bool has_waiter = false;

	if (self == NULL || !is_process_stuck(graph, self))
		return false;
	for (size_t i = 0; i < tree->count; i++) {
		const struct proc_node *node = &tree->nodes[i];

		if (!is_below(graph, producer, node))
			continue;
		if (!is_process_stuck(graph, node))
			return false;
		has_waiter |= find_waiter(graph, node->pid) != NULL;
	}
	return has_waiter;
}

/* Clears `stuck` of names that have a producer which is not stuck.  Returns whether there were
 * any. */
static bool
clear_some_stuck(struct wait_graph *graph)
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

/* Goes from a name to the stuck names that processes below its producers wait for, and appends
 * these to the queue. */
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
fill_cycle(const struct wait_graph *graph, uint32_t first, struct compl_cycle *cycle)
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

/* Begins the search with the stuck names that our own wait waits for. */
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

/* Searches for a way from the names of our own wait back to the name of `above`, a producer that
 * our wait is below.  Marks the names that it has seen. */
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
	fill_cycle(graph, above->name, cycle);
	return true;
}

/* Whether no wait of the cycle is later than ours.  Then ours has closed the cycle, and is the one
 * that ends. */
static bool
is_latest(const struct wait_graph *graph, const struct compl_cycle *cycle, uint64_t ticket)
{
	for (size_t i = 0; i < cycle->count; i++)
		if (find_waiter(graph, cycle->links[i].waiter)->ticket > ticket)
			return false;
	return true;
}

/* Calls search_from() for each producer of a stuck name that we are below, until it finds a cycle
 * that our wait has closed. */
static bool
search_from_all(struct wait_graph *graph, const struct waiter_edge *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < graph->producer_count; i++) {
		const struct producer_edge *producer = &graph->producers[i];

		if (!graph->names[producer->name].stuck ||
		    !proc_tree_is_below(&graph->tree, mine->pid, producer->pid) ||
		    !search_from(graph, producer, mine->pid, cycle))
			continue;
		if (is_latest(graph, cycle, mine->ticket))
			return true;
	}
	return false;
}

/* Fills in graph->below.  False: there is no memory. */
static bool
note_descendants(struct wait_graph *graph)
{
	const struct proc_tree *tree = &graph->tree;

	graph->below = calloc(graph->producer_count * tree->count, sizeof(*graph->below));
	for (size_t k = 0; graph->below != NULL && k < graph->producer_count; k++)
		for (size_t i = 0; i < tree->count; i++)
			graph->below[k * tree->count + i] = proc_tree_is_below(
				tree, tree->nodes[i].pid, graph->producers[k].pid);
	return graph->below != NULL;
}

/* Whether a process is below a producer of a stuck name. */
static bool
is_below_stuck(const struct wait_graph *graph, const struct proc_node *node)
{
	for (size_t i = 0; i < graph->producer_count; i++)
		if (graph->names[graph->producers[i].name].stuck && is_below(graph, i, node))
			return true;
	return false;
}

/* Returns a number made of all parents that wait for a child and are below a producer of a stuck
 * name.  It changes when the set of these parents changes, or when one of them has run. */
static uint64_t
fingerprint_of(const struct wait_graph *graph)
{
	uint64_t fingerprint = 1;

	for (size_t i = 0; i < graph->tree.count; i++) {
		const struct proc_node *node = &graph->tree.nodes[i];

		if (node->awaits && is_below_stuck(graph, node))
			fingerprint =
				(fingerprint ^ (uint64_t)node->pid) * 1099511628211u + node->ran;
	}
	return fingerprint;
}

/* Marks the names that are stuck, and searches for a cycle among them. */
static bool
search_graph(struct wait_graph *graph, const struct waiter_edge *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < graph->name_count; i++)
		graph->names[i].stuck = true;
	while (clear_some_stuck(graph))
		;
	graph->fingerprint = fingerprint_of(graph);
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
