/* SPDX-License-Identifier: ISC
 *
 * names.c - checks names, and walks them
 */
#include "cli/names.h"

#include <fnmatch.h>

#include "api/validate.h"
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/status.h"

static void
check_one_or_die(const struct cli_call *call, size_t index)
{
	const char *name = call->names[index];

	if (!compl_is_name(name))
		usage_or_die(NULL,
			     "'%s' is not a name: 1 to 127 of A-Z a-z 0-9 . _ : @ %% + / = -, "
			     "not beginning with '-'",
			     message_quote(name));
	if (validate_is_repeated(call->names, index))
		usage_or_die(NULL, "%s: this name is given twice", message_quote(name));
}

void
names_check_or_die(const struct cli_call *call)
{
	if (call->name_count == 0)
		usage_or_die(NULL, "needs a name");
	if (call->name_count > COMPL_NAMES_MAX)
		usage_or_die(NULL, "%zu names are too many: at most %d at once", call->name_count,
			     COMPL_NAMES_MAX);
	if (call->set.generation != 0 && call->name_count > 1)
		usage_or_die(NULL, "--generation is about one name, and here are %zu",
			     call->name_count);
	for (size_t i = 0; i < call->name_count; i++)
		check_one_or_die(call, i);
}

/* Opens the namespace if *c is NULL, and calls each for one name.  Does both again, each time the
 * namespace is removed in between. */
static enum compl_result
do_one(const struct cli_call *call, unsigned flags, struct compl_space **c, names_fn *each,
       const char *name)
{
	enum compl_result result;

	do {
		result = *c != NULL ? COMPL_OK : namespace_open(c, call, flags);
		if (result != COMPL_OK && result != COMPL_E_NO_NAMESPACE)
			return result;
		result = each(*c, name, &call->set);
		if (result == COMPL_E_NO_NAMESPACE)
			*c = NULL;
	} while (result == COMPL_E_NO_NAMESPACE);
	return result;
}

int
names_each(const struct cli_call *call, unsigned flags, names_fn *each)
{
	struct compl_space *c = NULL;

	for (size_t i = 0; i < call->name_count; i++) {
		enum compl_result result = do_one(call, flags, &c, each, call->names[i]);

		if (result != COMPL_OK)
			return failure_report(call, result, call->names[i], i);
	}
	return STATUS_DONE;
}

bool
names_match(const struct cli_call *call, const char *name)
{
	for (size_t i = 0; i < call->name_count; i++)
		if (fnmatch(call->names[i], name, 0) == 0)
			return true;
	return call->name_count == 0;
}
