/* SPDX-License-Identifier: ISC
 *
 * descendants.h - the processes below this one, however they have left their parents
 *
 * They are this process's children, their children, and so on.  descendants_adopt() makes this
 * process a subreaper: then a descendant whose parent ends stays a descendant.
 */
#ifndef CLI_DESCENDANTS_H
#define CLI_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct descendant {
	pid_t pid, parent;
	uint64_t start; /* with the pid: which process it is */
	bool is_below;	/* it is a descendant */
	bool is_relay;	/* a compl that passes signals on to its child */
	/* For the caller.  descendants_look() keeps them as long as the process lives. */
	bool is_told, is_stopped, is_refused;
	bool is_due; /* for the caller, between two looks */
};

/* All processes, in order of their pids.  Zeroed is empty. */
struct descendants {
	struct descendant *all;
	size_t count, room;
};

/* From now on this process is the parent of every descendant whose parent ends.  False with errno,
 * also if /proc does not tell of this process. */
bool descendants_adopt(void);

/* Reads which processes there are.  False with errno, and the list is as before. */
bool descendants_look(struct descendants *list);

/* Returns the parent of a process in the list; NULL if that is this process or not in the list. */
struct descendant *descendants_parent(const struct descendants *list,
				      const struct descendant *process);

/* Sends a signal to a descendant, and never to a later process with the same pid.  False with
 * errno: ESRCH if it has ended, or has another parent than when the list was read. */
bool descendants_send(const struct descendants *list, const struct descendant *process, int signal);

#endif
