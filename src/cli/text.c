/* SPDX-License-Identifier: ISC
 *
 * text.c - UTF-8 and escapes
 *
 * No locale is asked: a name, a value and a command mean the same bytes to every
 * user of a namespace.
 */
#include "cli/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The lead bytes of each length, and the least code point that needs it. */
static const struct {
	uint8_t mask, lead;
	uint32_t least;
} shapes[] = {
	{ 0x80, 0x00, 0x1 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

static bool
is_code_point(uint32_t code)
{
	return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

size_t
text_sequence(const char *text)
{
	const uint8_t *byte = (const uint8_t *)text;
	size_t length = 0;
	uint32_t code;

	while ((byte[0] & shapes[length].mask) != shapes[length].lead)
		if (++length == sizeof(shapes) / sizeof(shapes[0]))
			return 0;
	code = byte[0] & (uint8_t)~shapes[length].mask;
	for (size_t i = 1; i <= length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	return code >= shapes[length].least && is_code_point(code) ? length + 1 : 0;
}

bool
text_is_utf8(const char *text)
{
	while (*text != '\0') {
		size_t length = text_sequence(text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

static bool
is_control(const char *text, size_t length)
{
	uint8_t first = (uint8_t)text[0];

	if (length == 2)
		return first == 0xc2 && (uint8_t)text[1] < 0xa0;
	return length == 1 && (first < 0x20 || first == 0x7f);
}

/* Writes what is shown for the character at text; returns how many bytes of text that was. */
static size_t
escape_one(char shown[static 5], const char *text)
{
	size_t length = text_sequence(text);

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
