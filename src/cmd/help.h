/* SPDX-License-Identifier: ISC
 *
 * help.h - what all commands are for, or what one of them does, on stdout
 */
#ifndef HELP_H
#define HELP_H

#include "cmd/cmd.h"

/* About one of the commands, or if command is NULL about all of them (NULL last).  Returns the exit
 * status. */
int help_show(const struct command *const *commands, const struct command *command);

#endif
