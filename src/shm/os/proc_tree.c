/* SPDX-License-Identifier: ISC
 *
 * proc_tree.c - reads from /proc all processes, who started whom, and who waits for a child
 */
#include "shm/os/proc_tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "api/proc.h"

/* The kernel tells only those who may trace the process where it sleeps. */
static bool
sleeps_for_child(pid_t pid)
{
	char where[64];

	return proc_read(pid, "wchan", where, sizeof(where)) && strcmp(where, "do_wait") == 0;
}

static bool
read_node(pid_t pid, struct proc_node *m)
{
	struct proc_stat stat;

	if (!proc_read_stat(pid, &stat))
		return false;
	*m = (struct proc_node){ .pid = pid,
				 .parent = stat.parent,
				 .single = stat.threads == 1,
				 .zombie = stat.state == 'Z' || stat.state == 'X',
				 .ran = stat.faults + (stat.child_faults << 20) +
					(stat.start << 40) };
	m->awaits = m->single && stat.state == 'S' && sleeps_for_child(pid);
	return true;
}

static bool
add(struct proc_tree *f, pid_t pid)
{
	struct proc_node one, *more;

	if (!read_node(pid, &one))
		return true; /* it has gone */
	if (f->count % 64 == 0) {
		more = realloc(f->nodes, (f->count + 64) * sizeof(*more));
		if (more == NULL)
			return false;
		f->nodes = more;
	}
	f->nodes[f->count++] = one;
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	const struct proc_node *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Where others' processes are hidden (proc(5), hidepid) those of root are, too. */
static bool
sees_others(const struct proc_tree *f)
{
	return proc_tree_find(f, 1) != NULL;
}

bool
proc_tree_read(struct proc_tree *f)
{
	const struct dirent *entry;
	bool complete = true;
	DIR *proc = opendir("/proc");

	*f = (struct proc_tree){ 0 };
	if (proc == NULL)
		return false;
	while (complete && (entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			complete = add(f, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(proc);
	if (f->count > 0)
		qsort(f->nodes, f->count, sizeof(f->nodes[0]), by_pid);
	if (complete && sees_others(f))
		return true;
	proc_tree_free(f);
	return false;
}

void
proc_tree_free(struct proc_tree *f)
{
	free(f->nodes);
	*f = (struct proc_tree){ 0 };
}

const struct proc_node *
proc_tree_find(const struct proc_tree *f, pid_t pid)
{
	const struct proc_node wanted = { .pid = pid };

	if (f->count == 0)
		return NULL;
	return bsearch(&wanted, f->nodes, f->count, sizeof(f->nodes[0]), by_pid);
}

bool
proc_tree_is_below(const struct proc_tree *f, pid_t pid, pid_t ancestor)
{
	const struct proc_node *m = proc_tree_find(f, pid);

	for (size_t steps = 0; m != NULL && steps <= f->count; steps++) {
		if (m->parent == ancestor)
			return true;
		m = proc_tree_find(f, m->parent);
	}
	return false;
}
