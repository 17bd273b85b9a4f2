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

#include "cli/cold.h"
#include "cli/deadline.h"
#include "cli/exec.h"
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/output.h"
#include "cli/parent.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/stop.h"

/* How a take went. */
struct end {
	enum compl_result result;
	struct compl_outcome out;
	struct compl_payload *payloads; /* of all names, or NULL */
	struct compl_cycle *cycle;	/* for COMPL_DEAD_LOCK */
	int error;			/* errno, for a failure */
	bool namespace_has_gone;	/* for COMPL_REMOVED: not only the name */
	int64_t left_ns;		/* until the deadline */
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

	while ((result = take->wait_or_try(c, request, out)) == COMPL_INTERRUPTED)
		stop_by(SIGTSTP);
	return result;
}

/* Opens the namespace and waits in it. */
static void
ask_once(const struct cli_call *call, const struct take *take, const struct compl_request *request,
	 struct end *end)
{
	struct compl_space *c;

	end->result = namespace_open(&c, call, take->open_flags);
	if (end->result == COMPL_OK)
		end->result = take_despite_stops(take, c, request, &end->out);
	end->error = errno;
	end->namespace_has_gone = end->result == COMPL_REMOVED && compl_is_removed(c);
}

/* Fills all of end except left_ns and what the caller has supplied. */
static void
ask(const struct cli_call *call, const struct take *take, struct end *end)
{
	const struct compl_request request = {
		.names = call->names,
		.count = call->name_count,
		.need = call->set.count,
		.flags = wait_flags(&call->set),
		.deadline_ns = take->deadline_ns,
		.hold = signals_hold(),
		.escape = take->escape,
		.command = take->command,
		.payloads = end->payloads,
		.cycle = end->cycle,
	};

	if (take->parent >= 0)
		parent_follow_or_die(take->parent);
	do /* again, each time the namespace is removed between open and wait */
		ask_once(call, take, &request, end);
	while (end->result == COMPL_E_NO_NAMESPACE && (take->open_flags & COMPL_CREATE));
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
print_outcome(const struct end *end)
{
	const struct answer *answer = find_answer(end->result);

	if (end->result == COMPL_OK)
		output_format("done %d\n", end->out.status);
	else
		output_line(answer != NULL ? answer->outcome : "error");
}

static void
print_or_die(const struct cli_call *call, const struct end *end)
{
	bool has_which = end->result == COMPL_OK || end->result == COMPL_REMOVED ||
			 end->result == COMPL_PRODUCER_DIED;
	bool has_taken = end->result == COMPL_OK && !end->out.failed_fast;

	if (has_which && call->set.any)
		output_line(call->names[end->out.which]);
	if (has_which && call->set.print)
		print_values(call, end);
	if (call->set.remaining)
		print_remaining(end);
	if (call->set.outcome)
		print_outcome(end);
	output_end_or_die(has_taken ? "the token stays taken" : NULL);
}

/* Returns the names waited for: all of them, or the first three and how many more there are. */
static const char *
list_names(const struct cli_call *call)
{
	COLD static char text[4 * (COMPL_NAME_MAX + 2) + 32];
	size_t shown = call->name_count <= 4 ? call->name_count : 3, used = 0;

	for (size_t i = 0; i < shown; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i == 0 ? "" : ", ", call->names[i]);
	if (shown < call->name_count)
		snprintf(text + used, sizeof(text) - used, " and %zu more",
			 call->name_count - shown);
	return text;
}

static void
say_timeout(const struct cli_call *call)
{
	const char *text = call->set.timeout.text;
	bool has_unit = text[strspn(text, "0123456789.")] != '\0';

	message_line("%s: timed out after %s%s (%s)", list_names(call), message_quote(text),
		     has_unit ? "" : "s", namespace_text(call));
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
		say_timeout(call);
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
	if (out->status != 0 && call->name_count > 1 && !call->set.quiet)
		message_line("%s: status %d", call->names[out->which], out->status);
	return out->status;
}

static _Noreturn void
become_cmd_or_die(const struct cli_call *call, const struct end *end)
{
	exec_set_or_die("COMPL_NAME", call->names[end->out.which]);
	exec_set_or_die("COMPL_VALUE", end->payloads[end->out.which].value);
	exec_or_die(call->cmd, "the token stays taken");
}

int
take_tokens(const struct cli_call *call, const struct take *take)
{
	COLD static struct compl_payload payloads[COMPL_NAMES_MAX];
	COLD static struct compl_cycle cycle;
	struct end end = { .payloads = call->set.print || call->cmd != NULL ? payloads : NULL,
			   .cycle = &cycle };
	const struct answer *answer;

	ask(call, take, &end);
	end.left_ns = deadline_left(take->deadline_ns);
	if (end.result == COMPL_OK && end.out.status == 0 && call->cmd != NULL)
		become_cmd_or_die(call, &end);
	print_or_die(call, &end);
	answer = find_answer(end.result);
	if (answer != NULL)
		return report_answer(call, take, &end, answer);
	if (end.result == COMPL_OK)
		return report_status(call, &end.out);
	errno = end.error;
	return failure_report(call, end.result, call->names[end.out.which], 0);
}
