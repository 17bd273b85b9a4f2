/* SPDX-License-Identifier: ISC
 *
 * values.c - fuzz target: durations, numbers, texts, names and patterns
 *
 * The first byte of an input says as what the rest is read.  The result of the parser is compared
 * with that of a second, simpler parser, written only for this.
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../segment-path.h"
#include "api/utf8.h"
#include "api/validate.h"
#include "cli/call.h"
#include "cli/nearest.h"
#include "cli/text.h"
#include "cli/value.h"
#include "compl.h"
#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- durations ---------------------------------------------------------------------------- */

/* Wide enough for 18 digits of the longest unit. */
typedef unsigned __int128 wide;

/* Of two units that begin alike, the longer one comes first. */
static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "us", 1000 },
	{ "min", UINT64_C(60000000000) },
	{ "ms", 1000000 },
	{ "m", UINT64_C(60000000000) },
	{ "s", 1000000000 },
	{ "h", UINT64_C(3600000000000) },
	{ "d", UINT64_C(86400000000000) },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Returns the number of digits; a number with more than 19 of them is too large anyway. */
static size_t
read_whole(const char *text, wide *value)
{
	size_t n;

	*value = 0;
	for (n = 0; is_digit(text[n]); n++)
		if (*value <= UINT64_MAX)
			*value = *value * 10 + (wide)(text[n] - '0');
	return n;
}

/* The fraction, in units of 10^-18. */
static size_t
read_fraction(const char *text, wide *value)
{
	size_t n, i;

	*value = 0;
	for (n = 0; is_digit(text[n]); n++)
		if (n < 18)
			*value = *value * 10 + (wide)(text[n] - '0');
	for (i = n; i < 18; i++)
		*value *= 10;
	return n;
}

/* Adds one decimal and its unit; returns where they end, or NULL. */
static const char *
read_part(const char *text, bool is_first, wide *ns)
{
	size_t n, more = 0, i;
	wide whole, fraction = 0;

	n = read_whole(text, &whole);
	text += n;
	if (*text == '.') {
		more = read_fraction(text + 1, &fraction);
		if (more == 0)
			return NULL;
		text += 1 + more;
	}
	if (n + more == 0)
		return NULL;
	for (i = 0; i < sizeof units / sizeof *units; i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(text, units[i].name, length) != 0 && !(is_first && !*text && i == 4))
			continue;
		*ns += whole * units[i].ns + fraction * units[i].ns / 1000000000000000000;
		return *text ? text + length : text;
	}
	return NULL;
}

static bool
read_duration(const char *text, wide *ns)
{
	const char *rest = text;

	*ns = 0;
	do {
		rest = read_part(rest, rest == text, ns);
		if (*ns > INT64_MAX)
			*ns = (wide)1 << 64; /* stays too large, and has room */
	} while (rest && *rest);
	return rest != NULL;
}

/* Each digit after the point may lose less than a nanosecond. */
#define LOSS 500

/* A pause is a duration from 10 milliseconds to an hour. */
static void
try_pause(const char *text, bool is_duration, int64_t ns)
{
	struct cli_timeout pause = { 0, NULL };
	bool is_pause = !value_pause(text, &pause);

	REQUIRE(is_pause == (is_duration && ns >= 10000000 && ns <= INT64_C(3600000000000)));
	REQUIRE(!is_pause || pause.ns == ns);
}

static void
try_duration(const char *text)
{
	struct cli_timeout timeout = { 0, NULL };
	const char *error = value_timeout(text, &timeout);
	struct cli_timeout again;
	char shown[64];
	wide ns;

	try_pause(text, error == NULL, timeout.ns);
	if (!strcmp(text, "infinity")) {
		REQUIRE(!error && timeout.ns == COMPL_NEVER);
		return;
	}
	if (!read_duration(text, &ns)) {
		REQUIRE(error);
		return;
	}
	if (error) {
		REQUIRE(ns >= INT64_MAX - LOSS);
		return;
	}
	REQUIRE(timeout.text == text && timeout.ns >= 0 && timeout.ns < COMPL_NEVER);
	REQUIRE((wide)timeout.ns <= ns && ns - (wide)timeout.ns <= LOSS);
	snprintf(shown, sizeof shown, "%" PRId64 ".%03dus", timeout.ns / 1000,
		 (int)(timeout.ns % 1000));
	REQUIRE(!value_timeout(shown, &again) && again.ns == timeout.ns);
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool
read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	wide value;
	size_t n = read_whole(text, &value);

	*number = (uint64_t)value;
	return n > 0 && !text[n] && value >= least && value <= most;
}

