/* SPDX-License-Identifier: ISC
 *
 * hashtable.h - the hash table from names to completions
 *
 * The completions of a bucket are on one chain.  A name that is removed leaves no trace in the
 * table, so a look-up costs the same after a million names have come and gone.
 *
 * Locking: all calls are made under the lock, except hashtable_hash() and hashtable_is_named().
 */
#ifndef HASHTABLE_H
#define HASHTABLE_H

#include "shm/segment/session.h"

uint32_t hashtable_hash(const char *name);

/* Whether a record has this name.  Others may write the record at the same time (test.c). */
bool hashtable_is_named(const struct completion *n, const char *name);

/* Returns the completion of a name, or 0. */
uint32_t hashtable_find(struct session *s, const char *name);

/* Makes a completion for a name that has none.  Its counter is 0, and nobody is in line.  Commits.
 * Fails with COMPL_E_FULL_NAMES, COMPL_E_FULL_DISK, COMPL_E_SYSTEM or COMPL_E_DAMAGED. */
enum compl_result hashtable_make(struct session *s, const char *name, uint32_t *index);

/* Makes all chains and the free list anew from the records, without a transaction.  Frees each
 * record that cannot be used, or that has the name of an earlier record. */
void hashtable_rebuild(struct session *s);

/* Puts into the transaction under way: a completion is no longer in the hash table. */
void hashtable_log_unlink(struct session *s, uint32_t index);

/* Puts into the transaction under way: an unlinked completion is free. */
void hashtable_log_free(struct session *s, uint32_t index);

#endif
