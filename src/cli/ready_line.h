/* SPDX-License-Identifier: ISC
 *
 * ready_line.h - a line on a descriptor says that CMD is ready
 *
 * The convention of s6 (notification-fd): what is written before the first newline is the
 * message, and CMD may close the descriptor then.
 */
#ifndef CLI_READY_LINE_H
#define CLI_READY_LINE_H

#include <poll.h>
#include <stdbool.h>

/* Makes a pipe whose other end is to be descriptor number of CMD.  Refused if that is open: it
 * may be something that CMD was to inherit. */
void ready_line_begin_or_die(int number);

/* In the child. */
void ready_line_give(int number);

struct pollfd ready_line_wish(void);

/* Takes what there is; true if the line has ended.  *text is the line, or NULL, with a word on
 * stderr, if it cannot be a value. */
bool ready_line_hear(const char **text);

#endif
