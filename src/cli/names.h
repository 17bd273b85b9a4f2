/* SPDX-License-Identifier: ISC
 *
 * names.h - the names a command is given
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli/call.h"
#include "compl.h"

/* At least one, at most COMPL_NAMES_MAX, each well-formed, none twice. */
void names_check_or_die(const struct cli_call *call);

/* What a command does with one name; c is NULL if there is no such namespace. */
typedef enum compl_result names_fn(struct compl_space *c, const char *name,
				   const struct cli_settings *set);

/* Opens the namespace (flags as for namespace_open()) and does it with each name in order.  The
 * first failure ends that and is reported.  Returns the exit status. */
int names_each(const struct cli_call *call, unsigned flags, names_fn *each);

#endif
