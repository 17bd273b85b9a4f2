/* SPDX-License-Identifier: ISC
 *
 * progress.h - a line on the terminal while a wait sleeps: --progress
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

#include "cli/call.h"
#include "compl.h"

/* Returns what is to be compl_request.tick.  Returns NULL if there is to be no line: without
 * --progress, with --quiet, or if standard error is no terminal.  From now on a signal that ends
 * the process erases the line first. */
const struct compl_tick *progress_begin(const struct cli_call *call, int64_t deadline_ns,
					const struct compl_state *states);

/* Erases the line if there is one.  The next tick draws it again. */
void progress_erase(void);

/* Erases the line, and gives the signals back their dispositions. */
void progress_end(void);

#endif
