/* SPDX-License-Identifier: ISC
 *
 * fsuid.c - changes the user for files, and restores the signal that this makes the kernel forget
 *
 * Ordering: fsuid_leave() sets the signal first and compares the parent afterwards.  If the parent
 * dies before the signal is set, getppid() has changed.  If it dies later, the kernel sends the
 * signal.  If it dies in between, the signal comes twice.
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

void
fsuid_enter(struct fsuid *saved, uid_t uid)
{
	saved->parent = getppid();
	saved->death_signal = 0;
	prctl(PR_GET_PDEATHSIG, &saved->death_signal);
	saved->before = (uid_t)setfsuid(uid);
}

void
fsuid_leave(const struct fsuid *saved)
{
	int error = errno;

	setfsuid(saved->before);
	if (saved->death_signal != 0) {
		prctl(PR_SET_PDEATHSIG, saved->death_signal);
		if (getppid() != saved->parent)
			raise(saved->death_signal);
	}
	errno = error;
}
