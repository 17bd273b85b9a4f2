/* SPDX-License-Identifier: ISC
 *
 * ready_line.h - a line on a descriptor says that CMD is ready
 *
 * This is the convention of s6 (notification-fd): what CMD writes before the first newline is the
 * message, and CMD may close the descriptor after it.
 */
#ifndef CLI_READY_LINE_H
#define CLI_READY_LINE_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* Makes a pipe whose other end is to be CMD's descriptor number.  Ends with a usage error if that
 * is open, because CMD may be meant to inherit it. */
void ready_line_begin_or_die(int number);

/* In the child: gives CMD the descriptor. */
void ready_line_give(int number);

/* For struct child_listener. */
struct pollfd ready_line_wish(void);

/* Reads what there is.  Returns true when a line has ended.  *text is then the line, until the next
 * call; or NULL if it cannot be a value, which a message on stderr says of the first line.  cmd is
 * CMD's pid, or 0 if it has ended.  If CMD has closed the descriptor without a line, and goes on, a
 * message says so. */
bool ready_line_hear(pid_t cmd, const char **text);

#endif
