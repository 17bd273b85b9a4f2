/* SPDX-License-Identifier: ISC
 *
 * stdlib.h - the part of libbsd's <bsd/stdlib.h> that compl uses, where there is no libbsd
 */
#ifndef COMPL_COMPAT_BSD_STDLIB_H
#define COMPL_COMPAT_BSD_STDLIB_H

#include <stdlib.h>

/* Returns the decimal number in text, if that is all of text and min <= number <= max; *error is
 * then NULL.  Otherwise returns 0, and *error is "invalid" (with errno EINVAL), "too small" or "too
 * large" (ERANGE). */
long long strtonum(const char *text, long long min, long long max, const char **error);

#endif
