/* SPDX-License-Identifier: ISC
 *
 * process.c - its name, and its death
 *
 * Where there is no /proc, nobody has a name.
 *
 * The signal that follows the parent's death is SIGKILL, because an orphan must not take a
 * token whatever it was told: that alone can be neither ignored nor blocked (SIGHUP under
 * nohup, all but one under --killable), ends a stopped process too, which would hold up
 * those behind it until somebody continues it, and a PID 1.  Death is a clean way out of a
 * line.  It could come between taking a token and reporting it, so it is called off first
 * thing after the wait; what is left of that gap is that of every SIGKILL, and the one who
 * would have been told is dead.
 */
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/cold.h"
#include "cli/message.h"
#include "cli/status.h"

static struct {
	bool is_on;
	int before; /* what our own caller may have asked for; CMD finds it again */
} following;

#define PROC	  "/proc/"
#define COMM	  "/comm"
#define PATH_SIZE 32

/* Every wait asks; printf() would be most of what it costs.  (And openat() because musl's open()
 * asks twice for close-on-exec.) */
static const char *
comm_path(char path[PATH_SIZE], pid_t pid)
{
	size_t at = sizeof(PROC) - 1, n = 0;
	char digits[12];

	do
		digits[n++] = (char)('0' + pid % 10);
	while ((pid /= 10) != 0);
	memcpy(path, PROC, sizeof(PROC));
	while (n > 0)
		path[at++] = digits[--n];
	memcpy(path + at, COMM, sizeof(COMM));
	return path;
}

const char *
process_parent_name(void)
{
	COLD static char name[64];
	char path[PATH_SIZE];
	ssize_t length;
	int fd;

	fd = openat(AT_FDCWD, comm_path(path, getppid()), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	length = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (length <= 0)
		return NULL;
	name[length] = '\0';
	name[strcspn(name, "\n")] = '\0';
	return name;
}

/* The parent has died, before we could ask who it was or since.  In the first case what we
 * call our parent has adopted us, and is not in our session, although we have not begun one;
 * if it is (a container's PID 1 may be) nothing tells. */
static bool
is_orphan(pid_t parent)
{
	pid_t session = getsid(0);

	return getppid() != parent ||
	       (parent > 0 && session != getpid() && getsid(parent) != session);
}

/* Ordering: the kernel looks at the wish when the parent dies, and getppid() changes then: who
 * wishes first and asks afterwards misses no death. */
void
process_follow_or_die(pid_t parent)
{
	following.is_on = prctl(PR_GET_PDEATHSIG, &following.before) == 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
		message_line("--with-parent: %s", strerror(errno));
		exit(STATUS_FAILED);
	}
	if (!is_orphan(parent))
		return;
	raise(SIGKILL);
	_exit(STATUS_SIGNAL + SIGKILL); /* as PID 1 */
}

void
process_unfollow(void)
{
	int error = errno;

	if (following.is_on)
		prctl(PR_SET_PDEATHSIG, following.before);
	following.is_on = false;
	errno = error;
}
