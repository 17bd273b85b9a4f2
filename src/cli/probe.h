/* SPDX-License-Identifier: ISC
 *
 * probe.h - a COMMAND that is asked, again and again, whether CMD is ready
 *
 * It runs below this process, one at a time, in a process group of its own, and reads and writes
 * nothing that anybody sees.  Its status 0 says that CMD is ready.
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* command is asked at once when the first event has come, and then every_ns after its last end. */
void probe_begin_or_die(const char *command, int64_t every_ns);

/* For struct child_listener. */
struct pollfd probe_wish(void);

/* Starts COMMAND if it is due.  Returns true, once, if COMMAND has said that CMD is ready; then it
 * is not asked any more. */
bool probe_hear(void);

/* Takes the end of a process: its status as of waitpid(2).  Ignores other processes. */
void probe_reaped(pid_t pid, int status);

/* Asks again, if probe_hear() has returned true. */
void probe_ask_again(void);

/* Kills the COMMAND that runs now.  It is asked again. */
void probe_kill(void);

/* Says that CMD has ended.  Kills the COMMAND that runs now; no other is started. */
void probe_last(void);

#endif
