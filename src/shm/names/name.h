/* SPDX-License-Identifier: ISC
 *
 * name.h - a name as the calls see it: its dead producers are reaped, and it is gone if it is idle
 *
 * All calls: under the lock.  Nothing here sleeps.
 */
#ifndef NAME_H
#define NAME_H

#include "shm/segment/session.h"

/* The completion of a name, or 0.  First reaps its producers, and drops it if it is idle: then
 * there is none. */
uint32_t name_look_up(struct session *s, const char *name);

/* directory_make(); if there is no room, drops all idle completions and tries again. */
enum compl_result name_make(struct session *s, const char *name, uint32_t *completion);

/* reinit_completion(): counter, status, value and statistics to zero. */
void name_reinit(struct session *s, uint32_t completion);

/* Removes the name, and ends its waits. */
void name_remove(struct session *s, uint32_t completion);

/* Marks the segment dead, and ends all waits. */
void name_remove_all(struct session *s);

#endif
