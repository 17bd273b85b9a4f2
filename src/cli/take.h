/* SPDX-License-Identifier: ISC
 *
 * take.h - takes tokens, and says how it went: wait and try
 */
#ifndef CLI_TAKE_H
#define CLI_TAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/call.h"
#include "compl.h"

struct take {
	/* compl_wait() or compl_try() */
	enum compl_result (*wait_or_try)(struct compl_space *c, const struct compl_request *req,
					 struct compl_outcome *out);
	unsigned open_flags;		     /* as for namespace_open() */
	enum compl_result without_namespace; /* the result if there is none */
	int64_t deadline_ns;
	const char *command;	     /* the label that ls shows */
	struct compl_escape *escape; /* from stop_catch() */
	pid_t parent;		     /* end when this process dies; -1: do not care */
	bool is_silent;		     /* no line about 124 */
	const char *consequence;     /* what has happened, if CMD cannot be run */
};

/* Takes what call asks for, prints, and returns the exit status; or becomes CMD. */
int take_tokens(const struct cli_call *call, const struct take *take);

#endif
