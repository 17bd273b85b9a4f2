/* SPDX-License-Identifier: ISC
 *
 * lending.h - CMD as a child that holds borrowed tokens
 *
 *	lending_begin_or_die();		before the namespace is opened
 *	...				a wait with `loan` in its request
 *	return lending_run(c, &loan, cmd);
 */
#ifndef CLI_LENDING_H
#define CLI_LENDING_H

#include "compl.h"

/* Does what can fail, before anything is taken: says so and ends with 125. */
void lending_begin_or_die(void);

/* Runs cmd as a child that inherits loan->hold, if the loan has one.  Gives the tokens back when
 * cmd has ended, or cannot be run.  Ends as cmd has ended: returns its exit status, or dies by the
 * same signal. */
int lending_run(struct compl_space *c, struct compl_loan *loan, char **cmd);

#endif
