/* SPDX-License-Identifier: ISC
 *
 * hint.h - points out at a terminal what was probably meant otherwise
 */
#ifndef CLI_HINT_H
#define CLI_HINT_H

#include "cli/call.h"

/* Prints a line for each name that looks like a CMD without "--" before it, or like the unit of a
 * duration.  Only if standard error is a terminal, and without --quiet.  The call goes on: such a
 * name is a name. */
void hint_about_names(const struct cli_call *call);

#endif
