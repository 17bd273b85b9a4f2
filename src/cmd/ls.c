/* SPDX-License-Identifier: ISC
 *
 * ls.c - lists the names of a namespace, or the namespaces
 */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/below.h"
#include "cli/failure.h"
#include "cli/fingerprint.h"
#include "cli/json.h"
#include "cli/message.h"
#include "cli/names.h"
#include "cli/namespace.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/wait_names.h"
#include "cmd/cmd.h"

/* Puts the entries that a pattern matches into wanted, in order.  Returns how many there are. */
static size_t
choose(const struct compl_entry **wanted, const struct compl_listing *list,
       const struct cli_call *call)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		if (names_match(call, compl_entry_at(list, i)->name))
			wanted[count++] = compl_entry_at(list, i);
	return count;
}

/* A name has no control character unless the namespace is damaged. */
static void
print_escaped(const char *name)
{
	char shown[4 * COMPL_NAME_MAX + 1];

	text_escape(shown, sizeof(shown), name);
	output_line(shown);
}

static void
print(const struct cli_call *call, const struct compl_entry *const *entries, size_t count,
      size_t lines)
{
	if (call->set.json)
		json_listing(namespace_name(call), entries, count);
	else if (!call->set.names)
		table_listing(entries, count, call->set.is_long, lines);
	for (size_t i = 0; call->set.names && i < count && i < lines; i++)
		print_escaped(entries[i]->name);
}

/* Says at a terminal that there is nothing, and where there may be something. */
static void
tell_of_nothing(const struct cli_call *call)
{
	char others[512] = "";
	struct compl_spaces *list = NULL;
	size_t count = 0;

	if (call->set.json || !isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO))
		return;
	if (compl_spaces(&call->where, &list) != COMPL_OK)
		list = NULL;
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const char *space = compl_spaces_at(list, i);
		size_t used = strlen(others);

		if (strcmp(space, call->where.space != NULL ? call->where.space : "") == 0 ||
		    used > sizeof(others) - COMPL_SPACE_MAX - 8)
			continue;
		snprintf(others + used, sizeof(others) - used, "%s%s", count++ > 0 ? ", " : "",
			 space[0] != '\0' ? space : "(unnamed)");
	}
	message_line("nothing %s; other namespaces: %s (%s)",
		     call->name_count > 0 ? "matches" : "is there", count > 0 ? others : "none",
		     namespace_text(call));
	compl_spaces_free(list);
}

/* ---- once, or again and again --------------------------------------------------- */

/* What --watch has shown last. */
struct shown {
	uint64_t fingerprint;
	bool is_valid;
	uint32_t changes; /* compl_changes() before it was listed */
};

/* With --json, prints only what is not shown yet. */
static void
show_again(const struct cli_call *call, const struct compl_entry *const *entries, size_t count,
	   struct shown *shown)
{
	struct winsize size = { 0 };

	if (call->set.json) {
		uint64_t fingerprint = fingerprint_of(entries, count);

		if (!shown->is_valid || fingerprint != shown->fingerprint)
			print(call, entries, count, SIZE_MAX);
		shown->fingerprint = fingerprint;
		shown->is_valid = true;
		return;
	}
	output_text("\033[H\033[J"); /* to the upper left corner, and clears all from there on */
	output_format("%s\n", namespace_text(call));
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	print(call, entries, count, size.ws_row > 2 ? size.ws_row - 2u : SIZE_MAX);
}

/* Whether the processes are shown, and not only the names. */
static bool
is_detailed(const struct cli_call *call)
{
	return call->set.is_long || call->set.json;
}

/* shown is NULL without --watch. */
static enum compl_result
show(const struct cli_call *call, const struct compl_listing *list, struct shown *shown)
{
	const struct compl_entry **wanted = calloc(list->count + 1, sizeof(*wanted));
	size_t count;

	if (wanted == NULL ||
	    (is_detailed(call) && (!wait_names_collect(list) || !below_collect(list)))) {
		free(wanted);
		return COMPL_E_SYSTEM;
	}
	count = choose(wanted, list, call);
	if (shown != NULL)
		show_again(call, wanted, count, shown);
	else
		print(call, wanted, count, SIZE_MAX);
	free(wanted);
	output_end_or_die(NULL);
	if (shown == NULL && count == 0)
		tell_of_nothing(call);
	return COMPL_OK;
}

