/* SPDX-License-Identifier: ISC
 *
 * proc_tree.h - which processes there are, who started whom, and who waits for a child
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
	uint64_t ran; /* differs when it has run in between: page faults, its children's too */
};

struct proc_tree {
	size_t count;
	struct proc_node *nodes; /* by pid */
};

/* As /proc shows it, of one moment or the next.  To be freed with proc_tree_free(); false if
 * there is no /proc, if it hides others' processes, or without memory. */
bool proc_tree_read(struct proc_tree *f);
void proc_tree_free(struct proc_tree *f);

/* NULL if it is not there. */
const struct proc_node *proc_tree_find(const struct proc_tree *f, pid_t pid);

/* Whether a process was started by another one, at however many hands. */
bool proc_tree_is_below(const struct proc_tree *f, pid_t pid, pid_t ancestor);

#endif
