/* SPDX-License-Identifier: ISC
 *
 * proc.h - what /proc says about a process
 *
 * These calls know nothing of shared memory, and both sides of compl.h use them: the command for
 * the name of its parent and for the sender of a message, the library for waiters and producers.
 */
#ifndef API_PROC_H
#define API_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens /proc/PID/FILE for reading.  -1 with errno.  FILE has at most 15 bytes, here and below. */
int proc_open(pid_t pid, const char *file);

/* Reads the beginning of /proc/PID/FILE into text, with a NUL.  False if it cannot be read or is
 * empty. */
bool proc_read(pid_t pid, const char *file, char *text, size_t size);

/* From /proc/PID/stat. */
struct proc_stat {
	pid_t pid, parent, session;
	char state; /* 'S' sleeps, 'T' and 't' stopped, 'Z' and 'X' dead, and others: proc(5) */
	long threads;
	uint64_t faults, child_faults; /* minor page faults; those of children that were reaped */
	uint64_t start;		       /* in clock ticks since boot */
};

bool proc_read_stat(pid_t pid, struct proc_stat *stat);

/* Whether the process that started the process *stat has died.  former_parent is the parent that
 * *stat had at an earlier look.  Reads only pid, parent and session of *stat. */
bool proc_is_orphan(const struct proc_stat *stat, pid_t former_parent);

#endif
