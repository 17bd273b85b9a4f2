/* SPDX-License-Identifier: ISC
 *
 * help.h - the help about all commands, or about one, on stdout
 */
#ifndef HELP_H
#define HELP_H

#include "cmd/cmd.h"

/* Prints the help about command, or if that is NULL about all commands, of which the last is NULL.
 * Returns the exit status. */
int help_show(const struct command *const *commands, const struct command *command);

#endif
