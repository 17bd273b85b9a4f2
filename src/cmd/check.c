/* SPDX-License-Identifier: ISC
 *
 * check.c - looks for contradictions in a namespace
 */
#include <stdlib.h>
#include <string.h>

#include "cli/failure.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/output.h"
#include "cli/status.h"
#include "cli/text.h"
#include "cmd/cmd.h"

/* The lines so far; NULL if there are none. */
struct report {
	char *text;
	size_t length, room;
};

/* Makes room for length more bytes.  Doubles the room, because damage may take a line for every
 * record. */
static bool
make_room(struct report *report, size_t length)
{
	size_t room = 2 * (report->room + length);
	char *text;

	if (report->length + length <= report->room)
		return true;
	if ((text = realloc(report->text, room)) == NULL)
		return false;
	report->text = text;
	report->room = room;
	return true;
}

/* Adds a line to the report.  Prints nothing yet: the namespace is locked now, and stdout may
 * block. */
static void
add_fault(void *arg, const char *fault)
{
	struct report *report = arg;
	char line[1024];
	size_t length;

	text_escape(line, sizeof(line) - 1, fault);
	length = strlen(line);
	line[length++] = '\n';
	if (!make_room(report, length))
		return; /* compl_check() counts it all the same */
	memcpy(report->text + report->length, line, length);
	report->length += length;
}

/* Repairs the namespace.  Sets *faults to the number of faults that could not be mended. */
static enum compl_result
repair(struct compl_space *c, size_t *faults)
{
	enum compl_result result = compl_repair(c);

	return result == COMPL_OK ? compl_check(c, NULL, NULL, faults) : result;
}

static int
run_check(const struct cli_call *call)
{
	struct report report = { NULL, 0, 0 };
	enum compl_result result;
	struct compl_space *c;
	size_t faults = 0;

	if (call->name_count > 0)
		usage_or_die(NULL, "%s: this command takes no name", message_quote(call->names[0]));
	result = namespace_open(&c, call, COMPL_LOOK | NAMESPACE_ENDED_SCOPE);
	if (result == COMPL_OK)
		result = compl_check(c, add_fault, &report, &faults);
	if (result == COMPL_OK && faults > 0 && call->set.repair)
		result = repair(c, &faults);
	output_bytes(report.text, report.length);
	free(report.text);
	output_end_or_die(NULL);
	if (result != COMPL_OK && result != COMPL_E_NO_NAMESPACE)
		return failure_report(call, result, NULL, 0);
	return faults == 0 ? STATUS_DONE : STATUS_NO;
}

static const struct cli_option check_options[] = {
	FLAG("repair", repair, "mend what can be mended, and end with 0 if all of it was"),
	{ 0 },
};

const struct command cmd_check = {
	.name = "check",
	.operands = "",
	.summary = "look for contradictions in the namespace",
	.text = "Checks all records of the namespace.  Ends with 0 if it is sound.\n"
		"Otherwise prints a line for each fault, and for each waiter or producer that\n"
		"died unnoticed, and ends with 1.  A namespace that does not exist is sound.\n",
	.example = "compl check -n shop\n",
	.options = check_options,
	.subject = ABOUT_NAMESPACE,
	.run = run_check,
};
