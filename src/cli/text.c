/* SPDX-License-Identifier: ISC
 *
 * text.c - escapes what a terminal or a reader could stumble over
 *
 * No locale is asked: a name, a value and a command are the same bytes to every user of a
 * namespace.
 */
#include "cli/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "api/utf8.h"

static bool
is_control(const char *text, size_t length)
{
	uint8_t first = (uint8_t)text[0];

	if (length == 2)
		return first == 0xc2 && (uint8_t)text[1] < 0xa0;
	return length == 1 && (first < 0x20 || first == 0x7f);
}

/* Writes what is shown for the character at text, and returns how many bytes of text it takes. */
static size_t
escape_one(char shown[static 5], const char *text)
{
	size_t length = utf8_sequence(text);

	if (length != 0 && *text != '\\' && !is_control(text, length)) {
		memcpy(shown, text, length);
		shown[length] = '\0';
		return length;
	}
	if (*text == '\n')
		memcpy(shown, "\\n", 3);
	else if (*text == '\t')
		memcpy(shown, "\\t", 3);
	else if (*text == '\\')
		memcpy(shown, "\\\\", 3);
	else
		snprintf(shown, 5, "\\x%02x", (uint8_t)*text);
	return 1;
}

void
text_escape(char *copy, size_t size, const char *text)
{
	char shown[5];

	while (*text != '\0') {
		size_t length;

		text += escape_one(shown, text);
		length = strlen(shown);
		if (length >= size)
			break;
		memcpy(copy, shown, length);
		copy += length;
		size -= length;
	}
	*copy = '\0';
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((uint8_t)*text & 0xc0) != 0x80;
	return width;
}
