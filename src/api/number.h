/* SPDX-License-Identifier: ISC
 *
 * number.h - whole numbers as text
 */
#ifndef API_NUMBER_H
#define API_NUMBER_H

#include <stdint.h>

#define NUMBER_SIZE 21 /* bytes of the longest number, with its NUL */

/* Writes number to `to`, in decimal, with a NUL.  Returns the address of the NUL. */
char *number_write(char *to, uint64_t number);

#endif
