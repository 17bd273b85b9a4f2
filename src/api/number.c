/* SPDX-License-Identifier: ISC
 *
 * number.c - writes a number
 *
 * Every short command writes numbers, and with printf() that would be most of its cost.
 */
#include "api/number.h"

#include <string.h>

char *
number_write(char *to, uint64_t number)
{
	char digits[NUMBER_SIZE - 1], *first = digits + sizeof(digits);
	size_t length;

	do
		*--first = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	length = (size_t)(digits + sizeof(digits) - first);
	memcpy(to, first, length);
	to[length] = '\0';
	return to + length;
}
