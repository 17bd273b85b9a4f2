/* SPDX-License-Identifier: ISC
 *
 * try.c - takes tokens that are there: the kernel's try_wait_for_completion()
 */
#include "cli/take.h"
#include "cli/value.h"
#include "cmd/cmd.h"

static int
run_try(const struct cli_call *call)
{
	const struct take take = {
		.wait_or_try = compl_try,
		.without_namespace =
			call->set.generation != 0 ? COMPL_OTHER_GENERATION : COMPL_TIMED_OUT,
		.command = call->cmd != NULL ? call->cmd[0] : NULL, /* of a borrower */
		.parent = -1,
		.is_silent = true,
		.consequence = "the token stays taken",
	};

	return take_tokens(call, &take);
}

static const struct cli_option try_options[] = {
	VALUE("count", count, "N", value_tokens, "take N tokens from every name, all or none"),
	VALUE("at-least", at_least, "K", value_names,
	      "take from the first K names that are done, and print which"),
	FLAG("any", any, "take from the first name that is done, and print which"),
	FLAG("borrow", borrow, "run CMD as a child, and give the tokens back when it has ended"),
	VALUE("generation", generation, "G", value_generation,
	      "take only from generation G of NAME"),
	FLAG("json", json, "print how it went as JSON, unless CMD is run"),
	{ 0 },
};

const struct command cmd_try = {
	.name = "try",
	.operands = "NAME...",
	.summary = "take what is there, without waiting",
	.text = "Takes what 'compl wait' would take without waiting.  If there is nothing to\n"
		"take, or a waiter is in line before it, it takes nothing, says nothing and\n"
		"ends with 124.  With --borrow, as in wait, the tokens come back after CMD.\n",
	.example = "export COMPL_NAMESPACE=queue\n"
		   "while compl try job; do ./work; done\n",
	.options = try_options,
	.subject = ABOUT_NAMES,
	.cmd_rule = CMD_OPTIONAL,
	.run = run_try,
};
