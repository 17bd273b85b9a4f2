/* SPDX-License-Identifier: ISC */
#include "spelling.h"

#include <stdint.h>
#include <string.h>

#include "compl.h"

/* How many bytes at the start of text are letters, digits or one of marks.  (strspn() begins with
 * a table of all bytes, and that costs more than any name.) */
static size_t
span(const char *text, const char *marks)
{
	size_t n = 0;

	for (;; n++) {
		char c = text[n], letter = (char)(c | 0x20);

		if ((letter < 'a' || letter > 'z') && (c < '0' || c > '9') &&
		    (c == '\0' || strchr(marks, c) == NULL))
			return n;
	}
}

bool
spelling_is_name(const char *text)
{
	size_t n = span(text, "._:@%+/=-");

	return n >= 1 && n <= COMPL_NAME_MAX && text[n] == '\0' && text[0] != '-';
}

bool
spelling_is_space(const char *text)
{
	size_t n = span(text, "._-");

	return n >= 1 && n <= COMPL_SPACE_MAX && text[n] == '\0' && text[0] != '.';
}

bool
spelling_is_scope(const char *space)
{
	return strncmp(space, "scope.", 6) == 0;
}

/* Bytes that follow a leading byte; -1 if it cannot lead. */
static int
followers(unsigned char lead)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	return lead >= 0xf0 && lead <= 0xf4 ? 3 : -1;
}

/* The smallest code point that needs so many followers. */
static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };

bool
spelling_is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		int n = followers(*p);
		uint32_t point;

		if (n < 0)
			return false;
		point = *p++ & (0x7fu >> n);
		for (int i = 0; i < n; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			point = point << 6 | (*p & 0x3f);
		}
		if (point < smallest[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return false;
	}
	return true;
}
