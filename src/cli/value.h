/* SPDX-License-Identifier: ISC
 *
 * value.h - the values that options take
 *
 * Each of these reads text into *field and returns NULL, or says what text is not, as the end
 * of a sentence: "is not ...".  No locale: '.' is the only decimal point.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <stdbool.h>

/* DUR: one or more of a decimal and us ms s m min h d; or a number of seconds; or infinity.
 * field is a struct cli_timeout, which keeps text. */
const char *value_timeout(const char *text, void *field);

/* 1 to 4294967294, into a uint32_t. */
const char *value_tokens(const char *text, void *field);

/* 0 to 255, into a uint8_t. */
const char *value_status(const char *text, void *field);

/* Up to COMPL_VALUE_MAX bytes of UTF-8; field is a const char *. */
const char *value_text(const char *text, void *field);

/* Anything; field is a const char *. */
const char *value_string(const char *text, void *field);

/* Reads a whole number from least to most, of digits alone.  False, unlike the others, if text is
 * none. */
bool value_number(long long *number, const char *text, long long least, long long most);

#endif
