/* SPDX-License-Identifier: ISC
 *
 * rm.c - removes names, or a whole namespace
 */
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/names.h"
#include "cli/namespace.h"
#include "cli/status.h"
#include "cmd/cmd.h"

static enum compl_result
remove_one(struct compl_space *c, const char *name, const struct cli_settings *set)
{
	enum compl_result result = c != NULL ? compl_remove(c, name) : COMPL_E_NO_NAME;

	return result == COMPL_E_NO_NAME && set->force ? COMPL_OK : result;
}

static int
remove_all(const struct cli_call *call)
{
	enum compl_result result;

	if (call->name_count > 0)
		usage_or_die(NULL, "%s: no name may be given with --all",
			     message_quote(call->names[0]));
	result = compl_remove_all(&call->where, call->set.force);
	return result == COMPL_OK ? STATUS_DONE : failure_report(call, result, NULL, 0);
}

static int
run_rm(const struct cli_call *call)
{
	if (call->set.all)
		return remove_all(call);
	names_check_or_die(call);
	return names_each(call, call->set.force ? NAMESPACE_ENDED_SCOPE : 0, remove_one);
}

static const struct cli_option rm_options[] = {
	FLAG("all", all, "remove the whole namespace"),
	FLAG("force", force,
	     "a missing name is not an error; with --all, remove even a damaged namespace",
	     .letter = 'f'),
	{ 0 },
};

const struct command cmd_rm = {
	.name = "rm",
	.operands = "[NAME...]",
	.summary = "remove names, or with --all the namespace",
	.text = "Removes each NAME and all it carries.  Its waiters leave with status 120,\n"
		"except those that 'compl done --all' has released already.  --all removes\n"
		"every name and the namespace itself; a missing namespace is not an error.\n",
	.example = "compl rm -n shop db-ready\n"
		   "compl rm -n shop --all\n",
	.options = rm_options,
	.subject = ABOUT_NAMESPACE,
	.run = run_rm,
};
