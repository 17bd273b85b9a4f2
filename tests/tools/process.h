/* SPDX-License-Identifier: ISC
 *
 * process.h - what a process is at, and where a child of ours prints
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* For a child: it reads nothing, and what it prints goes nowhere. */
void process_silence(void);

/* Sleeps in a futex call, or for its CMD in poll(2).  The state is read after the place: a
 * process that was woken meanwhile is running. */
bool process_is_asleep(pid_t pid);

/* Sleeps on the lock of a segment: in a segment no other word that is slept on lies at 64 bytes
 * from a multiple of 128. */
bool process_is_at_lock(pid_t pid);

/* How often it has been put on a processor; where the kernel does not count that, how often it
 * has left one to sleep. */
unsigned long process_switches(pid_t pid);

#endif
