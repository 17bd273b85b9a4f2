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
	static const struct take take = {
		.wait_or_try = compl_try,
		.without_namespace = COMPL_TIMED_OUT,
		.parent = -1,
		.is_silent = true,
	};

	return take_tokens(call, &take);
}

static const struct cli_option try_options[] = {
	VALUE("count", count, "N", value_tokens, "take N tokens from every name, all or none"),
	FLAG("any", any, "take from the first name that is done, and print which"),
	{ 0 },
};

const struct command cmd_try = {
	.name = "try",
	.operands = "NAME...",
	.summary = "take what is there, without waiting",
	.text = "Takes what 'compl wait' would take without waiting.  If there is nothing to\n"
		"take, or a waiter is in line before it, it takes nothing, says nothing and\n"
		"ends with 124.\n",
	.example = "export COMPL_NAMESPACE=queue\n"
		   "while compl try job; do ./work; done\n",
	.options = try_options,
	.subject = ABOUT_NAMES,
	.cmd_rule = CMD_OPTIONAL,
	.run = run_try,
};
