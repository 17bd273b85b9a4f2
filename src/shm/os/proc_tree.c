/* SPDX-License-Identifier: ISC
 *
 * proc_tree.c - reads processes and their parents from /proc, and finds them by pid
 *
 * The nodes are found by a hash table with open addressing, which is at most half full.
 *
 * Invariant: while a process lives, no process is added to its ancestors.  When one of them dies,
 * its children get a parent that was an ancestor of theirs before.  So what is read late may lack
 * an ancestor that has died, and never one that still is an ancestor.
 */
#include "shm/os/proc_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "api/proc.h"

/* ---- by pid -------------------------------------------------------------------------------- */

/* Returns the slot of a pid, or the free slot in which it belongs. */
static size_t
slot_of(const struct proc_tree *tree, pid_t pid)
{
	size_t mask = 2 * tree->room - 1, i = (uint32_t)pid * 2654435761u & mask;

	while (tree->slots[i] != 0 && tree->nodes[tree->slots[i] - 1].pid != pid)
		i = (i + 1) & mask;
	return i;
}

/* Makes room for twice as many nodes. */
static bool
grow(struct proc_tree *tree)
{
	size_t room = tree->room != 0 ? 2 * tree->room : 64;
	struct proc_node *nodes = realloc(tree->nodes, room * sizeof(*nodes));
	uint32_t *slots;

	if (nodes == NULL)
		return false;
	tree->nodes = nodes;
	if ((slots = calloc(2 * room, sizeof(*slots))) == NULL)
		return false;
	free(tree->slots);
	tree->slots = slots;
	tree->room = room;
	for (size_t i = 0; i < tree->count; i++)
		slots[slot_of(tree, nodes[i].pid)] = (uint32_t)i + 1;
	return true;
}

uint32_t
proc_tree_find(const struct proc_tree *tree, pid_t pid)
{
	return tree->count == 0 ? PROC_TREE_NONE : tree->slots[slot_of(tree, pid)] - 1;
}

uint32_t
proc_tree_add(struct proc_tree *tree, pid_t pid)
{
	uint32_t found = proc_tree_find(tree, pid);

	if (found != PROC_TREE_NONE)
		return found;
	if (tree->count == tree->room && !grow(tree)) {
		tree->is_broken = true;
		return PROC_TREE_NONE;
	}
	tree->nodes[tree->count] = (struct proc_node){ .pid = pid };
	tree->slots[slot_of(tree, pid)] = (uint32_t)tree->count + 1;
	return (uint32_t)tree->count++;
}

void
proc_tree_free(struct proc_tree *tree)
{
	free(tree->nodes);
	free(tree->slots);
	*tree = (struct proc_tree){ 0 };
}

/* ---- from /proc ------------------------------------------------------------------------------ */

/* False: the process has ended. */
static bool
read_node(struct proc_node *node)
{
	struct proc_stat stat;

	if (node->is_read)
		return true;
	if (!proc_read_stat(node->pid, &stat))
		return false;
	node->is_read = true;
	node->parent = stat.parent;
	node->single = stat.threads == 1;
	node->sleeps = stat.state == 'S';
	node->zombie = stat.state == 'Z' || stat.state == 'X';
	node->ran = stat.faults + (stat.child_faults << 20) + (stat.start << 40);
	return true;
}

uint32_t
proc_tree_parent(struct proc_tree *tree, uint32_t node)
{
	uint32_t parent;

	if (!read_node(&tree->nodes[node]) || tree->nodes[node].parent == 0)
		return PROC_TREE_NONE;
	parent = proc_tree_add(tree, tree->nodes[node].parent);
	if (parent != PROC_TREE_NONE && !read_node(&tree->nodes[parent])) {
		tree->is_broken = true;
		return PROC_TREE_NONE;
	}
	return parent;
}

static void
read_one(struct proc_tree *tree, pid_t pid)
{
	uint32_t node = proc_tree_add(tree, pid);

	if (node != PROC_TREE_NONE)
		read_node(&tree->nodes[node]);
}

/* Whether /proc shows the processes of others.  If it hides them (proc(5), hidepid), it hides
 * process 1, too. */
static bool
sees_others(const struct proc_tree *tree)
{
	uint32_t first = proc_tree_find(tree, 1);

	return first != PROC_TREE_NONE && tree->nodes[first].is_read;
}

bool
proc_tree_read_all(struct proc_tree *tree)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (proc == NULL)
		return false;
	while (!tree->is_broken && (entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			read_one(tree, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(proc);
	return !tree->is_broken && sees_others(tree);
}

enum proc_tree_answer
proc_tree_awaits_child(const struct proc_node *node)
{
	char where[64];

	if (!node->is_read || !node->single || !node->sleeps)
		return PROC_TREE_NO;
	if (!proc_read(node->pid, "wchan", where, sizeof(where)) || strcmp(where, "0") == 0)
		return PROC_TREE_UNKNOWN;
	return strcmp(where, "do_wait") == 0 ? PROC_TREE_YES : PROC_TREE_NO;
}

bool
proc_tree_has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 ||
	       errno != ECHILD;
}
