/* SPDX-License-Identifier: ISC
 *
 * by-command.h - an operation done by becoming a command, and what the command said
 */
#ifndef BY_COMMAND_H
#define BY_COMMAND_H

#include "ledger.h"
#include "plan.h"

/* Becomes program, which prints into the files of the worker. */
_Noreturn void by_command(const char *program, const char *space, const struct task *task,
			  const struct worker *me);

/* The main() of the CMD of a run.  Arguments: when it is ready, when it ends, when it kills the
 * command, the pid of that, the number of the value, and the status with which it ends. */
_Noreturn void by_command_serve(char **argv);

/* The result of the operation that a dead worker had open.  status is that of waitpid(2). */
void by_command_read_death(const struct task *task, int status, const struct worker *w,
			   struct answer *got);

#endif
