/* SPDX-License-Identifier: ISC
 *
 * ls.c - lists the names of a namespace, or the namespaces
 */
#include <fnmatch.h>
#include <stdlib.h>

#include "cli/failure.h"
#include "cli/json.h"
#include "cli/namespace.h"
#include "cli/output.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cmd/cmd.h"

static bool
is_wanted(const struct cli_call *call, const char *name)
{
	for (size_t i = 0; i < call->name_count; i++)
		if (fnmatch(call->names[i], name, 0) == 0)
			return true;
	return call->name_count == 0;
}

/* Puts the entries that a pattern matches into wanted, in order.  Returns how many there are. */
static size_t
choose(const struct compl_entry **wanted, const struct compl_listing *list,
       const struct cli_call *call)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		if (is_wanted(call, compl_entry_at(list, i)->name))
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
print(const struct cli_call *call, const struct compl_entry *const *entries, size_t count)
{
	if (call->set.json)
		json_listing(namespace_name(call), entries, count);
	else if (!call->set.names)
		table_listing(entries, count, call->set.is_long);
	for (size_t i = 0; call->set.names && i < count; i++)
		print_escaped(entries[i]->name);
}

static enum compl_result
show(const struct cli_call *call, const struct compl_listing *list)
{
	const struct compl_entry **wanted = calloc(list->count + 1, sizeof(*wanted));

	if (wanted == NULL)
		return COMPL_E_SYSTEM;
	print(call, wanted, choose(wanted, list, call));
	free(wanted);
	output_end_or_die(NULL);
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

		if (is_wanted(call, space))
			output_line(space[0] != '\0' ? space : "(unnamed)");
	}
	compl_spaces_free(list);
	output_end_or_die(NULL);
	return STATUS_DONE;
}

static int
list_names(const struct cli_call *call)
{
	static const struct compl_listing empty;
	struct compl_listing *list = NULL;
	enum compl_result result;
	struct compl_space *c;

	result = namespace_open(&c, call, NAMESPACE_ENDED_SCOPE);
	if (result == COMPL_OK)
		result = compl_list(c, &list);
	if (result == COMPL_OK || result == COMPL_E_NO_NAMESPACE)
		result = show(call, list != NULL ? list : &empty);
	compl_list_free(list);
	return result == COMPL_OK ? STATUS_DONE : failure_report(call, result, NULL, 0);
}

static int
run_ls(const struct cli_call *call)
{
	return call->set.namespaces ? list_spaces(call) : list_names(call);
}

static const struct cli_option ls_options[] = {
	FLAG("long", is_long,
	     "also print a line for each waiter and producer, and one about waits that are over",
	     .letter = 'l'),
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
		"shell; quote them.  STATE is pending, done or all, by the counter alone.  AGE\n"
		"is the time since the name was made or reinitialised.  --namespaces lists the\n"
		"namespaces instead.\n",
	.example = "compl ls -n shop 'db-*'\n"
		   "compl ls -n shop -l\n"
		   "compl ls -n shop --json | jq '.completions[].waiters | length'\n",
	.options = ls_options,
	.subject = ABOUT_NAMESPACE,
	.run = run_ls,
};
