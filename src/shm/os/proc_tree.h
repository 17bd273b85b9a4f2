/* SPDX-License-Identifier: ISC
 *
 * proc_tree.h - which processes there are, which one started which, and which wait for a child
 */
#ifndef PROC_TREE_H
#define PROC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_node {
	pid_t pid, parent;
	bool awaits; /* has one thread, which sleeps in wait4(2) or waitid(2) */
	bool single; /* has one thread */
	bool zombie;
	/* Differs if the process has run between two looks, as far as page faults tell: its own and
	   those of the children that it has reaped. */
	uint64_t ran;
};

struct proc_tree {
	size_t count;
	struct proc_node *nodes; /* by pid */
};

/* Reads all processes from /proc, one after the other, so they are not all of one moment.  False if
 * there is no /proc, if /proc hides the processes of others, or if there is no memory.  After true
 * the caller calls proc_tree_free(). */
bool proc_tree_read(struct proc_tree *tree);
void proc_tree_free(struct proc_tree *tree);

/* Returns the node of a process, or NULL if there is none. */
const struct proc_node *proc_tree_find(const struct proc_tree *tree, pid_t pid);

/* Whether a process is a descendant of another one. */
bool proc_tree_is_below(const struct proc_tree *tree, pid_t pid, pid_t ancestor);

#endif
