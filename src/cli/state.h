/* SPDX-License-Identifier: ISC
 *
 * state.h - the state of a name in one word
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include "compl.h"

#define STATE_SIZE 24

/* Writes "pending", a number, "all", "ready", "failed", "lent" or, of a barrier, "2/5". */
void state_write(char text[static STATE_SIZE], const struct compl_entry *entry);

/* Whether the name has failed: it is at "all" with a status other than 0, or its last ready
 * producer has failed. */
bool state_is_failed(const struct compl_entry *entry);

#endif
