/* SPDX-License-Identifier: ISC
 *
 * names.h - the names that a command is given
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli/call.h"
#include "compl.h"

/* Ends with a usage error unless there are 1 to COMPL_NAMES_MAX names, each of them well-formed and
 * none given twice. */
void names_check_or_die(const struct cli_call *call);

/* What a command does with one name.  c is NULL if the namespace does not exist. */
typedef enum compl_result names_fn(struct compl_space *c, const char *name,
				   const struct cli_settings *set);

/* Opens the namespace, with flags as for namespace_open(), and calls each for every name in order.
 * Reports the first failure and stops there.  Returns the exit status. */
int names_each(const struct cli_call *call, unsigned flags, names_fn *each);

/* Whether a name matches one of the operands, as patterns of the shell; also if there are none. */
bool names_match(const struct cli_call *call, const char *name);

#endif
