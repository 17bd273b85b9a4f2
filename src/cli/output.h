/* SPDX-License-Identifier: ISC
 *
 * output.h - stdout
 *
 * One buffer collects what is written.  A failed write is remembered, and output_end_or_die()
 * reports it.  A closed pipe ends the process by SIGPIPE, unless that is ignored.  A full pipe is
 * waited for, even if it is non-blocking.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>

void output_bytes(const char *bytes, size_t length);
void output_text(const char *text);
void output_line(const char *text);
__attribute__((format(printf, 1, 2))) void output_format(const char *format, ...);

/* Writes out what is left.  If a write has failed, says so and ends with 125.  consequence, if not
 * NULL, ends the line: "the token stays taken". */
void output_end_or_die(const char *consequence);

#endif
