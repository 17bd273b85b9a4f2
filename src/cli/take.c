/* SPDX-License-Identifier: ISC
 *
 * take.c - one wait or try, from the request to the exit status
 *
 * Invariant: once ask() has the result COMPL_OK, the terminating signals are blocked, and the
 * parent's death no longer ends this process.  So neither keeps it from reporting the token.
 */
#include "cli/take.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cold.h"
#include "cli/deadline.h"
#include "cli/exec.h"
#include "cli/failure.h"
#include "cli/lending.h"
#include "cli/message.h"
#include "cli/missing.h"
#include "cli/namespace.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "cli/parent.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/stop.h"

/* How a take went. */
struct end {
	enum compl_result result;
	struct compl_outcome out;
	struct compl_payload *payloads; /* of all names, or NULL */
	struct compl_state *states;	/* of all names, or NULL */
	struct compl_cycle *cycle;	/* for COMPL_DEAD_LOCK */
	int error;			/* errno, for a failure */
	bool namespace_has_gone;	/* for COMPL_REMOVED: not only the name */
	int64_t left_ns;		/* until the deadline */
	bool *granted;			/* the names that have let the wait go, or NULL */
	struct compl_space *c;
	struct compl_loan loan; /* --borrow */
};

/* The answers of the library other than COMPL_OK: the exit status of each, and what is printed. */
static const struct answer {
	enum compl_result result;
	int status;
	const char *outcome; /* --outcome */
} answers[] = {
	{ COMPL_TIMED_OUT, STATUS_TIMED_OUT, "timeout" },
	{ COMPL_REMOVED, STATUS_REMOVED, "removed" },
	{ COMPL_PRODUCER_DIED, STATUS_PRODUCER_DIED, "producer-died" },
	{ COMPL_DEAD_LOCK, STATUS_DEAD_LOCK, "dead-lock" },
	{ COMPL_OTHER_GENERATION, STATUS_OTHER_GENERATION, "generation" },
};

/* Returns NULL for COMPL_OK and for failures. */
static const struct answer *
find_answer(enum compl_result result)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].result == result)
			return &answers[i];
	return NULL;
}

static unsigned
wait_flags(const struct cli_settings *set)
{
	const char *produces = getenv("COMPL_PRODUCES");

	return (set->any ? COMPL_WAIT_ANY : 0) |
	       (produces != NULL && *produces != '\0' ? COMPL_WAIT_DETECT : 0) |
	       (set->fail_fast ? COMPL_WAIT_FAIL_FAST : 0) |
	       (set->existing ? COMPL_WAIT_EXISTING : 0) | (set->io ? COMPL_WAIT_IO : 0);
}

/* Waits; each time it was stopped, waits again, at the end of the line. */
static enum compl_result
take_despite_stops(const struct take *take, struct compl_space *c,
		   const struct compl_request *request, struct compl_outcome *out)
{
	enum compl_result result;

	while ((result = take->wait_or_try(c, request, out)) == COMPL_INTERRUPTED) {
		progress_erase();
		stop_by(SIGTSTP);
	}
	return result;
}

/* Opens the namespace and waits in it. */
static void
ask_once(const struct cli_call *call, const struct take *take, const struct compl_request *request,
	 struct end *end)
{
	end->result = namespace_open(&end->c, call, take->open_flags);
	if (end->result == COMPL_OK)
		end->result = take_despite_stops(take, end->c, request, &end->out);
	end->error = errno;
	end->namespace_has_gone = end->result == COMPL_REMOVED && compl_is_removed(end->c);
}

/* Fills all of end except left_ns and what the caller has supplied. */
static void
ask(const struct cli_call *call, const struct take *take, struct end *end)
{
	const struct compl_request request = {
		.loan = call->set.borrow ? &end->loan : NULL,
		.names = call->names,
		.count = call->name_count,
		.need = call->set.count,
		.at_least = call->set.at_least,
		.granted = end->granted,
		.generation = call->set.generation,
		.flags = wait_flags(&call->set),
		.deadline_ns = take->deadline_ns,
		.hold = signals_hold(),
		.escape = take->escape,
		.command = take->command,
		.payloads = end->payloads,
		.states = end->states,
		.tick = progress_begin(call, take->deadline_ns, end->states),
		.cycle = end->cycle,
	};

	if (take->parent >= 0)
		parent_follow_or_die(take->parent);
	do /* again, each time the namespace is removed between open and wait */
		ask_once(call, take, &request, end);
	while (end->result == COMPL_E_NO_NAMESPACE && (take->open_flags & COMPL_CREATE));
	progress_end();
	parent_unfollow();
	if (end->result == COMPL_E_NO_NAMESPACE)
		end->result = take->without_namespace;
}

