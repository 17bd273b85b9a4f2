/* SPDX-License-Identifier: ISC
 *
 * cli-names.c - checks names, and walks them
 */
#include "cli-names.h"

#include <string.h>

#include "cli-failure.h"
#include "cli-message.h"
#include "cli-place.h"
#include "cli-status.h"

static void
check_one_or_die(const struct cli_call *call, size_t index)
{
	const char *name = call->names[index];

	if (!compl_is_name(name))
		usage_or_die(NULL,
			     "'%s' is not a name: 1 to 127 of A-Z a-z 0-9 . _ : @ %% + / = -, "
			     "not beginning with '-'",
			     name);
	for (size_t i = 0; i < index; i++)
		if (strcmp(call->names[i], name) == 0)
			usage_or_die(NULL, "%s: given twice", name);
}

void
names_check_or_die(const struct cli_call *call)
{
	if (call->name_count == 0)
		usage_or_die(NULL, "needs a name");
	if (call->name_count > COMPL_NAMES_MAX)
		usage_or_die(NULL, "%zu names; at most %d at once", call->name_count,
			     COMPL_NAMES_MAX);
	for (size_t i = 0; i < call->name_count; i++)
		check_one_or_die(call, i);
}

int
names_each(const struct cli_call *call, unsigned flags, names_fn *each)
{
	enum compl_result result;
	struct compl_space *c;
	size_t i = 0;

	result = place_open(&c, call, flags);
	if (result != COMPL_OK && result != COMPL_E_NO_SEGMENT)
		return failure_report(call, result, NULL, 0);
	do
		result = each(c, call->names[i], &call->set);
	while (result == COMPL_OK && ++i < call->name_count);
	if (result != COMPL_OK)
		failure_report(call, result, call->names[i], i);
	return result == COMPL_OK ? STATUS_DONE : STATUS_FAILED;
}
