/* SPDX-License-Identifier: ISC
 *
 * cli-exec.h - becoming CMD
 */
#ifndef CLI_EXEC_H
#define CLI_EXEC_H

/* Replaces the process by cmd, found as execvp(3) does, with signals as they were at the start
 * and COMPL_NAME and COMPL_VALUE set.  If that fails, says so and ends with 126 or 127. */
_Noreturn void exec_or_die(char **cmd, const char *name, const char *value);

#endif
