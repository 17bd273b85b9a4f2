/* SPDX-License-Identifier: ISC
 *
 * barrier.c - waits until so many stand in a barrier
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/deadline.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/parent.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/take.h"
#include "cli/value.h"
#include "cmd/cmd.h"

static const struct cli_call *barrier_call;

/* Stands in the barrier, for take_tokens().  The place in the round is the value. */
static enum compl_result
meet_or_die(struct compl_space *c, const struct compl_request *request, struct compl_outcome *out)
{
	const struct compl_request own = {
		.names = request->names,
		.count = 1,
		.deadline_ns = request->deadline_ns,
		.hold = request->hold,
		.escape = request->escape,
		.command = request->command,
		.states = request->states,
		.tick = request->tick,
	};
	struct compl_round round = { .parties = barrier_call->set.parties };
	enum compl_result result = compl_barrier(c, &own, &round);

	*out = (struct compl_outcome){ 0 };
	if (result == COMPL_INTERRUPTED) {
		progress_end();
		stop_die();
	}
	if (result == COMPL_E_PARTIES) {
		message_line("%s: those who stand in it have said --parties %u, not %u (%s)",
			     own.names[0], round.parties, barrier_call->set.parties,
			     namespace_text(barrier_call));
		exit(STATUS_FAILED);
	}
	if (result == COMPL_OK && request->payloads != NULL) {
		request->payloads[0].has_value = true;
		snprintf(request->payloads[0].value, sizeof(request->payloads[0].value), "%u",
			 round.place);
	}
	return result;
}

/* Chooses what signals do during the wait.  Returns its escape, or NULL. */
static struct compl_escape *
set_signals(const struct cli_settings *set)
{
	if (set->killable || set->uninterruptible)
		signals_ignore_fatal(set->killable ? SIGTERM : 0);
	return stop_catch_fatal(signals_hold());
}

static int
run_barrier(const struct cli_call *call)
{
	const struct take take = {
		.wait_or_try = meet_or_die,
		.open_flags = COMPL_CREATE,
		.without_namespace = COMPL_E_NO_NAMESPACE,
		.deadline_ns = deadline_after(call->set.timeout.ns),
		.command = call->cmd != NULL ? call->cmd[0] : parent_name(),
		.escape = set_signals(&call->set),
		.parent = call->set.with_parent ? getppid() : -1,
		.consequence = "it has passed the barrier",
	};

	if (call->name_count > 1)
		usage_or_die(NULL, "%s: one barrier at a time", message_quote(call->names[1]));
	if (call->set.parties == 0)
		usage_or_die(NULL, "needs --parties N");
	barrier_call = call;
	return take_tokens(call, &take);
}

static const struct cli_option barrier_options[] = {
	VALUE("parties", parties, "N", value_parties, "how many make a round, 1 to 65535",
	      .required = true),
	VALUE("timeout", timeout, "DUR", value_timeout,
	      "give up after DUR, such as 30s, 1m30s or 0.5", .letter = 't',
	      .variable = "COMPL_TIMEOUT"),
	FLAG("killable", killable, "only SIGTERM and SIGKILL end the wait", .group = GROUP_OWN),
	FLAG("uninterruptible", uninterruptible, "only SIGKILL ends the wait", .group = GROUP_OWN),
	FLAG("with-parent", with_parent, "end when the process that started compl dies"),
	FLAG("progress", progress, "show on a terminal what the wait is waiting for",
	     .variable = "COMPL_PROGRESS"),
	FLAG("print", print, "print the place in the round, 1 to N"),
	{ 0 },
};

const struct command cmd_barrier = {
	.name = "barrier",
	.operands = "NAME",
	.summary = "wait until N have come",
	.text = "Waits until N processes stand in the barrier NAME; then all N go at once.  The\n"
		"next N form the next round, on the same NAME.  A process that is killed, or\n"
		"leaves with 124 or 120, or by a signal, is one too few: the others wait on.  A\n"
		"complete round is passed by all its N, whatever comes then.  If compl is to run\n"
		"CMD, it becomes CMD, with COMPL_NAME set, and the place in the round, 1 to N, in\n"
		"COMPL_VALUE.\n",
	.example = "export COMPL_NAMESPACE=sim\n"
		   "for w in 1 2 3; do\n"
		   "        { step $w; compl barrier step --parties 3 -t 1h && swap $w; } &\n"
		   "done; wait\n",
	.options = barrier_options,
	.subject = ABOUT_NAMES,
	.cmd_rule = CMD_OPTIONAL,
	.run = run_barrier,
};
