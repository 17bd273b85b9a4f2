/* SPDX-License-Identifier: ISC
 *
 * json.h - a listing as JSON, on stdout
 *
 * It is one object on one line, and always valid UTF-8: each byte that is not becomes U+FFFD.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stddef.h>

#include "compl.h"

void json_listing(const char *space, const struct compl_entry *const *entries, size_t count);

#endif
