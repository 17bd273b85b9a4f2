/* SPDX-License-Identifier: ISC
 *
 * deadlock.c - searches what was noted of waits and producers for a cycle of waits that cannot end
 *
 * There are no false alarms.  A process that does anything but wait, has several threads, or cannot
 * be looked into, is not stuck, and neither is anything that depends on it.  A process in a wait
 * with a deadline goes on by itself, so it is not stuck either: the graph does not have such waits,
 * and the process sleeps in a futex call, not in wait4(2).
 *
 * The graph is noted under the lock, and /proc is read later.  Therefore a process counts as
 * waiting for a name only while it is queued: then nothing but a post or a signal makes it go on.
 * A parent counts as waiting for a child only while it sleeps in wait4(2) or waitid(2).
 *
 * /proc is read process by process, so a shell may be seen to wait for a child that has already
 * ended.  Therefore a cycle counts only when it is found twice, no parent in it has run in between,
 * and the waits are as they were (detection.c).
 *
 * The search for stuck names begins with all produced names that have no token.  It takes out the
 * names that have a producer which may still go on, and repeats that until it takes out none.
 */
#include "shm/calls/deadlock.h"

#include "shm/calls/wait_cycle.h"

/* ---- what is stuck ---------------------------------------------------------------------- */

/* Whether the wait of a process is stuck: fewer of its names than it needs are not. */
static bool
is_wait_stuck(const struct wait_graph *graph, const struct proc_node *node)
{
	const struct waiter_edge *waiter = &graph->waiters[node->waits - 1];
	uint32_t count = 0;

	for (uint32_t next = node->waits; next != 0; next = graph->waiters[next - 1].next)
		count += graph->waiters[next - 1].ticket == waiter->ticket &&
			 graph->names[graph->waiters[next - 1].name].stuck;
	return count + waiter->quorum > waiter->names;
}

/* Whether a process produces names, and for each of them does nothing but wait for its children.
 * (A process that produces another name by itself may be at work on that one.) */
static bool
only_waits_for_children(const struct wait_graph *graph, const struct proc_node *node)
{
	for (uint32_t next = node->produces; next != 0; next = graph->producers[next - 1].next)
		if (!graph->producers[next - 1].child)
			return false;
	return node->produces != 0;
}

/* Whether a process has ended, and its parent is queued: the parent does not reap it, so its end
 * wakes no process.  (A parent that sleeps in wait4(2) or waitid(2) will be woken by it.) */
static bool
is_unreaped(const struct wait_graph *graph, const struct proc_node *node)
{
	uint32_t parent = proc_tree_find(&graph->tree, node->parent);

	return node->zombie && node->single && parent != PROC_TREE_NONE &&
	       graph->tree.nodes[parent].waits != 0;
}

static bool
is_process_stuck(const struct wait_graph *graph, const struct proc_node *node)
{
	if (!node->is_read)
		return false;
	if (node->waits != 0)
		return node->single && is_wait_stuck(graph, node);
	return node->marks & MARK_AWAITS || is_unreaped(graph, node) ||
	       (node->single && only_waits_for_children(graph, node));
}

/* The node of the parent of a process, once all processes are read. */
static uint32_t
parent_of(const struct proc_tree *tree, uint32_t node)
{
	return tree->nodes[node].is_read ? proc_tree_find(tree, tree->nodes[node].parent)
					 : PROC_TREE_NONE;
}

/* Marks the ancestors of a node, up to the first that has the mark. */
static void
mark_above(struct proc_tree *tree, uint32_t node, uint32_t mark)
{
	while ((node = parent_of(tree, node)) != PROC_TREE_NONE &&
	       !(tree->nodes[node].marks & mark))
		tree->nodes[node].marks |= mark;
}

/* Marks what is busy: a process that is not stuck, and all above it. */
static void
mark_busy(struct wait_graph *graph)
{
	struct proc_tree *tree = &graph->tree;

	for (size_t i = 0; i < tree->count; i++)
		tree->nodes[i].marks &= ~(uint32_t)MARK_BUSY;
	for (uint32_t i = 0; i < tree->count; i++)
		if (!is_process_stuck(graph, &tree->nodes[i])) {
			tree->nodes[i].marks |= MARK_BUSY;
			mark_above(tree, i, MARK_BUSY);
		}
}

/* Whether the producer and all processes below it are stuck, and at least one of those below it is
 * queued. */
