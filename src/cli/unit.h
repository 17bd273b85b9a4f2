/* SPDX-License-Identifier: ISC
 *
 * unit.h - the unit of systemd that a process belongs to
 */
#ifndef CLI_UNIT_H
#define CLI_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Writes the unit, such as "redis.service", to text.  False: the process is in no unit, or /proc
 * does not say, or there is no room. */
bool unit_read(char *text, size_t size, pid_t pid);

/* Does the same for the text of /proc/PID/cgroup, which is changed. */
bool unit_parse(char *text, size_t size, char *cgroup);

#endif
