/* SPDX-License-Identifier: ISC
 *
 * value.c - reads durations, numbers and texts
 */
#include "cli/value.h"

#include <bsd/stdlib.h>
#include <stdint.h>
#include <string.h>

#include "api/clock.h"
#include "api/validate.h"
#include "cli/call.h"
#include "cli/signal_name.h"
#include "cli/status.h"
#include "compl.h"

#define DIGITS "0123456789"

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "sec", 1000000000 },
	{ "m", 60 * INT64_C(1000000000) },
	{ "min", 60 * INT64_C(1000000000) },
	{ "h", 3600 * INT64_C(1000000000) },
	{ "d", 86400 * INT64_C(1000000000) },
};

/* Returns the unit whose name is the first length bytes of name, in ns; 0 if there is none. */
static int64_t
unit_of(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
			return units[i].ns;
	return 0;
}

/* Adds the whole number at digits times unit to *sum. */
static bool
add_whole(int64_t *sum, const char *digits, size_t length, int64_t unit)
{
	int64_t number = 0;

	for (size_t i = 0; i < length; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digits[i] - '0', &number))
			return false;
	return !__builtin_mul_overflow(number, unit, &number) &&
	       !__builtin_add_overflow(*sum, number, sum);
}

/* Adds the digits after a decimal point, as parts of unit.  Drops parts below a nanosecond. */
static bool
add_fraction(int64_t *sum, const char *digits, size_t length, int64_t unit)
{
	int64_t part = 0;

	for (size_t i = 0; i < length; i++) {
		unit /= 10;
		part += unit * (digits[i] - '0');
	}
	return !__builtin_add_overflow(*sum, part, sum);
}

/* Adds one decimal with its unit to *sum.  Returns where they end, or NULL if text does not begin
 * with them.  is_first: this is the first part of the duration.  If it is also all of text, the
 * unit may be missing: then it is a second. */
static const char *
add_part(int64_t *sum, const char *text, bool is_first)
{
	const char *whole = text, *fraction, *name;
	size_t whole_length = strspn(whole, DIGITS), fraction_length = 0, name_length;
	int64_t unit;

	name = fraction = whole + whole_length;
	if (*fraction == '.') {
		fraction_length = strspn(++fraction, DIGITS);
		if (fraction_length == 0)
			return NULL;
		name = fraction + fraction_length;
	}
	if (whole_length + fraction_length == 0)
		return NULL;
	name_length = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	unit = is_first && *name == '\0' ? unit_of("s", 1) : unit_of(name, name_length);
	if (unit == 0 || !add_whole(sum, whole, whole_length, unit) ||
	    !add_fraction(sum, fraction, fraction_length, unit))
		return NULL;
	return name + name_length;
}

static bool
parse_duration(int64_t *ns, const char *text)
{
	const char *rest = text;

	*ns = 0;
	if (strcmp(text, "infinity") == 0) {
		*ns = COMPL_NEVER;
		return true;
	}
	do
		rest = add_part(ns, rest, rest == text);
	while (rest != NULL && *rest != '\0');
	return rest != NULL && *ns < COMPL_NEVER;
}

const char *
value_timeout(const char *text, void *field)
{
	struct cli_timeout *timeout = field;

	timeout->text = text;
	return parse_duration(&timeout->ns, text)
		       ? NULL
		       : "a duration, such as 30s, 1m30s, 250ms, 0.5 or infinity";
}

bool
value_is_unit(const char *text)
{
	return unit_of(text, strlen(text)) != 0;
}

bool
value_lacks_unit(const char *duration)
{
	return duration[strspn(duration, DIGITS ".")] == '\0';
}

const char *
value_pause(const char *text, void *field)
{
	struct cli_timeout *pause = field;

	if (value_timeout(text, field) != NULL || pause->ns < CLOCK_SECOND_NS / 100 ||
	    pause->ns > 3600 * CLOCK_SECOND_NS)
		return "a duration from 10ms to 1h";
	return NULL;
}

/* strtonum() alone would accept blanks and signs. */
bool
value_number(long long *number, const char *text, long long least, long long most)
{
	const char *error;

	if (*text == '\0' || text[strspn(text, DIGITS)] != '\0')
		return false;
	*number = strtonum(text, least, most, &error);
	return error == NULL;
}

const char *
value_tokens(const char *text, void *field)
{
	long long number;

	if (!value_number(&number, text, 1, COMPL_ALL - 1))
		return "a number from 1 to 4294967294";
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *
value_names(const char *text, void *field)
{
	long long number;

	if (!value_number(&number, text, 1, COMPL_NAMES_MAX))
		return "a number from 1 to 64";
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *
value_generation(const char *text, void *field)
{
	long long number;

	if (!value_number(&number, text, 1, (INT64_C(1) << 53) - 1))
		return "a generation, as 'compl reinit --print' prints it";
	*(uint64_t *)field = (uint64_t)number;
	return NULL;
}

const char *
value_parties(const char *text, void *field)
{
	long long number;

	if (!value_number(&number, text, 1, COMPL_PARTIES_MAX))
		return "a number from 1 to 65535";
	*(uint32_t *)field = (uint32_t)number;
	return NULL;
}

const char *
value_status(const char *text, void *field)
{
	long long number;

	if (!value_number(&number, text, 0, UINT8_MAX))
		return "a number from 0 to 255";
	*(uint8_t *)field = (uint8_t)number;
	return NULL;
}

const char *
value_status_or_signal(const char *text, void *field)
{
	int signal = signal_name_find(text);

	if (signal == 0 && *text != '\0' && value_status(text, field) != NULL)
		return "a number from 0 to 255, or the name of a signal";
	if (signal != 0)
		*(uint8_t *)field = (uint8_t)(STATUS_SIGNAL + signal);
	else if (*text == '\0')
		*(uint8_t *)field = 1;
	return NULL;
}

const char *
value_text(const char *text, void *field)
{
	if (!validate_is_value(text))
		return "a value: UTF-8, at most 255 bytes";
	return value_string(text, field);
}

const char *
value_string(const char *text, void *field)
{
	*(const char **)field = text;
	return NULL;
}