static bool
is_producer_stuck(const struct wait_graph *graph, const struct producer_edge *producer)
{
	uint32_t node = proc_tree_find(&graph->tree, producer->pid);

	return node != PROC_TREE_NONE &&
	       (graph->tree.nodes[node].marks & (MARK_BUSY | MARK_ABOVE)) == MARK_ABOVE;
}

/* Clears `stuck` of names that have a producer which is not stuck.  Returns whether there were
 * any. */
static bool
clear_some_stuck(struct wait_graph *graph)
{
	bool some = false;

	mark_busy(graph);
	for (size_t i = 0; i < graph->producer_count; i++) {
		struct wait_graph_name *n = &graph->names[graph->producers[i].name];

		if (n->stuck && !is_producer_stuck(graph, &graph->producers[i])) {
			n->stuck = false;
			some = true;
		}
	}
	return some;
}

/* ---- producers, and what is below them --------------------------------------------------- */

static bool
makes_stuck(const struct wait_graph *graph, uint32_t node)
{
	uint32_t next = graph->tree.nodes[node].produces;

	while (next != 0 && !graph->names[graph->producers[next - 1].name].stuck)
		next = graph->producers[next - 1].next;
	return next != 0;
}

/* Whether a process or an ancestor of it produces a name that may be stuck. */
static bool
is_concerned(const struct wait_graph *graph, uint32_t node)
{
	for (size_t steps = 0; node != PROC_TREE_NONE && steps <= graph->tree.count; steps++) {
		if (makes_stuck(graph, node))
			return true;
		node = parent_of(&graph->tree, node);
	}
	return false;
}

/* Marks what does not change while names are taken out.  Only producers and what is below them are
 * asked what they sleep for.  If one of them cannot be looked into, others may see more than we
 * do. */
static void
mark_once(struct wait_graph *graph)
{
	struct proc_tree *tree = &graph->tree;
	enum proc_tree_answer answer;

	graph->is_clear = true;
	for (uint32_t i = 0; i < tree->count; i++) {
		if (tree->nodes[i].waits != 0)
			mark_above(tree, i, MARK_ABOVE);
		if (tree->nodes[i].waits != 0 || !is_concerned(graph, i))
			continue;
		answer = proc_tree_awaits_child(&tree->nodes[i]);
		if (answer == PROC_TREE_YES)
			tree->nodes[i].marks |= MARK_AWAITS;
		graph->is_clear &= answer != PROC_TREE_UNKNOWN;
	}
}

/* Returns a number made of all parents that wait for a child and are producers of a stuck name, or
 * below one.  It changes when the set of these parents changes, or when one of them has run.  The
 * order of the nodes does not matter. */
static uint64_t
fingerprint_of(const struct wait_graph *graph)
{
	uint64_t fingerprint = 1;

	for (uint32_t i = 0; i < graph->tree.count; i++) {
		const struct proc_node *node = &graph->tree.nodes[i];

		if (node->marks & MARK_AWAITS && is_concerned(graph, i))
			fingerprint += ((uint64_t)node->pid * 0x9e3779b97f4a7c15u ^ node->ran) *
				       1099511628211u;
	}
	return fingerprint;
}

/* ---- looks ----------------------------------------------------------------------------------- */

#define TRIES 3 /* how often a look begins again because a process has ended meanwhile */

/* Begins with no process, and with all names that may be stuck. */
static void
begin(struct wait_graph *graph, bool only_empty)
{
	proc_tree_free(&graph->tree);
	for (size_t i = 0; i < graph->name_count; i++)
		graph->names[i].stuck = graph->names[i].is_empty || !only_empty;
	wait_cycle_begin(graph);
}

bool
deadlock_search_names(struct wait_graph *graph, uint64_t ticket)
{
	for (int i = 0; i < TRIES; i++) {
		begin(graph, false);
		if (wait_cycle_search(graph, ticket))
			return true;
		if (!graph->tree.is_broken)
			return false;
	}
	return true;
}

bool
deadlock_search_stuck(struct wait_graph *graph, uint64_t ticket)
{
	begin(graph, true);
	graph->is_clear = graph->is_stuck = false;
	if (!proc_tree_read_all(&graph->tree))
		return false;
	mark_once(graph);
	while (clear_some_stuck(graph))
		;
	for (size_t i = 0; i < graph->name_count; i++)
		graph->is_stuck |= graph->names[i].stuck;
	graph->is_clear &= !graph->is_stuck;
	graph->fingerprint = fingerprint_of(graph);
	return wait_cycle_search(graph, ticket);
}
