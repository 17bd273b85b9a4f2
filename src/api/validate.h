/* SPDX-License-Identifier: ISC
 *
 * validate.h - what may be a value or a scope, and whether a name is repeated; compl.h has
 * compl_is_name() and compl_is_namespace()
 */
#ifndef API_VALIDATE_H
#define API_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether names[index] is also one of the names before it. */
bool validate_is_repeated(const char *const *names, size_t index);

/* The prefix of the namespaces that only compl_scope() makes. */
#define VALIDATE_SCOPE "scope."

/* Whether the name of a namespace has that prefix. */
bool validate_is_scope(const char *space);

/* Whether text may be a value: up to COMPL_VALUE_MAX bytes of UTF-8. */
bool validate_is_value(const char *text);

#endif
