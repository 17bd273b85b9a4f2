/* SPDX-License-Identifier: ISC
 *
 * validate.c - the bytes of names, of namespaces and of values
 */
#include "api/validate.h"

#include <stdint.h>
#include <string.h>

#include "api/utf8.h"
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
compl_is_name(const char *text)
{
	size_t n = span(text, IN_NAME);

	return n >= 1 && n <= COMPL_NAME_MAX && text[n] == '\0' && text[0] != '-';
}

bool
validate_is_repeated(const char *const *names, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(names[i], names[index]) == 0)
			return true;
	return false;
}

bool
compl_is_namespace(const char *text)
{
	size_t n = span(text, IN_SPACE);

	return n >= 1 && n <= COMPL_SPACE_MAX && text[n] == '\0' && text[0] != '.';
}

bool
validate_is_scope(const char *space)
{
	return strncmp(space, VALIDATE_SCOPE, sizeof(VALIDATE_SCOPE) - 1) == 0;
}

bool
validate_is_value(const char *text)
{
	return strnlen(text, COMPL_VALUE_MAX + 1) <= COMPL_VALUE_MAX && utf8_is_valid(text);
}
