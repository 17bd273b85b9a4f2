/* SPDX-License-Identifier: ISC
 *
 * proc_tree.c - reads from /proc all processes, their parents, and which wait for a child
 */
#include "shm/os/proc_tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "api/proc.h"

/* Whether a process sleeps in wait4(2) or waitid(2).  False if we may not trace it, because the
 * kernel does not tell us then. */
static bool
sleeps_for_child(pid_t pid)
{
	char where[64];

	return proc_read(pid, "wchan", where, sizeof(where)) && strcmp(where, "do_wait") == 0;
}

static bool
read_node(pid_t pid, struct proc_node *node)
{
	struct proc_stat stat;

	if (!proc_read_stat(pid, &stat))
		return false;
	*node = (struct proc_node){ .pid = pid,
				    .parent = stat.parent,
				    .single = stat.threads == 1,
				    .zombie = stat.state == 'Z' || stat.state == 'X',
				    .ran = stat.faults + (stat.child_faults << 20) +
					   (stat.start << 40) };
	node->awaits = node->single && stat.state == 'S' && sleeps_for_child(pid);
	return true;
}

static bool
add(struct proc_tree *tree, pid_t pid)
{
	struct proc_node one, *more;

	if (!read_node(pid, &one))
		return true; /* it has ended */
	if (tree->count % 64 == 0) {
		more = realloc(tree->nodes, (tree->count + 64) * sizeof(*more));
		if (more == NULL)
			return false;
		tree->nodes = more;
	}
	tree->nodes[tree->count++] = one;
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	const struct proc_node *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Whether /proc shows the processes of others.  If it hides them (proc(5), hidepid), it hides
 * process 1, too. */
static bool
sees_others(const struct proc_tree *tree)
{
	return proc_tree_find(tree, 1) != NULL;
}

bool
proc_tree_read(struct proc_tree *tree)
{
	const struct dirent *entry;
	bool complete = true;
	DIR *proc = opendir("/proc");

	*tree = (struct proc_tree){ 0 };
	if (proc == NULL)
		return false;
	while (complete && (entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			complete = add(tree, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(proc);
	if (tree->count > 0)
		qsort(tree->nodes, tree->count, sizeof(tree->nodes[0]), by_pid);
	if (complete && sees_others(tree))
		return true;
	proc_tree_free(tree);
	return false;
}

void
proc_tree_free(struct proc_tree *tree)
{
	free(tree->nodes);
	*tree = (struct proc_tree){ 0 };
}

const struct proc_node *
proc_tree_find(const struct proc_tree *tree, pid_t pid)
{
	const struct proc_node wanted = { .pid = pid };

	if (tree->count == 0)
		return NULL;
	return bsearch(&wanted, tree->nodes, tree->count, sizeof(tree->nodes[0]), by_pid);
}

bool
proc_tree_is_below(const struct proc_tree *tree, pid_t pid, pid_t ancestor)
{
	const struct proc_node *node = proc_tree_find(tree, pid);

	for (size_t steps = 0; node != NULL && steps <= tree->count; steps++) {
		if (node->parent == ancestor)
			return true;
		node = proc_tree_find(tree, node->parent);
	}
	return false;
}
