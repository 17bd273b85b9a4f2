/* SPDX-License-Identifier: ISC
 *
 * message.h - the one line on stderr
 *
 * "compl: wait: db-ready: timed out after 30s" says who, what and why.  Control bytes in the line
 * are escaped.  One system call writes it, so that lines of several processes do not mix.  A line
 * that cannot be written is dropped: it decides nothing.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stddef.h>

/* What is said of a pid that is not known to be of our pid namespace: here it may be the pid of
 * another process. */
#define MESSAGE_FOREIGN_PID "pid may be of another namespace"

/* From now on lines begin with "compl: COMMAND: ".  Before, they begin with "compl: ". */
void message_from(const char *command);

/* Writes one line.  format has no newline. */
__attribute__((format(printf, 1, 2))) void message_line(const char *format, ...);

/* Returns what a line quotes of a text that the line complains about: at most 64 bytes, with "..."
 * after them if that is not all.  The next call may overwrite it. */
const char *message_quote(const char *text);

/* From now on lines are not written but collected in text, which has size bytes and stays a string.
 * What does not fit is lost.  With NULL, lines are written again. */
void message_hold(char *text, size_t size);

/* For a mistake in the command line: writes the line, and a second one, which suggests nearest, if
 * that is not NULL, and says where to read on.  Ends with 125. */
__attribute__((format(printf, 2, 3))) _Noreturn void usage_or_die(const char *nearest,
								  const char *format, ...);

#endif
