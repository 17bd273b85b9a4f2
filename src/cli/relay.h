/* SPDX-License-Identifier: ISC
 *
 * relay.h - signals that are passed on to CMD
 *
 * They are all signals but CHLD, KILL, STOP and those that a C library may keep to itself (32 to
 * 34), unless they were ignored at the start.  A real-time signal is passed on each time.  A value
 * is passed on, too.  Two kinds are not: a signal that has reached CMD already, as far as that can
 * be told, and a signal that the kernel sends this process for what it did itself.
 */
#ifndef CLI_RELAY_H
#define CLI_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns the descriptor that is readable when there is a signal for relay_next(); or -1, after a
 * line. */
int relay_open(void);

/* From now on these signals, and SIGCHLD, are pending until relay_next() takes them, and have no
 * other effect. */
void relay_begin(void);

/* Takes the next signal, and passes it on to child unless it has reached child already.  Returns
 * the signal, or 0 if there is none. */
int relay_next(pid_t child);

/* The descriptor of relay_open(). */
int relay_descriptor(void);

/* For the time after CMD's end: takes all signals that have come, and passes none on.  Returns
 * whether one of them would have ended this process.  Stops if the terminal says so. */
bool relay_take_rest(void);

/* Call relay_limit_call() before a call of the library, and relay_end_limit() after it.  If the
 * call takes longer than a second, because the owner of the namespace's lock is stopped,
 * terminating signals end this process, as they would without a child. */
void relay_limit_call(void);
void relay_end_limit(void);

/* Call it when child has been stopped by signal.  Where somebody expects this process to stop, too,
 * stops it, and returns true when it has been continued: then child must be continued, unless it is
 * already.  Otherwise returns false. */
bool relay_stop(int signal);

#endif