/* Prints the namespaces.  The system's unnamed one is shown as text that cannot be a name. */
static int
list_spaces(const struct cli_call *call)
{
	struct compl_spaces *list;
	enum compl_result result = compl_spaces(&call->where, &list);

	if (result != COMPL_OK)
		return failure_report(call, result, NULL, 0);
	for (size_t i = 0; i < list->count; i++) {
		const char *space = compl_spaces_at(list, i);

		if (names_match(call, space))
			output_line(space[0] != '\0' ? space : "(unnamed)");
	}
	compl_spaces_free(list);
	output_end_or_die(NULL);
	return STATUS_DONE;
}

/* Opens the namespace if *c is NULL or has gone, lists it, and shows that.  A namespace that is not
 * there is an empty list. */
static enum compl_result
list_once(const struct cli_call *call, struct compl_space **c, struct shown *shown)
{
	static const struct compl_listing empty;
	struct compl_listing *list = NULL;
	enum compl_result result = COMPL_OK;

	if (*c == NULL || compl_is_removed(*c))
		result = namespace_open(c, call, COMPL_LOOK | NAMESPACE_ENDED_SCOPE);
	if (result == COMPL_OK && shown != NULL)
		shown->changes = compl_changes(*c);
	if (result == COMPL_OK)
		result = compl_list_until(*c, COMPL_NEVER, is_detailed(call) ? 0 : COMPL_LIST_BRIEF,
					  &list);
	if (result == COMPL_OK || result == COMPL_E_NO_NAMESPACE)
		result = show(call, list != NULL ? list : &empty, shown);
	compl_list_free(list);
	return result;
}

#define LOOKS_PER_SECOND 10

/* Sleeps until something has changed in the namespace, a tenth of a second at least, and a second
 * at most.  Ends like a failed write if nobody reads what we print. */
static void
await_change(const struct compl_space *c, uint32_t changes)
{
	int looks = LOOKS_PER_SECOND;

	do {
		struct pollfd out = { .fd = STDOUT_FILENO };

		if (poll(&out, 1, 1000 / LOOKS_PER_SECOND) <= 0)
			continue;
		signals_raise(SIGPIPE);
		message_line("nobody reads standard output");
		exit(STATUS_FAILED);
	} while (--looks > 0 && (c == NULL || compl_changes(c) == changes));
}

static int
list_names(const struct cli_call *call)
{
	struct compl_space *c = NULL;
	struct shown shown = { 0 };
	enum compl_result result;

	if (call->set.watch && !call->set.json && !isatty(STDOUT_FILENO))
		usage_or_die(NULL, "--watch needs a terminal; with --json it needs none");
	while ((result = list_once(call, &c, call->set.watch ? &shown : NULL)) == COMPL_OK &&
	       call->set.watch)
		await_change(c, shown.changes);
	return result == COMPL_OK ? STATUS_DONE : failure_report(call, result, NULL, 0);
}

static int
run_ls(const struct cli_call *call)
{
	if (call->set.namespaces && call->set.watch)
		usage_or_die(NULL, "--namespaces and --watch exclude each other");
	return call->set.namespaces ? list_spaces(call) : list_names(call);
}

static const struct cli_option ls_options[] = {
	FLAG("long", is_long,
	     "also print a line for each waiter, producer, borrower and stray, and one about "
	     "waits that are over",
	     .letter = 'l'),
	FLAG("watch", watch,
	     "go on, and show it again when something changes, at least each second; with --json "
	     "print it again when something has changed"),
	FLAG("json", json, "print JSON", .group = GROUP_OWN),
	FLAG("names", names, "print only the names, a line each", .group = GROUP_OWN),
	FLAG("namespaces", namespaces, "print the namespaces of the user, a line each",
	     .group = GROUP_OWN),
	{ 0 },
};

const struct command cmd_ls = {
	.name = "ls",
	.operands = "[PATTERN...]",
	.summary = "list names, their states and their waiters",
	.text = "Lists the names that match a PATTERN, or all names.  Patterns are those of the\n"
		"shell; quote them.  STATE is pending, the counter, all, ready, failed, lent (all\n"
		"tokens are borrowed), or how full a barrier is, as 2/5.  SINCE is the time since\n"
		"the latest change.  --namespaces lists the namespaces instead.\n",
	.example = "compl ls -n shop 'db-*'\n"
		   "compl ls -n shop -l\n"
		   "compl ls -n shop --json | jq '.completions[].waiters | length'\n",
	.options = ls_options,
	.subject = ABOUT_NAMESPACE,
	.run = run_ls,
};
