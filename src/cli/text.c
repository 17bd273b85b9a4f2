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
is_between(uint32_t code, uint32_t first, uint32_t last)
{
	return code >= first && code <= last;
}

/* Bidirectional marks make a terminal show the characters of a line in another order: U+061C and
 * those of U+2000 to U+206F.  Line separators and other format controls stand among these. */
bool
text_is_control(uint32_t code)
{
	return code < 0x20 || is_between(code, 0x7f, 0x9f) || code == 0x61c ||
	       is_between(code, 0x200e, 0x200f) || is_between(code, 0x2028, 0x202e) ||
	       is_between(code, 0x2066, 0x206f);
}

/* Writes what is shown for the character at text, and returns how many bytes of text it takes. */
static size_t
escape_one(char shown[static 5], const char *text)
{
	uint32_t code;
	size_t length = utf8_decode(text, &code);

	if (length != 0 && *text != '\\' && !text_is_control(code)) {
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
text_cut(const char *text, size_t width)
{
	size_t length = 0, seen = 0;

	for (; text[length] != '\0'; length++) {
		seen += ((uint8_t)text[length] & 0xc0) != 0x80;
		if (seen > width)
			break;
	}
	return length;
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((uint8_t)*text & 0xc0) != 0x80;
	return width;
}
