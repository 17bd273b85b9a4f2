/* SPDX-License-Identifier: ISC
 *
 * ready.h - CMD says that it is ready
 *
 * CMD says so by sd_notify(3), or by a line on a descriptor.  ready_begin_or_die() is called before
 * CMD is started, ready_prepare() in the child.
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

/* Makes the socket or the pipe on which CMD says that it is ready.  If that fails, says so and ends
 * with 125. */
void ready_begin_or_die(const struct cli_ready *how);

/* In the child: gives CMD its descriptor, if it is to write a line, or its environment. */
void ready_prepare(void);

/* For struct child_listener. */
struct pollfd ready_wish(void);

/* Takes what CMD, whose pid is cmd, has said, and does not sleep.  Returns true when CMD says that
 * it is ready, by a READY=1 or by its one line: post that, and call again.  *text is then the line,
 * if CMD has written one that can be a value, or NULL. */
bool ready_hear(pid_t cmd, const char **text);

/* Says that CMD has ended: what ready_hear() takes from now on is the last. */
void ready_last(void);

/* Removes what ready_begin_or_die() has made in the file system. */
void ready_end(void);

#endif
