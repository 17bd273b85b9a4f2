/* SPDX-License-Identifier: ISC
 *
 * value.h - the values that options take
 *
 * Each of these, except those that return a bool, reads text into *field and returns NULL; or
 * returns what text is not, as the end of a sentence: "is not ...".  In every locale the decimal
 * point is '.'.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <stdbool.h>

/* DUR: one or more decimals, each with a unit, which is us, ms, s, sec, m, min, h or d; or a number
 * of seconds; or infinity.  field is a struct cli_timeout, whose text then points to text. */
const char *value_timeout(const char *text, void *field);

/* Whether text is a unit of a duration; and whether a duration is a bare number of seconds. */
bool value_is_unit(const char *text);
bool value_lacks_unit(const char *duration);

/* A DUR from 10ms to 1h; field is a struct cli_timeout. */
const char *value_pause(const char *text, void *field);

/* A number of names, 1 to 64; field is a uint32_t. */
const char *value_names(const char *text, void *field);

/* A number of tokens, 1 to 4294967294; field is a uint32_t. */
const char *value_tokens(const char *text, void *field);

/* A generation, 1 to 2^53 - 1; field is a uint64_t. */
const char *value_generation(const char *text, void *field);

/* How many make a round of a barrier, 1 to 65535; field is a uint32_t. */
const char *value_parties(const char *text, void *field);

/* A status, 0 to 255; field is a uint8_t. */
const char *value_status(const char *text, void *field);

/* The same, or the name of a signal, which is 128 and its number; or nothing, which is 1. */
const char *value_status_or_signal(const char *text, void *field);

/* The value of a completion: at most COMPL_VALUE_MAX bytes of UTF-8; field is a const char *. */
const char *value_text(const char *text, void *field);

/* Any string; field is a const char *. */
const char *value_string(const char *text, void *field);

/* Reads a whole number from least to most, written in digits alone.  Returns false if text is
 * something else. */
bool value_number(long long *number, const char *text, long long least, long long most);

#endif
