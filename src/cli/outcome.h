/* SPDX-License-Identifier: ISC
 *
 * outcome.h - how a wait or try went, as JSON
 */
#ifndef CLI_OUTCOME_H
#define CLI_OUTCOME_H

#include <stdint.h>

#include "cli/call.h"
#include "compl.h"

struct outcome {
	const char *word; /* the first word of --outcome */
	int status;	  /* the exit status */
	int64_t left_ns;  /* until the deadline, or COMPL_NEVER */
	/* The index of the name that is to blame for the status, or the number of names. */
	size_t culprit;
	const struct compl_state *states; /* of all names */
};

/* Writes one object on one line: --json. */
void outcome_write(const struct cli_call *call, const struct outcome *outcome);

#endif
