/* SPDX-License-Identifier: ISC
 *
 * missing.h - which names a wait that timed out still lacked, and why
 */
#ifndef CLI_MISSING_H
#define CLI_MISSING_H

#include "cli/call.h"
#include "compl.h"

/* Writes the line of a wait that timed out.  states: of all its names. */
void missing_report(const struct cli_call *call, const struct compl_state *states);

#endif
