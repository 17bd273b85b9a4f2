/* SPDX-License-Identifier: ISC
 *
 * json.h - whether a line is JSON (RFC 8259)
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>

/* Whether the text is one value and a newline. */
bool json_is_line(const char *text);

#endif
