/* SPDX-License-Identifier: ISC
 *
 * fingerprint.h - whether two listings say the same, apart from their times
 */
#ifndef CLI_FINGERPRINT_H
#define CLI_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "compl.h"

/* Returns a number that is the same for listings that say the same, and most likely another one for
 * others. */
uint64_t fingerprint_of(const struct compl_entry *const *entries, size_t count);

#endif