static void
print_value(const struct compl_payload *payload)
{
	if (payload->has_value)
		output_line(payload->value);
}

/* --print: prints the values of all names, or of the one that ended the wait. */
static void
print_values(const struct cli_call *call, const struct end *end)
{
	const struct compl_outcome *out = &end->out;
	bool only_one = call->set.any || out->failed_fast || end->result != COMPL_OK;

	if (only_one)
		print_value(&end->payloads[out->which]);
	else
		for (size_t i = 0; i < call->name_count; i++)
			print_value(&end->payloads[i]);
}

/* --remaining: prints the seconds that are left, to the millisecond.  They are at least 0.001
 * unless the wait timed out, as the kernel returns at least one jiffy. */
static void
print_remaining(const struct end *end)
{
	int64_t ms = end->left_ns / 1000000;

	if (end->left_ns == COMPL_NEVER)
		output_line("infinity");
	else if (end->result == COMPL_TIMED_OUT)
		output_line("0");
	else
		output_format("%lld.%03d\n", (long long)(ms / 1000), ms > 0 ? (int)(ms % 1000) : 1);
}

static void
print_outcome(const struct cli_call *call, const struct end *end)
{
	const struct answer *answer = find_answer(end->result);

	if (end->result == COMPL_OK && end->out.failed_fast)
		output_format("failed %d %s\n", end->out.status, call->names[end->out.which]);
	else if (end->result == COMPL_OK)
		output_format("done %d\n", end->out.status);
	else
		output_line(answer != NULL ? answer->outcome : "error");
}

/* Returns the index of the name that is to blame for the exit status, or the number of names. */
static size_t
find_culprit(const struct cli_call *call, const struct end *end)
{
	bool is_to_blame = end->result == COMPL_OK ? end->out.status != 0
						   : end->result != COMPL_TIMED_OUT &&
							     (end->result < COMPL_E_FIRST ||
							      end->result == COMPL_E_NO_NAME ||
							      end->result == COMPL_E_BARRIER);

	return is_to_blame ? end->out.which : call->name_count;
}

/* --json */
static void
print_json(const struct cli_call *call, const struct end *end)
{
	const struct answer *answer = find_answer(end->result);
	struct outcome outcome = { .word = answer != NULL ? answer->outcome : "error",
				   .status = answer != NULL ? answer->status : STATUS_FAILED,
				   .left_ns = end->left_ns,
				   .culprit = find_culprit(call, end),
				   .states = end->states };

	if (end->result == COMPL_OK) {
		outcome.word = end->out.failed_fast ? "failed" : "done";
		outcome.status = end->out.status;
	}
	/* Without a namespace there is no name. */
	for (size_t i = 0; end->result == COMPL_TIMED_OUT && i < call->name_count; i++)
		end->states[i].known = true;
	outcome_write(call, &outcome);
}

static void
print_or_die(const struct cli_call *call, const struct take *take, const struct end *end)
{
	bool has_which = end->result == COMPL_OK || end->result == COMPL_REMOVED ||
			 end->result == COMPL_PRODUCER_DIED;
	bool has_taken = end->result == COMPL_OK && !end->out.failed_fast;

	if (call->set.json) {
		print_json(call, end);
		output_end_or_die(has_taken ? "the token stays taken" : NULL);
		return;
	}
	if (has_which && call->set.any)
		output_line(call->names[end->out.which]);
	for (size_t i = 0; call->set.at_least != 0 && i < call->name_count; i++)
		if (end->granted[i])
			output_line(call->names[i]);
	if (has_which && call->set.print)
		print_values(call, end);
	if (call->set.remaining)
		print_remaining(end);
	if (call->set.outcome)
		print_outcome(call, end);
	output_end_or_die(has_taken ? take->consequence : NULL);
}

/* Returns "a (producer 100, waiter 102) -> b (producer 101, waiter 103) -> a". */
static const char *
describe_cycle(const struct compl_cycle *cycle)
{
	COLD static char text[COMPL_CYCLE_MAX * (COMPL_NAME_MAX + COMPL_HOST_MAX + 64)];
	size_t used = 0;

	for (size_t i = 0; i < cycle->count; i++) {
		const struct compl_link *link = &cycle->links[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s (producer %d, waiter %d%s%s) -> ", link->name,
					 (int)link->producer, (int)link->waiter,
					 link->host[0] != '\0' ? " on " : "", link->host);
	}
	snprintf(text + used, sizeof(text) - used, "%s", cycle->links[0].name);
	return text;
}

