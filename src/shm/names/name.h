/* SPDX-License-Identifier: ISC
 *
 * name.h - a name as the calls see it: its dead producers are reaped, and it is gone if it is idle
 *
 * All calls: under the lock.  Nothing here sleeps.
 */
#ifndef NAME_H
#define NAME_H

#include "shm/segment/session.h"

/* Begins a call about one name, for a short stay: checks the name, takes the lock, and looks the
 * name up.  *completion is 0 if there is no such name.  COMPL_OK: the caller holds the lock.  Any
 * other result, COMPL_E_BAD_NAME or one of segment_lock(): it does not. */
enum compl_result name_lock(struct session *s, struct compl_space *c, const char *name,
			    uint32_t *completion);

/* The completion of a name, or 0.  First reaps its producers, and drops it if it is idle: then
 * there is none. */
uint32_t name_look_up(struct session *s, const char *name);

/* hashtable_make(); if there is no room, drops all idle completions and tries again. */
enum compl_result name_make(struct session *s, const char *name, uint32_t *completion);

/* reinit_completion(): counter, status, value and statistics to zero. */
void name_reinit(struct session *s, uint32_t completion);

/* Removes the name, and ends its waits. */
void name_remove(struct session *s, uint32_t completion);

/* Marks the segment dead, and ends all waits. */
void name_remove_all(struct session *s);

#endif
