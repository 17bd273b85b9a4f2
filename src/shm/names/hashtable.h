/* SPDX-License-Identifier: ISC
 *
 * hashtable.h - from names to completions
 *
 * A hash table of chains.  Taking a name out leaves nothing behind, so a
 * look-up costs the same after a million names have come and gone.
 * All calls: under the lock.
 */
#ifndef HASHTABLE_H
#define HASHTABLE_H

#include "shm/segment/session.h"

uint32_t hashtable_hash(const char *name);

/* Whether a record has this name; others may be writing it (test.c). */
bool hashtable_is_named(const struct completion *n, const char *name);

/* The completion of a name, or 0. */
uint32_t hashtable_find(struct session *s, const char *name);

/* Makes one for a name that has none: counter 0, nobody in line.
 * COMPL_E_FULL_NAMES, COMPL_E_FULL_DISK, COMPL_E_DAMAGED. */
enum compl_result hashtable_make(struct session *s, const char *name, uint32_t *index);

/* Makes all chains and the free list anew from the records; not in a transaction.  A
 * record that cannot be used, or has a name that another has, is free then. */
void hashtable_rebuild(struct session *s);

/* Puts into the transaction under way: off the directory. */
void hashtable_unlink(struct session *s, uint32_t index);

/* Puts into the transaction under way: an unlinked completion is free. */
void hashtable_free(struct session *s, uint32_t index);

#endif
