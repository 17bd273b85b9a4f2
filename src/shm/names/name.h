/* SPDX-License-Identifier: ISC
 *
 * name.h - a name as the calls see it: with its dead producers told of, and gone if it is idle
 *
 * All calls: under the lock.  Nothing here sleeps.
 */
#ifndef NAME_H
#define NAME_H

#include "shm/segment/session.h"

/* The completion of a name, or 0.  Tells of dead producers first; drops an idle completion,
 * which is not there then. */
uint32_t name_look_up(struct session *s, const char *name);

/* directory_make(), after a sweep of all that is idle if there is no room. */
enum compl_result name_make(struct session *s, const char *name, uint32_t *completion);

/* reinit_completion(): counter, status, value and statistics to zero. */
void name_reinit(struct session *s, uint32_t completion);

/* Removes the name and sends its waiters away. */
void name_remove(struct session *s, uint32_t completion);

/* Marks the segment dead and sends everybody away. */
void name_remove_all(struct session *s);

#endif
