/* SPDX-License-Identifier: ISC
 *
 * proc.c - reads /proc/PID
 *
 * Every wait reads its parent's name, so proc_open() and proc_read() are fast: they do not use
 * printf(), and they call openat() because musl's open() asks twice for close-on-exec.
 */
#include "api/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/number.h"

#define PROC	 "/proc/"
#define FILE_MAX 16 /* bytes of the longest name of a file, with its NUL */

int
proc_open(pid_t pid, const char *file)
{
	char path[sizeof(PROC) + NUMBER_SIZE + FILE_MAX], *end;

	memcpy(path, PROC, sizeof(PROC));
	end = number_write(path + sizeof(PROC) - 1, (uint32_t)pid);
	*end++ = '/';
	memcpy(end, file, strlen(file) + 1);
	return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

bool
proc_read(pid_t pid, const char *file, char *text, size_t size)
{
	int fd = proc_open(pid, file);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* Reads from the last ')' on: the name of the program is in parentheses, and may have some of its
 * own. */
bool
proc_read_stat(pid_t pid, struct proc_stat *stat)
{
	char text[512];
	const char *fields;
	long parent, session;

	if (!proc_read(pid, "stat", text, sizeof(text)) || (fields = strrchr(text, ')')) == NULL ||
	    sscanf(fields,
		   ") %c %ld %*d %ld %*d %*d %*u %" SCNu64 " %" SCNu64
		   " %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %" SCNu64,
		   &stat->state, &parent, &session, &stat->faults, &stat->child_faults,
		   &stat->threads, &stat->start) != 7)
		return false;
	stat->pid = pid;
	stat->parent = (pid_t)parent;
	stat->session = (pid_t)session;
	return true;
}

/* Whether both are in the same control groups.  A very long list counts by its beginning. */
static bool
share_cgroup(pid_t one, pid_t other)
{
	char texts[2][1024];

	return proc_read(one, "cgroup", texts[0], sizeof(texts[0])) &&
	       proc_read(other, "cgroup", texts[1], sizeof(texts[1])) &&
	       strcmp(texts[0], texts[1]) == 0;
}

/* Whether the parent, which is not in the session of its child, may have left it by setsid(2): it
 * leads a session then.  A process that adopts orphans may lead one, too, but it is process 1, or,
 * as a service manager, in a control group of its own. */
static bool
may_have_left(const struct proc_stat *stat)
{
	return stat->parent != 1 && getsid(stat->parent) == stat->parent &&
	       share_cgroup(stat->parent, stat->pid);
}

/* The kernel gives an orphan to process 1 or to a subreaper.  Such a parent alone proves nothing,
 * because it may have started the process itself, as it does with a service.  Two things show an
 * orphan:
 *
 * Its parent is not the one that was seen at first.
 *
 * Or it was an orphan already by then.  Then it is in a session that its new parent is not in, and
 * that it has not begun itself.  If its new parent is in that session, as process 1 of a container
 * may be, or seems to have left it, the orphan is not recognised. */
bool
proc_is_orphan(const struct proc_stat *stat, pid_t former_parent)
{
	if (stat->parent != former_parent)
		return true;
	return stat->parent > 0 && stat->session != stat->pid &&
	       getsid(stat->parent) != stat->session && !may_have_left(stat);
}
