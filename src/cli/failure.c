/* SPDX-License-Identifier: ISC
 *
 * failure.c - turns a failure into one line: what, why, and what to do about it
 *
 * compl_describe() says what the engine knows.  This file adds what the command knows: its options,
 * and its other commands.
 */
#include "cli/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cold.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/status.h"

static const struct explanation {
	enum compl_result result;
	const char *reason; /* NULL: the engine's */
	const char *advice; /* or NULL */
	bool is_clearable;  /* 'compl rm --all --force' helps */
} explanations[] = {
	{ COMPL_E_NO_NAME, NULL, "'compl ls' shows those there are", false },
	{ COMPL_E_EXISTS, "is initialised already, or carries a token, status or value",
	  "--exist-ok takes it as it is, 'compl reinit' resets it", false },
	{ COMPL_E_BUSY, "has tokens for somebody who still waits",
	  "try again when they are taken, or --force", false },
	{ COMPL_E_OVERFLOW, "the counter would pass 4294967294",
	  "let somebody take tokens, or 'compl reinit' it", false },
	{ COMPL_E_FULL_NAMES, "no room for another name in the namespace",
	  "'compl rm' some, or use another with -n", false },
	{ COMPL_E_FULL_WAITERS, "no room for another waiter in the namespace",
	  "try again when some have gone, or use another with -n", false },
	{ COMPL_E_FULL_PRODUCERS, "no room for another producer of it",
	  "try again when one has ended, or use another name", false },
	{ COMPL_E_WRONG_OWNER, NULL, "use another namespace with -n", false },
	{ COMPL_E_WRONG_FILE, NULL, "use another namespace with -n", false },
	{ COMPL_E_WRONG_VERSION, NULL, "use that one, or another namespace with -n", true },
	{ COMPL_E_DAMAGED, NULL, "'compl check' shows how; use another namespace with -n", true },
	{ COMPL_E_UNCERTAIN, NULL, "'compl ls' shows what has become of it", false },
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

/* Returns "; X, or Y, or Z", or "": the command's advice, how to clear the namespace, and the
 * engine's remedy, as far as there are any. */
static const char *
list_remedies(const struct cli_call *call, const struct explanation *e, const char *remedy)
{
	COLD static char text[1024];
	char clear[192] = "";
	const char *const remedies[] = { e->advice != NULL ? e->advice : "", clear, remedy };
	size_t used = 0;

	if (e->is_clearable)
		snprintf(clear, sizeof(clear), "clear it with 'compl rm --all --force %s'",
			 namespace_options(call));
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i][0] != '\0')
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used == 0 ? "; " : ", or ", remedies[i]);
	return text;
}

int
failure_report(const struct cli_call *call, enum compl_result result, const char *name, size_t done)
{
	COLD static struct compl_description d;
	struct explanation e = explain(result);

	compl_describe(&call->where, result, errno, &d);
	message_line("%s%s%s%s%s%s (%s)%s", name ? name : "", name ? ": " : "", d.object,
		     d.object[0] != '\0' ? ": " : "", e.reason != NULL ? e.reason : d.reason,
		     list_remedies(call, &e, d.remedy), namespace_text(call),
		     list_done(call, done));
	return STATUS_FAILED;
}
