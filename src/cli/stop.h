/* SPDX-License-Identifier: ISC
 *
 * stop.h - the signals that interrupt a wait: the terminal's stop, or those that end the process
 *
 * A stopped waiter must not hold up those after it in line.  So SIGTSTP makes the wait leave its
 * lines and end with COMPL_INTERRUPTED, and the process stops.  When it is continued, it waits
 * again, at the ends of these lines and with the old deadline.
 *
 * A participant of a barrier holds up nobody, and keeps its place when it is stopped.  But the
 * default action of a terminating signal would end it although its round is complete already, and
 * that would be one too few.  So such a signal interrupts the wait first.  If the participant has
 * left, the signal ends the process; otherwise the participant passes.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <signal.h>

#include "compl.h"

/* Returns what is to be compl_request.escape: from now on SIGTSTP interrupts the wait.  Returns
 * NULL, and changes nothing, if SIGTSTP would not stop the process. */
struct compl_escape *stop_catch(void);

/* Stops the process, as signal (SIGTSTP, SIGTTIN or SIGTTOU) does by default.  Returns when it has
 * been continued. */
void stop_by(int signal);

/* Returns what is to be compl_request.escape: from now on those signals in `hold` interrupt the
 * wait that would end the process.  Returns NULL, and changes nothing, as PID 1. */
struct compl_escape *stop_catch_fatal(const sigset_t *hold);

/* Ends the process by the signal that has interrupted the wait. */
_Noreturn void stop_die(void);

#endif
