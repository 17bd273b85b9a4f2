/* SPDX-License-Identifier: ISC
 *
 * json.c - reads a line as JSON
 */
#include "json.h"

#include <string.h>

#define JSON_DEPTH 16

static const char *json_value(const char *p, int depth);

/* Each of these functions returns where its value ends, or NULL if there is no such value. */

static const char *
json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u' && strspn(p + 1, "0123456789abcdefABCDEF") >= 4)
			p += 4;
		else if (!*p || !strchr("\"\\/bfnrt", *p))
			return NULL;
	}
	return p + 1;
}

static const char *
json_number(const char *p)
{
	size_t n;

	p += *p == '-';
	n = strspn(p, "0123456789");
	if (n == 0 || (n > 1 && *p == '0'))
		return NULL;
	p += n;
	if (*p != '.')
		return p;
	n = strspn(++p, "0123456789");
	return n ? p + n : NULL;
}

static const char *
json_member(const char *p, int depth)
{
	p = json_string(p);
	return p && *p == ':' ? json_value(p + 1, depth) : NULL;
}

/* Reads members or elements up to the closing bracket. */
static const char *
json_list(const char *p, char closing, int depth)
{
	if (*p == closing)
		return p + 1;
	for (;; p++) {
		p = closing == '}' ? json_member(p, depth) : json_value(p, depth);
		if (!p || (*p != ',' && *p != closing))
			return NULL;
		if (*p == closing)
			return p + 1;
	}
}

static const char *
json_value(const char *p, int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	if (depth == JSON_DEPTH)
		return NULL;
	if (*p == '"')
		return json_string(p);
	if (*p == '{' || *p == '[')
		return json_list(p + 1, *p == '{' ? '}' : ']', depth + 1);
	for (i = 0; i < 3; i++)
		if (!strncmp(p, words[i], strlen(words[i])))
			return p + strlen(words[i]);
	return json_number(p);
}

bool
json_is_line(const char *text)
{
	const char *end = json_value(text, 0);

	return end && !strcmp(end, "\n");
}
