/* SPDX-License-Identifier: ISC
 *
 * random.h - names that nobody can guess
 */
#ifndef API_RANDOM_H
#define API_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* Writes random bytes, at most 256, to text, as two hexadecimal digits each, and a NUL.  False with
 * errno if the kernel gives none. */
bool random_hex(char *text, size_t bytes);

#endif
