/* SPDX-License-Identifier: ISC
 *
 * random.h - names that nobody can guess
 */
#ifndef API_RANDOM_H
#define API_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* Writes so many random bytes at text, at most 256, as twice as many hexadecimal digits and a
 * NUL.  False with errno if the kernel gives none. */
bool random_hex(char *text, size_t bytes);

#endif
