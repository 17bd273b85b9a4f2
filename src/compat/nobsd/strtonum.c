/* SPDX-License-Identifier: ISC
 *
 * strtonum.c - strtonum(3) for a libc that lacks it, where there is no libbsd
 *
 * Only the command has it.  The library does not use it, and so does not give a program that links
 * the library a symbol of that name.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <stddef.h>

static long long
refuse(const char **error, const char *why, int number)
{
	if (error)
		*error = why;
	errno = number;
	return 0;
}

long long
strtonum(const char *text, long long min, long long max, const char **error)
{
	int saved = errno;
	char *end;
	long long number;

	if (min > max)
		return refuse(error, "invalid", EINVAL);
	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || *end)
		return refuse(error, "invalid", EINVAL);
	if (number < min || (errno == ERANGE && number < 0))
		return refuse(error, "too small", ERANGE);
	if (number > max || errno == ERANGE)
		return refuse(error, "too large", ERANGE);
	errno = saved;
	if (error)
		*error = NULL;
	return number;
}
