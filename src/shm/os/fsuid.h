/* SPDX-License-Identifier: ISC
 *
 * fsuid.h - acts as another user on files, in the calling thread alone
 */
#ifndef FSUID_H
#define FSUID_H

#include <sys/types.h>

/* Returns the user as which the calling thread acts on files. */
uid_t fsuid_get(void);

/* What fsuid_leave() restores. */
struct fsuid {
	uid_t before;
	pid_t parent;
	int death_signal;
	int dumpable;
};

/* Lets the calling thread act on files as uid, until fsuid_leave().  If the kernel refuses that,
 * the user stays the same.  Kernel: setfsuid(2). */
void fsuid_enter(struct fsuid *saved, uid_t uid);

/* Restores the user, and what the kernel forgets at each change of the user: the signal that the
 * caller wants at the death of its parent (PR_SET_PDEATHSIG), and that the process may be dumped
 * and traced (PR_SET_DUMPABLE).  If the parent process has died meanwhile, sends the signal.  (The
 * death of a thread of the parent, which counts for the kernel, is not seen.)  errno is kept. */
void fsuid_leave(const struct fsuid *saved);

#endif
