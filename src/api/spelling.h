/* SPDX-License-Identifier: ISC
 *
 * spelling.h - what may be a name, and what is UTF-8
 */
#ifndef SPELLING_H
#define SPELLING_H

#include <stdbool.h>

/* 1 to 127 bytes of A-Z a-z 0-9 . _ : @ % + / = - and no leading '-'. */
bool spelling_is_name(const char *text);

/* 1 to 64 bytes of A-Z a-z 0-9 . _ - and no leading '.'. */
bool spelling_is_space(const char *text);

/* A namespace that only its scope makes: it begins with "scope.". */
bool spelling_is_scope(const char *space);

/* Well-formed: no surrogates, no overlong forms, nothing beyond U+10FFFF. */
bool spelling_is_utf8(const char *text);

#endif
