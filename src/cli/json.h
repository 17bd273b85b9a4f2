/* SPDX-License-Identifier: ISC
 *
 * json.h - JSON, on stdout
 *
 * Each object is on one line, and always valid UTF-8: each byte that is not becomes U+FFFD.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "compl.h"

/* Writes a string, in quotes; NULL is null. */
void json_string(const char *text);

/* Writes seconds to the microsecond: at least one digit after the point, and then no zeros at the
 * end. */
void json_seconds(double seconds);

const char *json_boolean(bool value);

/* Writes a listing.  Call wait_names_collect() and below_collect() before. */
void json_listing(const char *space, const struct compl_entry *const *entries, size_t count);

#endif