/* The signals whose numbers are the same on all machines, and the bounds of the real-time ones. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", 1 },	 { "INT", 2 },	  { "QUIT", 3 },      { "ILL", 4 },
	{ "TRAP", 5 },	 { "ABRT", 6 },	  { "FPE", 8 },	      { "KILL", 9 },
	{ "SEGV", 11 },	 { "PIPE", 13 },  { "ALRM", 14 },     { "TERM", 15 },
	{ "RTMIN", 34 }, { "RTMAX", 64 }, { "RTMIN+30", 64 }, { "RTMAX-30", 34 },
};

/* A word of digits is a status, an empty one is 1, and any other is the name of a signal, with or
 * without SIG before it. */
static void
try_status(const char *text, bool is_number, uint8_t number)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint8_t status = 0;
	bool is_one = !value_status_or_signal(text, &status);

	if (is_number || *text == '\0') {
		REQUIRE(is_one && status == (*text == '\0' ? 1 : number));
		return;
	}
	REQUIRE(!is_one || (status > 128 && status <= 128 + 64));
	REQUIRE(!is_one || (*name >= 'A' && *name <= 'Z' && strlen(name) <= strlen("RTMIN+30")));
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		REQUIRE(strcmp(name, signals[i].name) != 0 ||
			(is_one && status == 128 + signals[i].number));
}

static void
try_numbers(const char *text)
{
	uint64_t expected, generation = 0;
	uint32_t count = 0;
	uint8_t status = 0;
	bool is_one;

	is_one = read_number(text, 1, COMPL_ALL - 1, &expected);
	REQUIRE(is_one == !value_tokens(text, &count));
	REQUIRE(!is_one || count == expected);
	is_one = read_number(text, 0, 255, &expected);
	REQUIRE(is_one == !value_status(text, &status));
	REQUIRE(!is_one || status == expected);
	try_status(text, is_one, status);
	is_one = read_number(text, 1, COMPL_NAMES_MAX, &expected);
	REQUIRE(is_one == !value_names(text, &count));
	REQUIRE(!is_one || count == expected);
	is_one = read_number(text, 1, COMPL_PARTIES_MAX, &expected);
	REQUIRE(is_one == !value_parties(text, &count));
	REQUIRE(!is_one || count == expected);
	is_one = read_number(text, 1, (UINT64_C(1) << 53) - 1, &expected);
	REQUIRE(is_one == !value_generation(text, &generation));
	REQUIRE(!is_one || generation == expected);
}

/* ---- texts ---------------------------------------------------------------------------------- */

/* The well-formed sequences as the table of the Unicode Standard has them: bounds of the first and
 * the second byte, and how many bytes follow. */
static const struct {
	uint8_t first, last, from, to, more;
} sequences[] = {
	{ 0x01, 0x7f, 0, 0, 0 },       { 0xc2, 0xdf, 0x80, 0xbf, 1 }, { 0xe0, 0xe0, 0xa0, 0xbf, 2 },
	{ 0xe1, 0xec, 0x80, 0xbf, 2 }, { 0xed, 0xed, 0x80, 0x9f, 2 }, { 0xee, 0xef, 0x80, 0xbf, 2 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 3 }, { 0xf1, 0xf3, 0x80, 0xbf, 3 }, { 0xf4, 0xf4, 0x80, 0x8f, 3 },
};

/* The length of the sequence that a text begins with, or 0. */
static size_t
read_sequence(const char *text)
{
	const uint8_t *b = (const uint8_t *)text;
	size_t i, k;

	for (i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		if (b[0] < sequences[i].first || b[0] > sequences[i].last)
			continue;
		if (sequences[i].more && (b[1] < sequences[i].from || b[1] > sequences[i].to))
			return 0;
		for (k = 2; k <= sequences[i].more; k++)
			if (b[k] < 0x80 || b[k] > 0xbf)
				return 0;
		return sequences[i].more + 1u;
	}
	return 0;
}

static bool
is_utf8(const char *text)
{
	size_t n;

	for (; *text; text += n) {
		n = read_sequence(text);
		if (!n)
			return false;
	}
	return true;
}

static void
try_text(const char *text)
{
	bool is_one = is_utf8(text);
	const char *value = NULL;

	REQUIRE(utf8_sequence(text) == read_sequence(text));
	REQUIRE(utf8_is_valid(text) == is_one);
	is_one = is_one && strlen(text) <= COMPL_VALUE_MAX;
	REQUIRE(validate_is_value(text) == is_one);
	REQUIRE(is_one == !value_text(text, &value));
	REQUIRE(!is_one || value == text);
}

/* ---- what is shown --------------------------------------------------------------------------- */

