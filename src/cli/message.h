/* SPDX-License-Identifier: ISC
 *
 * message.h - the one line on stderr
 *
 * "compl: wait: db-ready: timed out after 30s": who, what, why.  Control bytes in it are
 * escaped, and it is written by one write(2), so that lines of several processes do not mix.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

/* From now on lines begin with "compl: COMMAND: "; before, with "compl: ". */
void message_from(const char *command);

/* One line; format has no newline. */
__attribute__((format(printf, 1, 2))) void message_line(const char *format, ...);

/* A mistake in the command line: the line, a second one with the nearest word (which may be
 * NULL) and where to read on, and the end. */
__attribute__((format(printf, 2, 3))) _Noreturn void usage_or_die(const char *nearest,
								  const char *format, ...);

#endif
