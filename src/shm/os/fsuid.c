/* SPDX-License-Identifier: ISC
 *
 * fsuid.c - changes the user for files, and restores what that makes the kernel forget
 *
 * Ordering: restore_death_signal() sets the signal first and compares the parent afterwards.  If
 * the parent dies before the signal is set, getppid() has changed.  If it dies later, the kernel
 * sends the signal.  If it dies in between, the signal comes twice.
 */
#include "shm/os/fsuid.h"

#include <errno.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

uid_t
fsuid_get(void)
{
	return (uid_t)setfsuid((uid_t)-1); /* -1 is refused, and the call returns the user */
}

static int
get_death_signal(void)
{
	int signal = 0;

	prctl(PR_GET_PDEATHSIG, &signal);
	return signal;
}

void
fsuid_enter(struct fsuid *saved, uid_t uid)
{
	saved->parent = getppid();
	saved->death_signal = get_death_signal();
	saved->dumpable = prctl(PR_GET_DUMPABLE);
	saved->before = (uid_t)setfsuid(uid);
}

/* Does nothing if the kernel has not forgotten the signal, because it refused another user. */
static void
restore_death_signal(const struct fsuid *saved)
{
	if (saved->death_signal == 0 || get_death_signal() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, saved->death_signal);
	if (getppid() != saved->parent)
		raise(saved->death_signal);
}

void
fsuid_leave(const struct fsuid *saved)
{
	int error = errno;

	setfsuid(saved->before);
	restore_death_signal(saved);
	if (saved->dumpable == 1) /* other values cannot be set */
		prctl(PR_SET_DUMPABLE, 1);
	errno = error;
}
