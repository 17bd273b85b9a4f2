/* SPDX-License-Identifier: ISC
 *
 * descendants.c - reads the processes below this one from /proc, and sends signals to them
 *
 * Invariant: a pid and a start time name one process, because no kernel gives out all its pids
 * within one tick of that time.  A process that is a descendant stays one: when its parent ends,
 * its new parent is another descendant that is a subreaper, or this process.
 *
 * Ordering: the list is read process by process, so it may mix different moments.  A pid may have
 * got a new owner meanwhile.  Therefore descendants_send() takes a pidfd first, then reads the
 * process and after that its parent once more.  If the pidfd still stands for a process when the
 * signal is sent, what was read was about this one.  If the parent has the start time that the list
 * has, it was the same parent all the time.
 */
#include "cli/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/pidfd.h"
#include "api/proc.h"

bool
descendants_adopt(void)
{
	struct proc_stat self;
	char pid[16] = "";

	if (readlink("/proc/self", pid, sizeof(pid) - 1) < 0)
		return false;
	errno = ENOENT; /* a /proc of another pid namespace has other pids */
	return atoi(pid) == getpid() && proc_read_stat(getpid(), &self) &&
	       prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

/* ---- who relays signals -------------------------------------------------------------------- */

static bool
is_same_program(pid_t pid)
{
	struct stat own, other;
	char path[32], name[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
	    own.st_dev == other.st_dev && own.st_ino == other.st_ino)
		return true;
	/* It may be another build, or be of another user, or have been replaced. */
	return proc_read(pid, "comm", name, sizeof(name)) && strcmp(name, "compl\n") == 0;
}

/* Whether it is a compl that passes signals on: it blocks them, in order to read them.  A wait
 * blocks them only for moments, and has no child. */
static bool
is_relay(pid_t pid)
{
	const char *field;
	char text[4096];

	if (!is_same_program(pid) || !proc_read(pid, "status", text, sizeof(text)))
		return false;
	field = strstr(text, "\nSigBlk:");
	return field != NULL &&
	       (strtoull(field + strlen("\nSigBlk:"), NULL, 16) >> (SIGTERM - 1) & 1) != 0;
}

/* ---- the list ------------------------------------------------------------------------------ */

static int
compare(const void *one, const void *other)
{
	const struct descendant *a = one, *b = other;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

static struct descendant *
find(const struct descendants *list, pid_t pid)
{
	const struct descendant key = { .pid = pid };

	if (list->count == 0)
		return NULL;
	return bsearch(&key, list->all, list->count, sizeof(key), compare);
}

struct descendant *
descendants_parent(const struct descendants *list, const struct descendant *process)
{
	return process->parent == getpid() ? NULL : find(list, process->parent);
}

/* Whether it is dead.  A process whose first thread has ended has others. */
static bool
is_dead(const struct proc_stat *stat)
{
	return (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
}

static bool
append(struct descendants *list, const struct proc_stat *stat)
{
	if (list->count == list->room) {
		size_t room = list->room != 0 ? 2 * list->room : 256;
		void *all = realloc(list->all, room * sizeof(*list->all));

		if (all == NULL)
			return false;
		list->all = all;
		list->room = room;
	}
	list->all[list->count++] = (struct descendant){ .pid = stat->pid,
							.parent = stat->parent,
							.start = stat->start };
	return true;
}

static bool
read_all(struct descendants *list)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct proc_stat stat;
	bool is_read = dir != NULL;

	while (is_read && (entry = readdir(dir)) != NULL) {
		int pid = atoi(entry->d_name);

		if (pid > 0 && proc_read_stat(pid, &stat) && !is_dead(&stat))
			is_read = append(list, &stat);
	}
	if (dir != NULL)
		closedir(dir);
	return is_read;
}

/* Whether the way upwards leads to this process.  The number of steps is bounded, because what was
 * read at different moments may form a circle. */
static bool
is_below(const struct descendants *list, const struct descendant *process)
{
	for (size_t steps = 0; process != NULL && steps <= list->count; steps++) {
		if (process->parent == getpid())
			return true;
		process = find(list, process->parent);
	}
	return false;
}

/* Takes over from an older list what is known of a process. */
static void
remember(struct descendant *process, const struct descendants *older)
{
	const struct descendant *same = find(older, process->pid);

	if (same == NULL || same->start != process->start)
		return;
	process->is_told = same->is_told;
	process->is_stopped = same->is_stopped;
	process->is_refused = same->is_refused;
}

bool
descendants_look(struct descendants *list)
{
	struct descendants now = { 0 };

	if (!read_all(&now)) {
		free(now.all);
		return false;
	}
	if (now.count > 0)
		qsort(now.all, now.count, sizeof(*now.all), compare);
	for (size_t i = 0; i < now.count; i++) {
		now.all[i].is_below = is_below(&now, &now.all[i]);
		if (!now.all[i].is_below)
			continue;
		now.all[i].is_relay = is_relay(now.all[i].pid);
		remember(&now.all[i], list);
	}
	free(list->all);
	*list = now;
	return true;
}

/* ---- signals ------------------------------------------------------------------------------- */

/* Whether the process has the start time and the parent of the list, and its parent is the one of
 * the list, too. */
static bool
is_unchanged(const struct descendants *list, const struct descendant *process)
{
	const struct descendant *parent = descendants_parent(list, process);
	struct proc_stat stat;

	if (!proc_read_stat(process->pid, &stat) || stat.start != process->start ||
	    stat.parent != process->parent)
		return false;
	if (process->parent == getpid())
		return true;
	return parent != NULL && proc_read_stat(parent->pid, &stat) && stat.start == parent->start;
}

bool
descendants_send(const struct descendants *list, const struct descendant *process, int signal)
{
	int fd = pidfd_open_pid(process->pid), error;
	bool is_sent;

	if (fd < 0 && errno != ENOSYS && errno != EMFILE && errno != ENFILE)
		return false;
	if (!is_unchanged(list, process)) {
		is_sent = false;
		error = ESRCH;
	} else {
		/* Without a pidfd a pid could get a new owner only in this moment. */
		is_sent = fd >= 0 ? pidfd_send(fd, signal) : kill(process->pid, signal) == 0;
		error = errno;
	}
	if (fd >= 0)
		close(fd);
	errno = error;
	return is_sent;
}
