/* SPDX-License-Identifier: ISC
 *
 * ready.h - CMD says that it is ready
 *
 * In one of two ways: by sd_notify(3), or by a line on a descriptor.  ready_begin_or_die() comes
 * before CMD is started, ready_prepare() in it.
 */
#ifndef CLI_READY_H
#define CLI_READY_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/call.h"

/* WHEN, into a struct cli_ready.  (See value.h; ends with a usage error of its own.) */
const char *ready_parse(const char *text, void *field);

/* Makes what is listened to; if it cannot be had, says so and ends with 125. */
void ready_begin_or_die(const struct cli_ready *how);

void ready_prepare(void);

/* For struct child_listener. */
struct pollfd ready_wish(void);

/* Takes what there is, without sleeping, of CMD, whose pid is cmd; true where it says for the
 * first time that it is ready.  Post that, and call again.
 * *text is then the line, if it was by one and is a value, or NULL. */
bool ready_hear(pid_t cmd, const char **text);

/* The next ready_hear() is the last, CMD has ended. */
void ready_last(void);

#endif
