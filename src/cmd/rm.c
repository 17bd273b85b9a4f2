/* SPDX-License-Identifier: ISC
 *
 * rm.c - removes names, or a whole namespace
 */
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/names.h"
#include "cli/namespace.h"
#include "cli/output.h"
#include "cli/status.h"
#include "cli/value.h"
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

/* Removes one namespace if it is idle, and says so.  One that cannot be looked at is told of, and
 * stays. */
static void
remove_if_idle(const struct cli_call *call, const char *space)
{
	struct cli_call one = *call;
	enum compl_result result;
	bool removed;

	one.where.space = space[0] != '\0' ? space : NULL;
	result = compl_remove_idle(&one.where, call->set.idle.ns, &removed);
	if (result != COMPL_OK)
		failure_report(&one, result, NULL, 0);
	if (removed)
		output_line(space[0] != '\0' ? space : "(unnamed)");
}

static int
remove_idle(const struct cli_call *call)
{
	struct compl_spaces *list;
	enum compl_result result;

	if (call->set.all || call->set.force)
		usage_or_die(NULL, "--idle and %s exclude each other",
			     call->set.all ? "--all" : "--force");
	if (call->set.space != NULL)
		usage_or_die(NULL, "--idle looks at all namespaces: give a PATTERN instead of "
				   "--namespace");
	if ((result = compl_spaces(&call->where, &list)) != COMPL_OK)
		return failure_report(call, result, NULL, 0);
	for (size_t i = 0; i < list->count; i++)
		if (names_match(call, compl_spaces_at(list, i)))
			remove_if_idle(call, compl_spaces_at(list, i));
	compl_spaces_free(list);
	output_end_or_die(NULL);
	return STATUS_DONE;
}

static int
run_rm(const struct cli_call *call)
{
	if (call->set.idle.text != NULL)
		return remove_idle(call);
	if (call->set.all)
		return remove_all(call);
	names_check_or_die(call);
	return names_each(call, call->set.force ? NAMESPACE_ENDED_SCOPE : 0, remove_one);
}

static const struct cli_option rm_options[] = {
	FLAG("all", all, "remove the whole namespace"),
	VALUE("idle", idle, "DUR", value_timeout,
	      "remove the namespaces that match a PATTERN, or all, if they were idle for DUR"),
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
		"every name and the namespace itself; a missing namespace is not an error.\n"
		"--idle DUR takes patterns of namespaces instead of names.  It removes, and\n"
		"prints, those that no command but ls and check has used for DUR, and in which\n"
		"nobody waits, produces or borrows and no name is initialised.\n",
	.example = "compl rm -n shop db-ready\n"
		   "compl rm -n shop --all\n"
		   "compl rm --idle 7d 'ci-*'\n",
	.options = rm_options,
	.subject = ABOUT_NAMESPACE,
	.run = run_rm,
};
