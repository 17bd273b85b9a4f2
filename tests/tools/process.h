/* SPDX-License-Identifier: ISC
 *
 * process.h - makes a child, and looks at what a process does at this moment
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Does what fork(2) does.  apart: the child is process 1 of a new pid namespace. */
pid_t process_fork(bool apart);

/* For a child: from now on it reads nothing, and its output goes to /dev/null. */
void process_silence(void);

/* For a traced child that has just executed a command: libc finds no vDSO there, and asks the
 * kernel for the time.  The vDSO tries again whenever the kernel's clock has gone on meanwhile.
 * Where a step takes long that is always, and a process that is stepped never gets out.  False with
 * errno. */
bool process_hide_vdso(pid_t pid);

/* Whether it sleeps in a futex call, or in poll(2) until its CMD ends.  The state is read after
 * wchan: a process that was woken meanwhile is running. */
bool process_is_asleep(pid_t pid);

/* Whether it sleeps on the lock of a segment: no other word of a segment on which processes sleep
 * lies 64 bytes after a multiple of 128. */
bool process_is_at_lock(pid_t pid);

/* Whether it sleeps in poll(2). */
bool process_is_at_poll(pid_t pid);

/* Whether it waits for a signal in sigwait(3). */
bool process_awaits_signal(pid_t pid);

/* How often it has been put on a processor; where the kernel does not count that, how often it
 * has left one to sleep. */
unsigned long process_switches(pid_t pid);

#endif
