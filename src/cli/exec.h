/* SPDX-License-Identifier: ISC
 *
 * exec.h - becoming CMD
 */
#ifndef CLI_EXEC_H
#define CLI_EXEC_H

/* Sets what CMD is to find in its environment.  Without memory for it CMD cannot be run: 126. */
void exec_set_or_die(const char *variable, const char *text);

/* Replaces the process by cmd, found as execvp(3) does, with signals as they were at the start.
 * If that fails, says so and ends with 126 or 127; consequence, if not NULL, ends the line. */
_Noreturn void exec_or_die(char **cmd, const char *consequence);

#endif
