/* SPDX-License-Identifier: ISC
 *
 * parent.c - its name, and its death
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
#include "cli/parent.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "api/proc.h"
#include "cli/cold.h"
#include "cli/message.h"
#include "cli/status.h"

static struct {
	bool is_on;
	int before; /* what our own caller may have asked for; CMD finds it again */
} following;

const char *
parent_name(void)
{
	COLD static char name[64];

	if (!proc_read(getppid(), "comm", name, sizeof(name)))
		return NULL;
	name[strcspn(name, "\n")] = '\0';
	return name;
}

/* The parent died before this process asked who it was, or has died since. */
static bool
is_orphan(pid_t parent)
{
	const struct proc_stat self = { .pid = getpid(),
					.parent = getppid(),
					.session = getsid(0) };

	return proc_is_orphan(&self, parent);
}

/* Ordering: the kernel looks at the wish when the parent dies, and getppid() changes then: who
 * wishes first and asks afterwards misses no death. */
void
parent_follow_or_die(pid_t parent)
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
parent_unfollow(void)
{
	int error = errno;

	if (following.is_on)
		prctl(PR_SET_PDEATHSIG, following.before);
	following.is_on = false;
	errno = error;
}
