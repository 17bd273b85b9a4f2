/* SPDX-License-Identifier: ISC
 *
 * family.c - reads from /proc all processes, who started whom, and who waits for a child
 */
#include "shm/os/family.h"

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
read_member(pid_t pid, struct member *m)
{
	struct proc_stat stat;

	if (!proc_read_stat(pid, &stat))
		return false;
	*m = (struct member){ .pid = pid,
			      .parent = stat.parent,
			      .single = stat.threads == 1,
			      .zombie = stat.state == 'Z' || stat.state == 'X',
			      .ran = stat.faults + (stat.child_faults << 20) + (stat.start << 40) };
	m->awaits = m->single && stat.state == 'S' && sleeps_for_child(pid);
	return true;
}

static bool
add(struct family *f, pid_t pid)
{
	struct member one, *more;

	if (!read_member(pid, &one))
		return true; /* it has gone */
	if (f->count % 64 == 0) {
		more = realloc(f->members, (f->count + 64) * sizeof(*more));
		if (more == NULL)
			return false;
		f->members = more;
	}
	f->members[f->count++] = one;
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Where others' processes are hidden (proc(5), hidepid) those of root are, too. */
static bool
sees_others(const struct family *f)
{
	return family_find(f, 1) != NULL;
}

bool
family_read(struct family *f)
{
	const struct dirent *entry;
	bool complete = true;
	DIR *proc = opendir("/proc");

	*f = (struct family){ 0 };
	if (proc == NULL)
		return false;
	while (complete && (entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			complete = add(f, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(proc);
	if (f->count > 0)
		qsort(f->members, f->count, sizeof(f->members[0]), by_pid);
	if (complete && sees_others(f))
		return true;
	family_free(f);
	return false;
}

void
family_free(struct family *f)
{
	free(f->members);
	*f = (struct family){ 0 };
}

const struct member *
family_find(const struct family *f, pid_t pid)
{
	const struct member wanted = { .pid = pid };

	if (f->count == 0)
		return NULL;
	return bsearch(&wanted, f->members, f->count, sizeof(f->members[0]), by_pid);
}

bool
family_is_below(const struct family *f, pid_t pid, pid_t ancestor)
{
	const struct member *m = family_find(f, pid);

	for (size_t steps = 0; m != NULL && steps <= f->count; steps++) {
		if (m->parent == ancestor)
			return true;
		m = family_find(f, m->parent);
	}
	return false;
}
