/* SPDX-License-Identifier: ISC
 *
 * stop.h - the terminal's stop, SIGTSTP, during a wait
 *
 * A stopped waiter must not hold up those after it in line.  So the wait leaves its lines and ends
 * with COMPL_INTERRUPTED, and the process stops.  When it is continued, it waits again, at the ends
 * of these lines and with the old deadline.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include "compl.h"

/* Returns what is to be compl_request.escape: from now on SIGTSTP interrupts the wait.  Returns
 * NULL, and changes nothing, if SIGTSTP would not stop the process. */
struct compl_escape *stop_catch(void);

/* Stops the process, as signal (SIGTSTP, SIGTTIN or SIGTTOU) does by default.  Returns when it has
 * been continued. */
void stop_by(int signal);

#endif
