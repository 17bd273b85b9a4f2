/* SPDX-License-Identifier: ISC
 *
 * below.h - which producers of a listing a process descends from
 */
#ifndef CLI_BELOW_H
#define CLI_BELOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compl.h"

/* Notes the producers of a listing, which has to live as long.  False: no memory.  The next call
 * forgets what this one has noted. */
bool below_collect(const struct compl_listing *list);

/* Finds the names that the process or one of its ancestors produces: a wait of it holds them up.
 * Writes at most `room` of them to names.  Returns how many; -1: /proc does not say. */
int below_find(const char **names, size_t room, pid_t pid);

#endif
