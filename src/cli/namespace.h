/* SPDX-License-Identifier: ISC
 *
 * namespace.h - which namespace a command is about
 */
#ifndef CLI_NAMESPACE_H
#define CLI_NAMESPACE_H

#include "cli/call.h"
#include "compl.h"

/* Fills call->where from the options and the environment. */
void namespace_choose_or_die(struct cli_call *call);

/* A flag of namespace_open(): returns COMPL_E_NO_NAMESPACE for a scope that has ended, as for any
 * other namespace that is not there. */
#define NAMESPACE_ENDED_SCOPE (1u << 31)

/* Calls compl_open() for a process with one thread.  flags: any of COMPL_CREATE, COMPL_LOOK and
 * NAMESPACE_ENDED_SCOPE.  Closes the handle that an earlier call opened; the end of the process
 * closes the last one. */
enum compl_result namespace_open(struct compl_space **c, const struct cli_call *call,
				 unsigned flags);

/* Calls compl_scope() for the user of call->where, and puts the name of the new scope there. */
enum compl_result namespace_make_scope(struct cli_call *call);

/* Returns the name of the namespace, as JSON shows it. */
const char *namespace_name(const struct cli_call *call);

/* Returns the options that choose the namespace, such as "-n default", in static storage. */
const char *namespace_options(const struct cli_call *call);

/* Returns "namespace default of uid 1000" or the like, for messages, in static storage. */
const char *namespace_text(const struct cli_call *call);

#endif
