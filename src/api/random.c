/* SPDX-License-Identifier: ISC
 *
 * random.c - random hexadecimal digits
 */
#include "api/random.h"

#include <sys/random.h>

/* Reads the bytes into the second half of text.  The digits are written from the start of text on,
 * and never overwrite a byte that is not converted yet. */
bool
random_hex(char *text, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *raw = text + bytes;

	if (getrandom(raw, bytes, 0) != (ssize_t)bytes)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)raw[i];

		text[2 * i] = digits[byte >> 4];
		text[2 * i + 1] = digits[byte & 15];
	}
	text[2 * bytes] = '\0';
	return true;
}
