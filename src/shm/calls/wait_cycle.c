/* SPDX-License-Identifier: ISC
 *
 * wait_cycle.c - searches the wait graph for a cycle that a wait has closed
 *
 * The search goes backwards: from a process to the names that producers above it produce, and from
 * such a name to the processes that wait for it.  It begins at our own wait, and ends at a name
 * that our wait waits for.  So it reads the ancestors of few processes, and most often only our
 * own.
 *
 * Only waits that are earlier than ours are followed, because of a cycle the latest wait ends.
 */
#include "shm/calls/wait_cycle.h"

#include <string.h>

/* ---- the processes ------------------------------------------------------------------------- */

void
wait_cycle_begin(struct wait_graph *graph)
{
	struct proc_tree *tree = &graph->tree;
	uint32_t node;

	for (uint32_t i = 0; i < graph->waiter_count; i++)
		if ((node = proc_tree_add(tree, graph->waiters[i].pid)) != PROC_TREE_NONE) {
			graph->waiters[i].next = tree->nodes[node].waits;
			tree->nodes[node].waits = i + 1;
		}
	for (uint32_t i = 0; i < graph->producer_count; i++)
		if ((node = proc_tree_add(tree, graph->producers[i].pid)) != PROC_TREE_NONE) {
			graph->producers[i].next = tree->nodes[node].produces;
			tree->nodes[node].produces = i + 1;
		}
}

/* ---- the search ------------------------------------------------------------------------------ */

/* A process waits for the name `to`. */
struct step {
	pid_t waiter;
	uint32_t to; /* index + 1; 0: the names of our own wait */
};

/* Comes to what a process above the waiter produces. */
static void
visit(struct wait_graph *graph, uint32_t node, const struct step *step, size_t *count)
{
	uint32_t next = graph->tree.nodes[node].produces;

	while (next != 0) {
		const struct producer_edge *producer = &graph->producers[next - 1];
		struct wait_graph_name *n = &graph->names[producer->name];

		next = producer->next;
		if (n->seen || !n->stuck)
			continue;
		n->seen = true;
		n->to = step->to;
		n->waiter = step->waiter;
		n->producer = producer->pid;
		graph->queue[(*count)++] = producer->name;
	}
}

/* Comes to what all processes above a waiter produce.  Stops at one that an earlier climb has
 * passed: what is above it is seen. */
static void
climb(struct wait_graph *graph, const struct step *step, size_t *count)
{
	struct proc_tree *tree = &graph->tree;
	uint32_t node = proc_tree_add(tree, step->waiter);

	while (node != PROC_TREE_NONE && (node = proc_tree_parent(tree, node)) != PROC_TREE_NONE &&
	       !(tree->nodes[node].marks & MARK_CLIMBED)) {
		tree->nodes[node].marks |= MARK_CLIMBED;
		visit(graph, node, step, count);
	}
}

/* Returns the process of a wait, or 0 if none of its names is in the graph. */
static pid_t
find_process(const struct wait_graph *graph, uint64_t ticket)
{
	for (size_t i = 0; i < graph->waiter_count; i++)
		if (graph->waiters[i].ticket == ticket)
			return graph->waiters[i].pid;
	return 0;
}

/* Whether the wait waits for a name. */
static bool
waits_for(const struct wait_graph *graph, uint64_t ticket, uint32_t name)
{
	const struct wait_graph_name *n = &graph->names[name];

	for (uint32_t i = n->waiters.from; i < n->waiters.to; i++)
		if (graph->waiters[i].ticket == ticket)
			return true;
	return false;
}

/* Climbs from all processes that wait for a name, in waits that are earlier than ours. */
static void
follow(struct wait_graph *graph, uint64_t ticket, uint32_t name, size_t *count)
{
	const struct edges range = graph->names[name].waiters;

	for (uint32_t i = range.from; i < range.to; i++) {
		const struct step step = { graph->waiters[i].pid, name + 1 };

		if (graph->waiters[i].ticket < ticket)
			climb(graph, &step, count);
	}
}

bool
wait_cycle_search(struct wait_graph *graph, uint64_t ticket)
{
	const struct step first = { find_process(graph, ticket), 0 };
	size_t count = 0;

	for (size_t i = 0; i < graph->name_count; i++)
		graph->names[i].seen = false;
	for (size_t i = 0; i < graph->tree.count; i++)
		graph->tree.nodes[i].marks &= ~(uint32_t)MARK_CLIMBED;
	if (first.waiter == 0)
		return false;
	climb(graph, &first, &count);
	for (size_t next = 0; next < count; next++) {
		graph->found = graph->queue[next];
		if (waits_for(graph, ticket, graph->found))
			return true;
		follow(graph, ticket, graph->found, &count);
	}
	return false;
}

/* ---- the cycle ------------------------------------------------------------------------------- */

static void
write_link(struct session *s, const struct wait_graph_name *n, struct compl_link *link)
{
	*link = (struct compl_link){ .producer = n->producer, .waiter = n->waiter };
	memcpy(link->name, completion_at(s, n->completion)->name, COMPL_NAME_MAX);
}

/* How many names there are on the way from graph->found to a name above our wait. */
static size_t
count_names(const struct wait_graph *graph)
{
	size_t count = 0;

	for (uint32_t at = graph->found + 1; at != 0; at = graph->names[at - 1].to)
		count++;
	return count;
}

/* The way from graph->found ends at the name that a process above our wait produces.  That name is
 * the first of the cycle, and graph->found is the second. */
void
wait_cycle_write(struct session *s, const struct wait_graph *graph, struct compl_cycle *cycle)
{
	size_t count = count_names(graph), place = 1;
	size_t left_out = count > COMPL_CYCLE_MAX ? count - COMPL_CYCLE_MAX : 0;

	memset(cycle, 0, sizeof(*cycle));
	cycle->count = count - left_out;
	for (uint32_t at = graph->found + 1; at != 0; at = graph->names[at - 1].to, place++) {
		const struct wait_graph_name *n = &graph->names[at - 1];
		size_t here = n->to != 0 ? place : 0;

		if (here >= left_out)
			write_link(s, n, &cycle->links[here - left_out]);
	}
}