static char
unescape_one(const char **shown)
{
	static const char digits[] = "0123456789abcdef";
	const char *s = *shown;

	*shown += 1;
	if (*s != '\\')
		return *s;
	*shown += 1;
	if (s[1] == 'n')
		return '\n';
	if (s[1] == 't')
		return '\t';
	if (s[1] == '\\')
		return '\\';
	REQUIRE(s[1] == 'x' && s[2] && s[3] && strchr(digits, s[2]) && strchr(digits, s[3]));
	*shown += 2;
	return (char)((strchr(digits, s[2]) - digits) * 16 + (strchr(digits, s[3]) - digits));
}

/* The shown text has nothing that a terminal would obey, and the original can be derived from
 * it. */
static void
check_shown(const char *shown, const char *text)
{
	const char *s;

	REQUIRE(is_utf8(shown));
	REQUIRE(!strstr(shown, "\u202e")); /* writes from right to left */
	for (s = shown; *s; s++) {
		REQUIRE((uint8_t)*s >= 0x20 && *s != 0x7f);
		REQUIRE(s == shown || (uint8_t)s[-1] != 0xc2 || (uint8_t)*s >= 0xa0);
	}
	for (s = shown; *s; text++)
		REQUIRE(unescape_one(&s) == *text);
}

static void
try_escape(const char *text)
{
	size_t room = (uint8_t)*text % 64 + 1u, all = strlen(text) * 4 + 1;
	char *shown = malloc(all), *cut = malloc(room);

	if (shown && cut) {
		text_escape(shown, all, text);
		check_shown(shown, text);
		text_escape(cut, room, text);
		REQUIRE(strlen(cut) < room && !strncmp(cut, shown, strlen(cut)));
		check_shown(cut, text);
		REQUIRE(strlen(shown) >= room || !strcmp(cut, shown));
		REQUIRE(text_width(shown) <= strlen(shown));
	}
	free(shown);
	free(cut);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool
is_spelt(const char *text, size_t most, const char *marks, char never_first)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= 'A' && text[i] <= 'Z') &&
		    !is_digit(text[i]) && !strchr(marks, text[i]))
			return false;
	return i >= 1 && i <= most && *text != never_first;
}

static void
try_names(const char *text)
{
	const struct compl_where where = { .space = text, .uid = 7 };
	bool is_space = is_spelt(text, 64, "._-", '.');
	char path[SEGMENT_PATH_MAX] = "", expected[SEGMENT_PATH_MAX];

	REQUIRE(compl_is_name(text) == is_spelt(text, 127, "._:@%+/=-", '-'));
	REQUIRE(compl_is_namespace(text) == is_space);
	REQUIRE(segment_path(path, sizeof path, &where) == is_space);
	snprintf(expected, sizeof expected, "/dev/shm/compl.7.%s", text);
	REQUIRE(!is_space || !strcmp(path, expected));
}

/* ---- patterns, and words that are near others ------------------------------------------------ */

/* The input is a pattern, a newline, and a name. */
static void
try_pattern(char *text)
{
	static const char *const names[] = { "a", "db-ready",
					     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	char *name = strchr(text, '\n');
	size_t i;
	int rc;

	if (name)
		*name++ = '\0';
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		rc = fnmatch(text, names[i], 0);
		REQUIRE(rc != 0 || *text);
	}
	if (!name || strlen(name) > COMPL_NAME_MAX)
		return;
	rc = fnmatch(text, name, 0);
	if (!text[strcspn(text, "*?[\\")])
		REQUIRE((rc == 0) == !strcmp(text, name));
}

static void
try_nearest(char *text)
{
	char *other = strchr(text, '\n');
	struct nearest nearest;

	if (other)
		*other++ = '\0';
	nearest = nearest_to(text);
	nearest_offer(&nearest, "namespace");
	nearest_offer(&nearest, "wait");
	nearest_offer(&nearest, other ? other : "timeout");
	REQUIRE(!nearest.best || *text);
	if (other && strlen(text) > 1 && !strcmp(text, other))
		REQUIRE(nearest.best);
}

/* ---- */

static void
try_as(uint8_t kind, char *text)
{
	switch (kind % 7) {
	case 0:
		try_duration(text);
		break;
	case 1:
		try_numbers(text);
		break;
	case 2:
		try_text(text);
		break;
	case 3:
		try_escape(text);
		break;
	case 4:
		try_names(text);
		break;
	case 5:
		try_pattern(text);
		break;
	default:
		try_nearest(text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size); /* of exactly this size, so that a read of one byte too many is seen */
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	try_as(*data, text);
	free(text);
	return 0;
}
