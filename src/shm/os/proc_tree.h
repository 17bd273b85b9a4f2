/* SPDX-License-Identifier: ISC
 *
 * proc_tree.h - processes and their parents, read from /proc, and found by pid
 */
#ifndef PROC_TREE_H
#define PROC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_TREE_NONE UINT32_MAX /* no node */

struct proc_node {
	pid_t pid, parent;
	bool is_read; /* the fields that follow, and parent, were read from /proc */
	bool single;  /* has one thread */
	bool sleeps;  /* interruptibly */
	bool zombie;
	/* Differs if the process has run between two looks, as far as page faults tell: its own and
	   those of the children that it has reaped. */
	uint64_t ran;
	/* The caller's; 0 at first. */
	uint32_t waits, produces, marks;
};

/* All zeros is an empty tree. */
struct proc_tree {
	size_t count, room;
	struct proc_node *nodes; /* in the order in which they came */
	uint32_t *slots;	 /* by pid: index in nodes + 1, or 0; twice as many as room */
	/* There was no memory for a node, or the parent of a node had ended before it was read. */
	bool is_broken;
};

/* Returns the index of the node of a process, or PROC_TREE_NONE. */
uint32_t proc_tree_find(const struct proc_tree *tree, pid_t pid);

/* Returns the index of the node of a process, which it makes if there is none.  Reads nothing.
 * PROC_TREE_NONE if there is no memory.  Nodes may move. */
uint32_t proc_tree_add(struct proc_tree *tree, pid_t pid);

/* Returns the index of the node of the parent of a node, or PROC_TREE_NONE if there is none.  Reads
 * from /proc what was not read yet, which are two nodes at the most.  Nodes may move. */
uint32_t proc_tree_parent(struct proc_tree *tree, uint32_t node);

/* Reads all processes, one after the other, so they are not all of one moment.  False if there is
 * no /proc, if /proc hides the processes of others, or if there is no memory. */
bool proc_tree_read_all(struct proc_tree *tree);

/* Makes the tree empty again. */
void proc_tree_free(struct proc_tree *tree);

/* Whether a process sleeps in wait4(2) or waitid(2).  UNKNOWN if we may not trace it, because the
 * kernel does not tell us then. */
enum proc_tree_answer {
	PROC_TREE_NO,
	PROC_TREE_YES,
	PROC_TREE_UNKNOWN,
};
enum proc_tree_answer proc_tree_awaits_child(const struct proc_node *node);

/* Whether the calling process has a child, in any of its threads. */
bool proc_tree_has_children(void);

#endif
