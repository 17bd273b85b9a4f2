/* SPDX-License-Identifier: ISC
 *
 * signals.h - what signals do to compl
 *
 * By default they do what they always do: a terminating signal ends the process, and death is a
 * clean way out of a line.  Signals that were ignored at the start stay ignored.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Call it first of all.  Ignores SIGXFSZ, so that a limit on file sizes is an error.  As PID 1,
 * where the kernel drops default actions, a signal that would end the process now ends it with
 * 128+n. */
void signals_begin(void);

/* Ignores the stop signals of the terminal, and every terminating signal except SIGKILL and allowed
 * (0: no other). */
void signals_ignore_fatal(int allowed);

/* Returns every catchable signal whose default action ends a process, and SIGTSTP: for
 * compl_request.hold.  Remembers the mask, for signals_restore(). */
const sigset_t *signals_hold(void);

/* Whether signal was ignored at the start. */
bool signals_was_ignored(int signal);

/* Gives signal its default action until signals_restore().  Does nothing if its disposition was
 * changed before (signals_begin(), signals_ignore_fatal()). */
void signals_default(int signal);

/* Blocks these until signals_restore(). */
void signals_block(const sigset_t *set);

/* Ends the process by signal, whatever its disposition is, and without a core file.  Returns only
 * where that has no effect: as PID 1. */
void signals_die(int signal);

/* Does to the process what signal would have done to it at the start, even if signal is blocked. */
void signals_raise(int signal);

/* Sets the dispositions back to those of the start; and the mask, too, if signals_hold() or
 * signals_block() was called. */
void signals_restore(void);

#endif
