/* SPDX-License-Identifier: ISC
 *
 * output.h - stdout
 *
 * What is written is collected in one buffer.  A failure is remembered, and output_end_or_die()
 * reports it; a closed pipe ends the process by SIGPIPE, unless that is ignored.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>

void output_bytes(const char *bytes, size_t length);
void output_text(const char *text);
void output_line(const char *text);
__attribute__((format(printf, 1, 2))) void output_format(const char *format, ...);

/* Writes out what is left.  consequence, if not NULL, ends the line about a failure: "the token
 * stays taken". */
void output_end_or_die(const char *consequence);

#endif
