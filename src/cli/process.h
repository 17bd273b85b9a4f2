/* SPDX-License-Identifier: ISC
 *
 * process.h - the process that started this one
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <sys/types.h>

/* Its name, or NULL; static storage. */
const char *process_parent_name(void);

/* The end of parent, getppid() as it was at the start, is from now on the end of this
 * process, by SIGKILL; at once if it has ended already.  A change of the uid for files undoes
 * it, so compl_open() must come before. */
void process_follow_or_die(pid_t parent);

/* The parent's end is as it was before process_follow_or_die(), if that was called; errno is
 * kept. */
void process_unfollow(void);

#endif
