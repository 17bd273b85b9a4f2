/* SPDX-License-Identifier: ISC
 *
 * scope.c - runs a command in a namespace of its own, as DECLARE_COMPLETION_ONSTACK() does in the
 * kernel for one completion
 */
#include <errno.h>
#include <string.h>

#include "api/clock.h"
#include "cli/child.h"
#include "cli/descendants.h"
#include "cli/exec.h"
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/relay.h"
#include "cli/status.h"
#include "cli/teardown.h"
#include "cli/value.h"
#include "cmd/cmd.h"

#define GRACE_NS (5 * CLOCK_SECOND_NS)

static void
check_or_die(const struct cli_call *call)
{
	if (call->name_count > 0)
		usage_or_die(NULL, "%s: takes no name; CMD comes after --",
			     message_quote(call->names[0]));
	if (call->set.space != NULL)
		usage_or_die(NULL, "--namespace: a scope has a name of its own");
	if (call->set.system)
		usage_or_die(NULL, "--system: a scope belongs to a user");
	if (call->set.grace.text != NULL && !call->set.kill)
		usage_or_die(NULL, "--grace belongs to --kill");
}

/* Removes the namespace of the scope.  Waits that still go on there end with 120.  If it cannot be
 * removed, the next scope tries again. */
static int
remove_scope(const struct cli_call *scope)
{
	enum compl_result result;

	relay_limit_call();
	result = compl_remove_all(&scope->where, false);
	relay_end_limit();
	return result == COMPL_OK ? STATUS_DONE : failure_report(scope, result, NULL, 0);
}

/* Ends what CMD has left running.  Its lines are not held, because it may take as long as the user
 * says. */
static void
end_rest(const struct cli_settings *set)
{
	child_tell();
	teardown(set->grace.text != NULL ? set->grace.ns : GRACE_NS);
}

static int
run_in(const struct cli_call *scope)
{
	struct child child;
	int removed;

	exec_set_or_die("COMPL_NAMESPACE", scope->where.space);
	child_start(&child, scope->cmd, NULL);
	child_wait(&child, NULL);
	if (scope->set.kill)
		end_rest(&scope->set);
	removed = remove_scope(scope);
	child_tell();
	if (removed != STATUS_DONE && child_status(&child) == STATUS_DONE)
		return STATUS_FAILED;
	return child_end_as(&child);
}

static int
run_scope(const struct cli_call *call)
{
	struct cli_call scope = *call;
	enum compl_result result;

	check_or_die(call);
	if (call->set.kill && !descendants_adopt()) {
		message_line("--kill needs /proc, to see what CMD leaves running: %s",
			     strerror(errno));
		return STATUS_FAILED;
	}
	child_fill_descriptors();
	if (!child_open())
		return STATUS_FAILED;
	result = namespace_make_scope(&scope);
	return result == COMPL_OK ? run_in(&scope) : failure_report(&scope, result, NULL, 0);
}

static const struct cli_option scope_options[] = {
	FLAG("kill", kill,
	     "when CMD has ended, end all that it has left running: SIGTERM, then "
	     "SIGKILL"),
	VALUE("grace", grace, "DUR", value_timeout,
	      "with --kill: the time between the two; default: 5s"),
	{ 0 },
};

const struct command cmd_scope = {
	.name = "scope",
	.operands = "",
	.summary = "run a command with a namespace of its own",
	.text = "Runs CMD with COMPL_NAMESPACE set to a namespace that nobody else has, and ends "
		"as CMD\nended.  The namespace is gone then.  Waiters that are still there leave "
		"with\n120, and a command that comes later fails with 125.  What CMD left running "
		"is not\nkilled, but with --kill.\n",
	.example = "compl scope -- sh -c 'make docs && compl done docs & compl wait docs -t 5m'\n",
	.options = scope_options,
	.subject = ABOUT_NAMESPACE,
	.cmd_rule = CMD_REQUIRED,
	.run = run_scope,
};
