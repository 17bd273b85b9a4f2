/* SPDX-License-Identifier: ISC
 *
 * text.h - bytes that somebody else chose, made fit to be shown
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a character can change more than its own place on a terminal.  Control characters (C0,
 * DEL, C1) and bidirectional marks can. */
bool text_is_control(uint32_t code);

/* Copies text into at most size bytes, NUL included.  Such characters, and bytes that are not
 * UTF-8, become \n, \t, or \xNN for each byte, and a backslash is doubled.  What does not fit is
 * left out. */
void text_escape(char *copy, size_t size, const char *text);

/* Counts characters, not bytes. */
size_t text_width(const char *text);

/* Returns how many bytes of the text have that width at the most. */
size_t text_cut(const char *text, size_t width);

#endif
