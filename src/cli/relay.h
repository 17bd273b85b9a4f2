/* SPDX-License-Identifier: ISC
 *
 * relay.h - signals that are passed on to CMD
 *
 * TERM, INT, HUP, QUIT, USR1, USR2, CONT and the terminal's stop, unless they are ignored at the
 * start.  CMD does not get again what has reached it already.
 */
#ifndef CLI_RELAY_H
#define CLI_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns the descriptor that can be read when there is something for relay_next(). */
int relay_open_or_die(void);

/* From now on these signals, and SIGCHLD, wait there and have no other effect. */
void relay_begin(void);

/* Takes the next, and passes it on to child if it is for it; the signal, or 0 if there is none. */
int relay_next(pid_t child);

/* Around a call of the library: if it takes longer than a second, because the owner of the
 * namespace's lock is stopped, terminating signals end this process, as they would have without
 * a child. */
void relay_be_patient(void);
void relay_go_on(void);

/* child has been stopped.  Where somebody would want this process to stop, too, it does, and
 * true is returned when it has been continued: so is child to be, unless it is already. */
bool relay_stop(void);

#endif
