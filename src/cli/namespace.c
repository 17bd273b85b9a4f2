/* SPDX-License-Identifier: ISC
 *
 * namespace.c - chooses a namespace by -n, -u, --system and COMPL_NAMESPACE, and opens it
 */
#include "cli/namespace.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "cli/cold.h"
#include "cli/message.h"
#include "cli/value.h"

/* Finds a user by name or by number. */
static uid_t
find_user_or_die(const char *user)
{
	const struct passwd *entry = getpwnam(user);
	long long number;

	if (entry != NULL)
		return entry->pw_uid;
	if (strcmp(user, "0") == 0)
		return 0;
	if (!value_number(&number, user, 1, UINT32_MAX - 1))
		usage_or_die(NULL, "--user: there is no user '%s'", message_quote(user));
	return (uid_t)number;
}

/* The kernel passes this on at the start of the program, and nothing here changes it. */
static uid_t
own_user(void)
{
	return (uid_t)getauxval(AT_EUID);
}

static uid_t
choose_user_or_die(const char *user)
{
	uid_t self = own_user(), uid = user == NULL ? self : find_user_or_die(user);

	if (uid != self && self != 0)
		usage_or_die(NULL, "--user %s: only root may use another user's namespace",
			     message_quote(user));
	return uid;
}

static const char *
choose_space(const struct cli_settings *set, const char **source)
{
	const char *variable = set->system ? NULL : getenv("COMPL_NAMESPACE");

	*source = "--namespace";
	if (set->space != NULL || set->system)
		return set->space;
	*source = "COMPL_NAMESPACE";
	return variable != NULL && *variable != '\0' ? variable : "default";
}

void
namespace_choose_or_die(struct cli_call *call)
{
	const struct compl_where *where = &call->where;
	const char *source;

	call->where.system = call->set.system;
	call->where.space = choose_space(&call->set, &source);
	call->where.uid = choose_user_or_die(call->set.user);
	if (where->space != NULL && !compl_is_namespace(where->space))
		usage_or_die(NULL,
			     "%s: '%s' is not a namespace: 1 to 64 of A-Z a-z 0-9 . _ -, "
			     "not beginning with '.'",
			     source, message_quote(where->space));
}

enum compl_result
namespace_open(struct compl_space **c, const struct cli_call *call, unsigned flags)
{
	const unsigned ours = COMPL_ONE_THREAD | COMPL_ANY_DESCRIPTOR;
	static struct compl_space *space;
	enum compl_result result;

	compl_close(space);
	result = compl_open(&space, &call->where, ours | (flags & (COMPL_CREATE | COMPL_LOOK)));
	*c = space;
	if (result == COMPL_E_SCOPE_ENDED && (flags & NAMESPACE_ENDED_SCOPE))
		return COMPL_E_NO_NAMESPACE;
	return result;
}

enum compl_result
namespace_make_scope(struct cli_call *call)
{
	COLD static char name[COMPL_SPACE_MAX + 1];
	struct compl_space *space;
	enum compl_result result = compl_scope(&space, &call->where, 0, name);

	call->where.space = name;
	return result;
}

const char *
namespace_name(const struct cli_call *call)
{
	return call->where.space != NULL ? call->where.space : "system";
}

const char *
namespace_text(const struct cli_call *call)
{
	COLD static char text[128];

	if (call->where.system)
		snprintf(text, sizeof(text), "system namespace%s%s", call->where.space ? " " : "",
			 call->where.space ? call->where.space : "");
	else
		snprintf(text, sizeof(text), "namespace %s of uid %u", call->where.space,
			 (unsigned)call->where.uid);
	return text;
}

const char *
namespace_options(const struct cli_call *call)
{
	COLD static char text[128];
	const struct compl_where *where = &call->where;

	if (where->system)
		snprintf(text, sizeof(text), "--system%s%s", where->space ? " -n " : "",
			 where->space ? where->space : "");
	else if (where->uid != own_user())
		snprintf(text, sizeof(text), "-u %u -n %s", (unsigned)where->uid, where->space);
	else
		snprintf(text, sizeof(text), "-n %s", where->space);
	return text;
}
