/* SPDX-License-Identifier: ISC
 *
 * failure.c - turns a failure into one line: what, why, and what to do about it
 *
 * compl_describe() says what the engine knows.  This file adds what the command knows: its options,
 * and its other commands.
 */
#include "cli/failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cold.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/status.h"

static const struct explanation {
	const char *reason; /* NULL: the engine's */
	const char *advice; /* or NULL */
	enum compl_result result;
	bool is_clearable; /* 'compl rm --all --force' helps */
} explanations[] = {
	{ .result = COMPL_E_NO_NAME, .advice = "'compl ls' lists the names" },
	{ .result = COMPL_E_EXISTS,
	  .reason = "is initialised already, or carries a token, status or value",
	  .advice = "--exist-ok takes it as it is, 'compl reinit' resets it" },
	{ .result = COMPL_E_BUSY,
	  .reason = "has tokens for a process that still waits",
	  .advice = "try again when they are taken, or --force" },
	{ .result = COMPL_E_BARRIER,
	  .reason = "processes stand in it, as in a barrier",
	  .advice = "try again when its round is complete, or use another name" },
	{ .result = COMPL_E_IN_USE,
	  .reason = "is no barrier: it carries a token, status or value, or somebody waits for it "
		    "or produces it",
	  .advice = "use another name, or clear it with 'compl reinit' or 'compl rm'" },
	{ .result = COMPL_E_OVERFLOW,
	  .reason = "the counter would pass 4294967294",
	  .advice = "let waits take tokens, or reset it with 'compl reinit'" },
	{ .result = COMPL_E_FULL_NAMES,
	  .reason = "no room for another name in the namespace",
	  .advice = "remove some with 'compl rm', or use another namespace with -n" },
	{ .result = COMPL_E_FULL_WAITERS,
	  .reason = "no room for another waiter in the namespace",
	  .advice = "try again when some have gone, or use another namespace with -n" },
	{ .result = COMPL_E_FULL_PRODUCERS,
	  .reason = "no room for another producer of it",
	  .advice = "try again when one has ended, or use another name" },
	{ .result = COMPL_E_WRONG_OWNER, .advice = "use another namespace with -n" },
	{ .result = COMPL_E_WRONG_FILE, .advice = "use another namespace with -n" },
	{ .result = COMPL_E_WRONG_VERSION,
	  .advice = "use that version, or another namespace with -n",
	  .is_clearable = true },
	{ .result = COMPL_E_DAMAGED,
	  .advice = "'compl check' shows how; use another namespace with -n",
	  .is_clearable = true },
	{ .result = COMPL_E_UNCERTAIN, .advice = "'compl ls' shows what has become of it" },
};

static struct explanation
explain(enum compl_result result)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].result == result)
			return explanations[i];
	return (struct explanation){ .result = result };
}

/* Returns " (already done: a, b)", or "". */
static const char *
list_done(const struct cli_call *call, size_t done)
{
	COLD static char text[COMPL_NAMES_MAX * (COMPL_NAME_MAX + 2) + 32];
	size_t used = 0;

	for (size_t i = 0; i < done; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i == 0 ? " (already done: " : ", ", call->names[i]);
	if (done > 0)
		snprintf(text + used, sizeof(text) - used, ")");
	return text;
}

/* Fits the advice to the place: with --system and --user another namespace would not do. */
static void
fit_advice(struct explanation *e, const struct cli_call *call)
{
	if (e->result != COMPL_E_WRONG_OWNER)
		return;
	if (call->where.system)
		e->advice = "use a namespace of your own, without --system";
	else if (call->where.uid != geteuid())
		e->advice = NULL;
}

/* Returns "; X, or Y, or Z", or "": the command's advice, how to clear the namespace, and the
 * engine's remedy, as far as there are any. */
static const char *
list_remedies(const struct cli_call *call, const struct explanation *e, const char *remedy)
{
	COLD static char text[1024];
	char clear[192] = "";
	const char *const remedies[] = { e->advice != NULL ? e->advice : "", clear, remedy };
	size_t used = 0;

	text[0] = '\0';
	if (e->is_clearable)
		snprintf(clear, sizeof(clear), "%s it with 'compl rm --all --force %s'",
			 call->where.system && geteuid() != 0 ? "let root clear" : "clear",
			 namespace_options(call));
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i][0] != '\0')
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used == 0 ? "; " : ", or ", remedies[i]);
	return text;
}

static int
report_generation(const struct cli_call *call)
{
	if (!call->set.quiet)
		message_line("%s: it is not of generation %" PRIu64 " (%s)", call->names[0],
			     call->set.generation, namespace_text(call));
	return STATUS_OTHER_GENERATION;
}

int
failure_report(const struct cli_call *call, enum compl_result result, const char *name, size_t done)
{
	COLD static struct compl_description d;
	struct explanation e = explain(result);

	if (result == COMPL_OTHER_GENERATION)
		return report_generation(call);
	compl_describe(&call->where, result, errno, &d);
	fit_advice(&e, call);
	message_line("%s%s%s%s%s%s (%s)%s", name ? name : "", name ? ": " : "", d.object,
		     d.object[0] != '\0' ? ": " : "", e.reason != NULL ? e.reason : d.reason,
		     list_remedies(call, &e, d.remedy), namespace_text(call),
		     list_done(call, done));
	return STATUS_FAILED;
}
