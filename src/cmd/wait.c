/* SPDX-License-Identifier: ISC
 *
 * wait.c - waits for tokens: the kernel's wait_for_completion() and its variants
 */
#include <unistd.h>

#include "cli/deadline.h"
#include "cli/parent.h"
#include "cli/signals.h"
#include "cli/stop.h"
#include "cli/take.h"
#include "cli/value.h"
#include "cmd/cmd.h"

/* Chooses what signals do during the wait.  Returns its escape, or NULL. */
static struct compl_escape *
set_signals(const struct cli_settings *set)
{
	if (!set->killable && !set->uninterruptible)
		return stop_catch();
	signals_ignore_fatal(set->killable ? SIGTERM : 0);
	return NULL;
}

static int
run_wait(const struct cli_call *call)
{
	bool bound = call->set.generation != 0;
	const struct take take = {
		.wait_or_try = compl_wait,
		.open_flags = call->set.existing || bound ? 0 : COMPL_CREATE,
		.without_namespace = bound ? COMPL_OTHER_GENERATION : COMPL_E_NO_NAME,
		.deadline_ns = deadline_after(call->set.timeout.ns),
		.command = call->cmd != NULL ? call->cmd[0] : parent_name(),
		.escape = set_signals(&call->set),
		.parent = call->set.with_parent ? getppid() : -1,
		.consequence = "the token stays taken",
	};

	return take_tokens(call, &take);
}

static const struct cli_option wait_options[] = {
	VALUE("timeout", timeout, "DUR", value_timeout,
	      "give up after DUR, such as 30s, 1m30s or 0.5", .letter = 't',
	      .variable = "COMPL_TIMEOUT"),
	VALUE("count", count, "N", value_tokens, "take N tokens from every name, all or none"),
	VALUE("at-least", at_least, "K", value_names,
	      "take from the first K names that are done, and print which"),
	FLAG("any", any, "take from the first name that is done, and print which"),
	FLAG("fail-fast", fail_fast, "end the wait at the first status that is not 0"),
	FLAG("existing", existing, "fail if a name does not exist", .letter = 'e',
	     .variable = "COMPL_EXISTING"),
	FLAG("killable", killable, "only SIGTERM and SIGKILL end the wait", .group = GROUP_OWN),
	FLAG("uninterruptible", uninterruptible, "only SIGKILL ends the wait", .group = GROUP_OWN),
	FLAG("io", io, "count the time as I/O time"),
	FLAG("borrow", borrow, "run CMD as a child, and give the tokens back when it has ended"),
	FLAG("with-parent", with_parent, "end when the process that started compl dies"),
	VALUE("generation", generation, "G", value_generation,
	      "wait only for generation G of NAME (see reinit --print)"),
	FLAG("progress", progress, "show on a terminal what the wait is waiting for",
	     .variable = "COMPL_PROGRESS"),
	FLAG("print", print, "print the values, a line each"),
	FLAG("remaining", remaining, "print the seconds that are left"),
	FLAG("outcome", outcome,
	     "print 'done N', 'failed N NAME', timeout, removed, producer-died, dead-lock, "
	     "generation or error"),
	FLAG("json", json, "print how it went as JSON, unless CMD is run"),
	{ 0 },
};

const struct command cmd_wait = {
	.name = "wait",
	.operands = "NAME...",
	.summary = "wait for completion",
	.text = "Waits until its turn has come in the line of every NAME, and takes a token\n"
		"from all of them or from none.  It does not use up what 'done --all' has\n"
		"posted.  Ends with the status that was posted; with several names, the first\n"
		"that is not 0.  Ends with 120 if a name was removed, 121 if a producer died,\n"
		"122 if the wait would dead-lock, 123 if the name is not of the generation that\n"
		"--generation asks for, and 124 after a timeout.  If the status is 0,\n"
		"compl becomes CMD, with COMPL_NAME and COMPL_VALUE set, and prints nothing.\n"
		"With --borrow CMD runs as a child, and the tokens are given back when it and\n"
		"all that has its descriptor COMPL_HOLD have ended: a limit of N jobs at a time.\n",
	.example = "export COMPL_NAMESPACE=shop\n"
		   "compl wait db-ready cache-ready --timeout 30s -- ./app\n",
	.options = wait_options,
	.subject = ABOUT_NAMES,
	.cmd_rule = CMD_OPTIONAL,
	.run = run_wait,
};
