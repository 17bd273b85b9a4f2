/* SPDX-License-Identifier: ISC
 *
 * spelling.c - decides what may be the name of a completion or a namespace, and what is UTF-8
 */
#include "api/spelling.h"

#include <stdint.h>
#include <string.h>

#include "compl.h"

enum { IN_NAME = 1, IN_SPACE = 2 };

static const uint8_t allowed[256] = {
	['0' ... '9'] = IN_NAME | IN_SPACE,
	['A' ... 'Z'] = IN_NAME | IN_SPACE,
	['a' ... 'z'] = IN_NAME | IN_SPACE,
	['.'] = IN_NAME | IN_SPACE,
	['_'] = IN_NAME | IN_SPACE,
	['-'] = IN_NAME | IN_SPACE,
	[':'] = IN_NAME,
	['@'] = IN_NAME,
	['%'] = IN_NAME,
	['+'] = IN_NAME,
	['/'] = IN_NAME,
	['='] = IN_NAME,
};

/* How many bytes at the start of text are allowed in a name, or in that of a namespace. */
static size_t
span(const char *text, uint8_t where)
{
	size_t n = 0;

	while (allowed[(unsigned char)text[n]] & where)
		n++;
	return n;
}

bool
spelling_is_name(const char *text)
{
	size_t n = span(text, IN_NAME);

	return n >= 1 && n <= COMPL_NAME_MAX && text[n] == '\0' && text[0] != '-';
}

bool
spelling_is_space(const char *text)
{
	size_t n = span(text, IN_SPACE);

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
