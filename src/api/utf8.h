/* SPDX-License-Identifier: ISC
 *
 * utf8.h - what is well-formed UTF-8
 *
 * Well-formed text has no surrogates, no overlong forms, and no code points beyond U+10FFFF.  The
 * locale does not matter.
 */
#ifndef API_UTF8_H
#define API_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns how many bytes the sequence at text has, 1 to 4; or 0 if it is malformed, or text is at
 * its end. */
size_t utf8_sequence(const char *text);

/* Does the same, and sets *code to the code point if there is one. */
size_t utf8_decode(const char *text, uint32_t *code);

/* Whether text consists of such sequences; an empty text does. */
bool utf8_is_valid(const char *text);

#endif
