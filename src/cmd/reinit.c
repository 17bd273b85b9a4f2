/* SPDX-License-Identifier: ISC
 *
 * reinit.c - sets names back to zero: the kernel's reinit_completion()
 */
#include <inttypes.h>

#include "cli/names.h"
#include "cli/output.h"
#include "cmd/cmd.h"

static enum compl_result
reinit_one(struct compl_space *c, const char *name, const struct cli_settings *set)
{
	uint64_t generation;
	enum compl_result result =
		compl_reinit(c, name, set->force, set->print ? &generation : NULL);

	if (result == COMPL_OK && set->print)
		output_format("%" PRIu64 "\n", generation);
	return result;
}

static int
run_reinit(const struct cli_call *call)
{
	int status = names_each(call, COMPL_CREATE, reinit_one);

	output_end_or_die(NULL);
	return status;
}

static const struct cli_option reinit_options[] = {
	FLAG("force", force, "reset even while somebody waits for the tokens that are there",
	     .letter = 'f'),
	FLAG("print", print, "print the new generation of each NAME, and make it permanent"),
	{ 0 },
};

const struct command cmd_reinit = {
	.name = "reinit",
	.operands = "NAME...",
	.summary = "reset counter, status and value",
	.text = "Sets counter, status and value of each NAME back to zero, so that it can be\n"
		"completed anew.  Waiters keep their places in line.  A reinit is refused while\n"
		"there are tokens and a waiter for them that has not been released.  As in the\n"
		"kernel: reinit first, then trigger, then wait with a timeout.\n",
	.example = "export COMPL_NAMESPACE=device\n"
		   "compl reinit reset-done\n"
		   "trigger-reset &\n"
		   "compl wait reset-done --timeout 5s\n",
	.options = reinit_options,
	.subject = ABOUT_NAMES,
	.run = run_reinit,
};
