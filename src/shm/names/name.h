/* SPDX-License-Identifier: ISC
 *
 * name.h - a name as the calls see it: its dead producers are reaped, and it is gone if it is idle
 *
 * Locking: name_lock() takes the lock.  All other calls are made under it, and do not sleep.
 */
#ifndef NAME_H
#define NAME_H

#include "shm/segment/session.h"

/* Begins a brief call about one name (session_begin_brief()): checks the name, takes the lock, and
 * looks the name up.  *completion is 0 if there is no such name.  COMPL_OK: the caller holds the
 * lock.  COMPL_E_BAD_NAME, or a failure of session_begin_brief() or segment_lock(): it does not. */
enum compl_result name_lock(struct session *s, struct compl_space *c, const char *name,
			    uint32_t *completion);

/* Returns the completion of a name, or 0.  First reaps its producers, and drops the completion if
 * it is idle then (and returns 0). */
uint32_t name_reap_and_look_up(struct session *s, const char *name);

/* Makes a completion for a name that has none (hashtable_make()).  If there is no room, drops all
 * idle completions and tries again. */
enum compl_result name_make(struct session *s, const char *name, uint32_t *completion);

/* Sets counter, status, value and statistics to zero, like the kernel's reinit_completion(), gives
 * a new generation, and ends the waits that are bound to an older one.  permanent: also makes the
 * name permanent.  Drops the completion if it is idle then. */
void name_reinit(struct session *s, uint32_t completion, bool permanent);

/* Removes a name, and ends its waits. */
void name_remove(struct session *s, uint32_t completion);

/* Marks the segment dead, and ends all waits. */
void name_remove_all(struct session *s);

#endif
