/* SPDX-License-Identifier: ISC
 *
 * parent.c - the name of the process that started this one, and what its death does
 *
 * Without /proc no process has a name.
 *
 * The parent's death kills this process, because an orphan must not take a token, whatever else its
 * options say.  The signal is SIGKILL for three reasons.  It can be neither ignored nor blocked;
 * nohup ignores SIGHUP, and --killable blocks all signals but a few.  It ends a stopped process
 * too, which would hold up the waiters after it until somebody continues it.  And it ends the
 * process 1 of a pid namespace.  A death leaves the line cleanly.
 *
 * The death could come between taking a token and reporting it.  So parent_unfollow() is the first
 * call after the wait.  The gap that is left is that of every SIGKILL, and the process that would
 * have read the report is dead.
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
	int before; /* the signal that our own caller may have asked for; CMD finds it again */
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

/* Whether the parent died before this process asked for its pid, or has died since. */
static bool
is_orphan(pid_t parent)
{
	const struct proc_stat self = { .pid = getpid(),
					.parent = getppid(),
					.session = getsid(0) };

	return proc_is_orphan(&self, parent);
}

/* Ordering: asks for the signal first and compares the parent afterwards.  If the parent dies
 * before the signal is asked for, getppid() has changed; if later, the kernel sends the signal. */
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
