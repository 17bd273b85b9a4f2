/* SPDX-License-Identifier: ISC
 *
 * inherited.h - the descriptor that CMD inherits, by which CMD holds what it was started for
 *
 *	inherited_choose(avoid);		early: chooses its number
 *	inherited_put(fd);			moves the descriptor there
 *	child_start(&child, cmd, prepare);	prepare() calls inherited_give_or_die()
 *	inherited_close();			from now on CMD alone has it
 */
#ifndef CLI_INHERITED_H
#define CLI_INHERITED_H

#include <stdbool.h>

/* Chooses the number that the descriptor will have in CMD: 9, or the next lower one, at least 3,
 * that CMD does not inherit otherwise, and that is not `avoid`; if there is none, one above 9.  If
 * CMD would inherit the descriptor of an outer run at the number `avoid`, that one gets another
 * number first.
 * Reserves it.  Returns whether there is such a number; if not, errno says why.  Call it before any
 * descriptor is opened that stays open. */
bool inherited_choose(int avoid);

/* Moves a descriptor, which is close-on-exec and stays so, to the chosen number. */
void inherited_put(int fd);

/* In the child: lets CMD inherit the descriptor, if there is one, and tells it the number by
 * COMPL_HOLD.  If there is no memory for that, ends as exec_set_or_die() does. */
void inherited_give_or_die(void);

/* Closes the descriptor in this process, or frees the number that is reserved for it. */
void inherited_close(void);

#endif
