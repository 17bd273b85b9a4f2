/* SPDX-License-Identifier: ISC
 *
 * stderr.h - standard error, which nothing waits for
 */
#ifndef CLI_STDERR_H
#define CLI_STDERR_H

#include <stddef.h>

/* Writes the text to standard error.  Drops what cannot be written within 100 ms, and what cannot
 * be written at all: a broken pipe ends nothing.  Changes neither errno, nor the flags of standard
 * error, which other processes share, nor a disposition. */
void stderr_write(const char *text, size_t length);

#endif
