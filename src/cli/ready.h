/* SPDX-License-Identifier: ISC
 *
 * ready.h - how it is known that CMD is ready
 *
 * CMD says so by sd_notify(3), or by a line on a descriptor; or a probe says so.
 * ready_begin_or_die() is called before CMD is started, ready_prepare() in the child.
 */
#ifndef CLI_READY_H
#define CLI_READY_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/call.h"

/* Reads WHEN into *field, a struct cli_ready, and returns NULL, as the functions of value.h do.  If
 * text is not a WHEN, ends with a usage error of its own. */
const char *ready_parse_or_die(const char *text, void *field);

/* Makes the socket or the pipe on which CMD says that it is ready, or the timer of the probe, which
 * is asked every_ns after its last end.  If that fails, says so and ends with 125. */
void ready_begin_or_die(const struct cli_ready *how, int64_t every_ns);

/* In the child: gives CMD its descriptor, if it is to write a line, or its environment. */
void ready_prepare(void);

/* For struct child_listener. */
struct pollfd ready_wish(void);

/* Takes what CMD, whose pid is cmd, has said, or asks the probe if that is due; does not sleep.
 * Returns true when CMD is ready, by a READY=1, a line or the probe: post that, and call again.
 * *text is then the line, if CMD has written one that can be a value, or NULL. */
bool ready_hear(pid_t cmd, const char **text);

/* For struct child_listener: takes the end of a process, which may be the probe. */
void ready_reaped(pid_t pid, int status);

/* Readiness was taken back.  CMD may say again that it is ready; a probe is asked again. */
void ready_ask_again(void);

/* For struct child_listener: this process was told to end.  A probe that runs is killed. */
void ready_interrupt(void);

/* Says that CMD has ended: what ready_hear() takes from now on is the last. */
void ready_last(void);

/* Removes what ready_begin_or_die() has made in the file system. */
void ready_end(void);

#endif
