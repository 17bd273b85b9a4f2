/* SPDX-License-Identifier: ISC
 *
 * signals.h - what signals do to compl
 *
 * By default they do what they always do: a terminating signal ends the process, and death is a
 * clean way out of a line.  Signals that are ignored at the start stay ignored.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* First of all.  SIGXFSZ is ignored, so that a limit on file sizes is an error.  As PID 1, where
 * the kernel drops default actions, what would end the process ends it with 128+n. */
void signals_begin(void);

/* Of the terminating signals only SIGKILL, or also the one called but, reaches the process (0:
 * none); nor does the terminal's stop. */
void signals_ignore_fatal(int but);

/* Every catchable signal whose default action ends a process, and SIGTSTP.  Remembers the mask,
 * for signals_restore(). */
const sigset_t *signals_hold(void);

/* At this moment. */
bool signals_is_ignored(int signal);

/* signal at its default action until signals_restore(). */
void signals_default(int signal);

/* Blocks these until signals_restore(). */
void signals_block(const sigset_t *set);

/* Ends the process by signal, whatever that would have done, and without a core file; returns
 * where that has no effect: as PID 1. */
void signals_die(int signal);

/* Does to the process what signal would have done to it at the start, blocked or not. */
void signals_raise(int signal);

/* Dispositions, and the mask if signals_hold() or signals_block() was called, as they were at the
 * start. */
void signals_restore(void);

#endif
