/* SPDX-License-Identifier: ISC
 *
 * text.h - bytes that somebody else chose, made fit to be shown
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>

/* Copies text into at most size bytes, NUL included.  Control characters (C0, DEL, C1) and
 * bytes that are not UTF-8 become \n, \t or \xNN, and a backslash is doubled.  What does not fit is
 * left out. */
void text_escape(char *copy, size_t size, const char *text);

/* Counts characters, not bytes. */
size_t text_width(const char *text);

#endif
