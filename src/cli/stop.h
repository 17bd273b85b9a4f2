/* SPDX-License-Identifier: ISC
 *
 * stop.h - the terminal's stop, SIGTSTP, while in line
 *
 * Who is stopped must not hold up those behind: the wait ends with COMPL_INTERRUPTED, its place
 * is given up, the process stops, and when it is continued it waits again, at the end of the
 * line and with the old deadline.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include "compl.h"

/* For compl_request.escape: from now on SIGTSTP gives up the place.  NULL, and nothing is done,
 * if SIGTSTP would not stop the process. */
struct compl_escape *stop_catch(void);

/* Stops, as SIGTSTP does by default; returns when continued. */
void stop_now(void);

#endif
