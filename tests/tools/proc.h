/* SPDX-License-Identifier: ISC
 *
 * proc.h - what /proc says of a process, and where a child of ours prints
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* For a child: it reads nothing, and what it prints goes nowhere. */
void proc_silence(void);

/* A small file of /proc/PID, as a string; false if it cannot be read. */
bool proc_read(pid_t pid, const char *name, char *text, size_t size);

/* Sleeps in a futex call, or for its CMD in poll(2).  The state is read after the place: who was woken
 * meanwhile is running. */
bool proc_is_asleep(pid_t pid);

/* Sleeps on the lock of a segment: in a segment no other word that is slept on lies at 64 bytes
 * from a multiple of 128. */
bool proc_is_at_lock(pid_t pid);

/* How often it has been put on a processor; where the kernel does not count that, how often it
 * has left one to sleep. */
unsigned long proc_switches(pid_t pid);

#endif
