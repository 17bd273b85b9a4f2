/* SPDX-License-Identifier: ISC
 *
 * failure.h - a failure of the library in a line that says what to do about it
 */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include "cli/call.h"
#include "compl.h"

/* "compl: done: b: no such name; ... (namespace ...)".  name is what it happened to, or NULL.
 * The first done names of the call were finished before, and are listed.  errno is that of the
 * call, for COMPL_E_SYSTEM.  Returns STATUS_FAILED.
 *
 * Also reports COMPL_OTHER_GENERATION, and returns STATUS_OTHER_GENERATION then. */
int failure_report(const struct cli_call *call, enum compl_result result, const char *name,
		   size_t done);

#endif
