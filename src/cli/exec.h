/* SPDX-License-Identifier: ISC
 *
 * exec.h - becoming CMD
 */
#ifndef CLI_EXEC_H
#define CLI_EXEC_H

/* Sets a variable in the environment of CMD.  If there is no memory for it, says so and ends with
 * 126. */
void exec_set_or_die(const char *variable, const char *text);

/* Replaces this process by cmd, which is searched for as execvp(3) does, with the dispositions and
 * the mask of the start.  If that fails, says so and ends with 126 or 127; consequence, if not
 * NULL, ends the line. */
_Noreturn void exec_or_die(char **cmd, const char *consequence);

/* If CMD cannot be run, exec_or_die() writes its exit status to fd, as one byte, before it ends. */
void exec_tell(int fd);

#endif