static int
report_answer(const struct cli_call *call, const struct take *take, const struct end *end,
	      const struct answer *answer)
{
	bool has_timed_out = end->result == COMPL_TIMED_OUT;

	if (call->set.quiet || (has_timed_out && take->is_silent))
		return answer->status;
	if (has_timed_out)
		missing_report(call, end->states);
	else if (end->result == COMPL_OTHER_GENERATION)
		failure_report(call, end->result, call->names[0], 0);
	else if (end->result == COMPL_DEAD_LOCK)
		message_line("%s: %s: %s (%s)", call->names[end->out.which],
			     compl_strresult(end->result), describe_cycle(end->cycle),
			     namespace_text(call));
	else
		message_line("%s: %s%s (%s)", call->names[end->out.which],
			     end->namespace_has_gone ? "the namespace was " : "",
			     compl_strresult(end->result), namespace_text(call));
	return answer->status;
}

static int
report_status(const struct cli_call *call, const struct compl_outcome *out)
{
	if (out->status != 0 && !call->set.quiet && (call->name_count > 1 || isatty(STDERR_FILENO)))
		message_line("%s: status %d", call->names[out->which], out->status);
	return out->status;
}

static _Noreturn void
become_cmd_or_die(const struct cli_call *call, const struct take *take)
{
	exec_or_die(call->cmd, take->consequence);
}

/* Returns the names that have let the wait go, with blanks between. */
static const char *
join_granted(const struct cli_call *call, const struct end *end)
{
	COLD static char text[COMPL_NAMES_MAX * (COMPL_NAME_MAX + 1) + 1];
	size_t used = 0;

	for (size_t i = 0; i < call->name_count; i++)
		if (end->granted[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used > 0 ? " " : "", call->names[i]);
	return text;
}

/* Runs CMD with what was taken.  Returns CMD's exit status, with --borrow; otherwise becomes
 * CMD. */
static int
run_cmd(const struct cli_call *call, const struct take *take, struct end *end)
{
	exec_set_or_die("COMPL_NAME", call->set.at_least != 0 ? join_granted(call, end)
							      : call->names[end->out.which]);
	exec_set_or_die("COMPL_VALUE", end->payloads[end->out.which].value);
	if (call->set.borrow)
		return lending_run(end->c, &end->loan, call->cmd);
	become_cmd_or_die(call, take);
}

static void
begin_borrowing_or_die(const struct cli_call *call)
{
	if (call->cmd == NULL)
		usage_or_die(NULL, "--borrow needs a CMD, after which the tokens come back");
	lending_begin_or_die();
}

/* Whether something is to be said about each name: --json, --progress, or the line of a timeout. */
static bool
wants_states(const struct cli_call *call, const struct take *take)
{
	return call->set.json || call->set.progress ||
	       (take->deadline_ns != COMPL_NEVER && !take->is_silent);
}

int
take_tokens(const struct cli_call *call, const struct take *take)
{
	COLD static struct compl_payload payloads[COMPL_NAMES_MAX];
	COLD static struct compl_state states[COMPL_NAMES_MAX];
	COLD static struct compl_cycle cycle;
	COLD static bool granted[COMPL_NAMES_MAX];
	struct end end = { .payloads = call->set.print || call->cmd != NULL ? payloads : NULL,
			   .states = wants_states(call, take) ? states : NULL,
			   .granted = call->set.at_least != 0 ? granted : NULL,
			   .cycle = &cycle };
	const struct answer *answer;

	if (call->set.at_least != 0 && call->set.any)
		usage_or_die(NULL, "--any and --at-least exclude each other");
	if (call->set.at_least > call->name_count)
		usage_or_die(NULL, "--at-least: %u of %zu names cannot be done", call->set.at_least,
			     call->name_count);

	if (call->set.borrow)
		begin_borrowing_or_die(call);
	ask(call, take, &end);
	end.left_ns = deadline_left(take->deadline_ns);
	if (end.result == COMPL_OK && end.out.status == 0 && call->cmd != NULL)
		return run_cmd(call, take, &end);
	print_or_die(call, take, &end);
	answer = find_answer(end.result);
	if (answer != NULL)
		return report_answer(call, take, &end, answer);
	if (end.result == COMPL_OK)
		return report_status(call, &end.out);
	errno = end.error;
	return failure_report(call, end.result, call->names[end.out.which], 0);
}
