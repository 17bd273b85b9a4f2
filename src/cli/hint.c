/* SPDX-License-Identifier: ISC
 *
 * hint.c - looks at names with the eyes of somebody who has forgotten a "--" or a blank
 */
#include "cli/hint.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/value.h"

/* A word without a slash would be looked for along PATH, and half of all names are there. */
static bool
may_be_path(const char *name)
{
	return strchr(name, '/') != NULL;
}

static bool
is_executable(const char *name)
{
	struct stat stat_of_name;

	return may_be_path(name) && stat(name, &stat_of_name) == 0 &&
	       S_ISREG(stat_of_name.st_mode) && access(name, X_OK) == 0;
}

/* Most names need no system call here. */
void
hint_about_names(const struct cli_call *call)
{
	const char *duration = call->set.timeout.text;

	for (size_t i = 0; i < call->name_count && !call->set.quiet; i++) {
		const char *name = call->names[i];
		bool is_unit =
			duration != NULL && value_lacks_unit(duration) && value_is_unit(name);

		if ((!is_unit && !may_be_path(name)) || !isatty(STDERR_FILENO))
			continue;
		if (is_unit)
			message_line("%s is taken as a name; did you mean '%s%s'?", name,
				     message_quote(duration), name);
		else if (is_executable(name))
			message_line("%s is taken as a name; did you mean '-- %s'?", name, name);
	}
}
