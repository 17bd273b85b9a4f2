/* SPDX-License-Identifier: ISC
 *
 * background.h - goes on in the background once all is well
 *
 *	background_begin_or_die(print, avoid);	forks; only the child returns
 *	...					what may fail, with a status and a line as always
 *	background_let_go();			the process that the user has started ends, with 0
 */
#ifndef CLI_BACKGROUND_H
#define CLI_BACKGROUND_H

#include <stdbool.h>

/* Returns in a child, in a session of its own.  Its standard input is /dev/null, and its standard
 * output goes where standard error goes; all else stays.  The process that was started waits: until
 * background_let_go(), and then ends with 0; or until the child ends, and then ends as the child
 * does.  If it is killed meanwhile, the child gets SIGTERM.  print: before it ends with 0, it
 * prints the pid of the child.  avoid: a number that must stay free in the child, or -1. */
void background_begin_or_die(bool print, int avoid);

/* Lets the process that was started end.  If it has been killed before, this process gets
 * SIGTERM. */
void background_let_go(void);

#endif
