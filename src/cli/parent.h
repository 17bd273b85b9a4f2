/* SPDX-License-Identifier: ISC
 *
 * parent.h - the process that started this one
 */
#ifndef CLI_PARENT_H
#define CLI_PARENT_H

#include <sys/types.h>

/* Returns the name of its program, or NULL.  The text is in static storage. */
const char *parent_name(void);

/* From now on the death of parent ends this process by SIGKILL; at once if parent has died already.
 * parent is what getppid() returned at the start. */
void parent_follow_or_die(pid_t parent);

/* Restores what was before parent_follow_or_die(), if that was called.  Keeps errno. */
void parent_unfollow(void);

#endif
