/* SPDX-License-Identifier: ISC
 *
 * outcome.c - writes how a wait or try went as JSON
 *
 * The field names and their order are an API.
 */
#include "cli/outcome.h"

#include <inttypes.h>

#include "cli/json.h"
#include "cli/namespace.h"
#include "cli/output.h"
#include "cli/state.h"

static void
write_unknown(void)
{
	output_text(",\"state\":null,\"done\":null,\"all\":null,\"ready\":null,\"generation\":null,"
		    "\"status\":null,\"value\":null}");
}

static void
write_known(const struct compl_state *s)
{
	const struct compl_entry as_listed = { .done = s->done,
					       .ready = s->ready,
					       .failed = s->failed,
					       .payload = s->payload,
					       .lent = s->lent,
					       .waiter_count = s->standing,
					       .parties = s->parties };
	char text[STATE_SIZE];

	state_write(text, &as_listed);
	output_format(",\"state\":\"%s\",\"done\":%" PRIu32 ",\"all\":%s,\"ready\":%s", text,
		      s->done, json_boolean(s->done == COMPL_ALL), json_boolean(s->ready));
	if (s->generation != 0)
		output_format(",\"generation\":%" PRIu64, s->generation);
	else
		output_text(",\"generation\":null");
	output_format(",\"status\":%d,\"value\":", s->payload.status);
	json_string(s->payload.has_value ? s->payload.value : NULL);
	output_text("}");
}

static void
write_name(const char *name, const struct compl_state *state)
{
	output_text("{\"name\":");
	json_string(name);
	output_format(",\"covered\":%s,\"taken\":%" PRIu32 ",\"borrowed\":%s",
		      json_boolean(state->covered), state->taken,
		      json_boolean(false)); /* with --borrow nothing stays taken, or CMD is run */
	if (state->known)
		write_known(state);
	else
		write_unknown();
}

void
outcome_write(const struct cli_call *call, const struct outcome *outcome)
{
	output_text("{\"namespace\":");
	json_string(namespace_name(call));
	output_format(",\"outcome\":\"%s\",\"exit_status\":%d,\"remaining_seconds\":",
		      outcome->word, outcome->status);
	if (outcome->left_ns == COMPL_NEVER)
		output_text("null");
	else
		json_seconds((double)outcome->left_ns / 1e9);
	output_text(",\"culprit\":");
	json_string(outcome->culprit < call->name_count ? call->names[outcome->culprit] : NULL);
	output_text(",\"names\":[");
	for (size_t i = 0; i < call->name_count; i++) {
		output_text(i == 0 ? "" : ",");
		write_name(call->names[i], &outcome->states[i]);
	}
	output_line("]}");
}
