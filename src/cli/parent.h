/* SPDX-License-Identifier: ISC
 *
 * parent.h - the process that started this one
 */
#ifndef CLI_PARENT_H
#define CLI_PARENT_H

#include <sys/types.h>

/* Its name, or NULL; static storage. */
const char *parent_name(void);

/* The end of parent, getppid() as it was at the start, is from now on the end of this
 * process, by SIGKILL; at once if it has ended already.  A change of the uid for files undoes
 * it, so compl_open() must come before. */
void parent_follow_or_die(pid_t parent);

/* The parent's end is as it was before parent_follow_or_die(), if that was called; errno is
 * kept. */
void parent_unfollow(void);

#endif
