/* SPDX-License-Identifier: ISC
 *
 * utf8.c - reads UTF-8, one sequence at a time
 */
#include "api/utf8.h"

#include <stdint.h>

/* For sequences of one to four bytes: the bits that mark their first byte, and the least code point
 * that needs so many bytes. */
static const struct {
	uint8_t mask, first;
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
utf8_decode(const char *text, uint32_t *decoded)
{
	const uint8_t *byte = (const uint8_t *)text;
	size_t length = 0;
	uint32_t code;

	while ((byte[0] & shapes[length].mask) != shapes[length].first)
		if (++length == sizeof(shapes) / sizeof(shapes[0]))
			return 0;
	code = byte[0] & (uint8_t)~shapes[length].mask;
	for (size_t i = 1; i <= length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	if (code < shapes[length].least || !is_code_point(code))
		return 0;
	*decoded = code;
	return length + 1;
}

size_t
utf8_sequence(const char *text)
{
	uint32_t code;

	return utf8_decode(text, &code);
}

bool
utf8_is_valid(const char *text)
{
	while (*text != '\0') {
		size_t length = utf8_sequence(text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}
