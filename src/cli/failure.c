/* SPDX-License-Identifier: ISC
 *
 * failure.c - what each failure means for who typed the command
 */
#include "cli/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cold.h"
#include "cli/message.h"
#include "cli/namespace.h"
#include "cli/status.h"

enum scope {
	OF_NAME,
	OF_SEGMENT,	   /* the line names the file too */
	OF_BROKEN_SEGMENT, /* and the command that clears it away */
	OF_OTHER_FILE,	   /* the same, where that is not for compl to do */
};

struct explanation {
	enum compl_result result;
	enum scope scope;
	const char *why; /* NULL: what compl_strresult() says */
	const char *advice;
};

static const struct explanation explanations[] = {
	{ COMPL_E_ARGUMENT, OF_NAME, NULL, NULL },
	{ COMPL_E_BAD_NAME, OF_NAME, NULL, NULL },
	{ COMPL_E_BAD_VALUE, OF_NAME, NULL, NULL },
	{ COMPL_E_NO_NAME, OF_NAME, NULL, "'compl ls' shows those there are" },
	{ COMPL_E_SCOPE_ENDED, OF_NAME, NULL, NULL },
	{ COMPL_E_EXISTS, OF_NAME, "is initialised already, or carries a token, status or value",
	  "--exist-ok takes it as it is, 'compl reinit' resets it" },
	{ COMPL_E_BUSY, OF_NAME, "has tokens for somebody who still waits",
	  "try again when they are taken, or --force" },
	{ COMPL_E_OVERFLOW, OF_NAME, "the counter would pass 4294967294",
	  "let somebody take tokens, or 'compl reinit' it" },
	{ COMPL_E_FULL_NAMES, OF_NAME, "no room for another name in the namespace",
	  "'compl rm' some, or use another with -n" },
	{ COMPL_E_FULL_WAITERS, OF_NAME, "no room for another waiter in the namespace",
	  "try again when some have gone, or use another with -n" },
	{ COMPL_E_FULL_PRODUCERS, OF_NAME, "no room for another producer of it",
	  "try again when one has ended, or use another name" },
	{ COMPL_E_FULL_DISK, OF_SEGMENT, "its file system is full", "make room there" },
	{ COMPL_E_LOCKED, OF_SEGMENT, "its lock was not free within a second",
	  "look for a stopped process that uses it" },
	{ COMPL_E_WRONG_OWNER, OF_OTHER_FILE, NULL, "use another namespace with -n" },
	{ COMPL_E_WRONG_FILE, OF_OTHER_FILE, "is not a file of compl's",
	  "use another namespace with -n" },
	{ COMPL_E_WRONG_VERSION, OF_BROKEN_SEGMENT, "is in use by another version of compl",
	  "use that one, or another namespace with -n" },
	{ COMPL_E_DAMAGED, OF_BROKEN_SEGMENT, "is damaged",
	  "'compl check' shows how; use another namespace with -n" },
};

/* What to do about an errno. */
static const struct {
	int error;
	const char *advice;
} remedies[] = {
	{ EACCES, "look at the mode of its directory" },
	{ EFBIG, "raise the limit on file sizes, 'ulimit -f'" },
	{ EMFILE, "raise the limit on open files, 'ulimit -n'" },
	{ ENOENT, "its directory must be there, commonly a tmpfs" },
	{ ENOMEM, "raise the limit on memory, 'ulimit -v'" },
	{ ENOSYS, "the kernel, or a sandbox's system call filter, lacks what compl needs" },
	{ EPERM, "a sandbox's system call filter may be in the way" },
	{ EROFS, "its file system must be writable" },
};

static struct explanation
explain_errno(int error)
{
	struct explanation e = { COMPL_E_SYSTEM, OF_SEGMENT, strerror(error), NULL };

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].error == error)
			e.advice = remedies[i].advice;
	return e;
}

static struct explanation
explain(enum compl_result result)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].result == result)
			return explanations[i];
	return (struct explanation){ result, OF_SEGMENT, NULL, NULL };
}

/* Whose file it is, for a segment that is not ours to use. */
static void
describe_owner(char *text, size_t size, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		snprintf(text, size, "belongs to uid %u, with mode %04o", (unsigned)st.st_uid,
			 (unsigned)st.st_mode & 07777U);
	else
		snprintf(text, size, "is not there, and only its owner may make it");
}

static bool
is_removable(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && (geteuid() == 0 || st.st_uid == geteuid());
}

static const char *
why(const struct explanation *e, const char *path)
{
	COLD static char text[128];

	if (e->why != NULL)
		return e->why;
	if (e->result != COMPL_E_WRONG_OWNER)
		return compl_strresult(e->result);
	describe_owner(text, sizeof(text), path);
	return text;
}

/* " (already done: a, b)" */
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

int
failure_report(const struct cli_call *call, enum compl_result result, const char *name, size_t done)
{
	struct explanation e = result == COMPL_E_SYSTEM ? explain_errno(errno) : explain(result);
	char path[COMPL_PATH_MAX] = "", file[COMPL_PATH_MAX + 2] = "";
	char remedy[COMPL_PATH_MAX + 64] = "";

	compl_path(path, sizeof(path), &call->where);
	if (e.scope != OF_NAME)
		snprintf(file, sizeof(file), "%s: ", path);
	if (e.scope == OF_BROKEN_SEGMENT)
		snprintf(remedy, sizeof(remedy), ", or clear it with 'compl rm --all --force %s'",
			 namespace_options(call));
	else if (e.scope == OF_OTHER_FILE && is_removable(path))
		snprintf(remedy, sizeof(remedy), ", or remove it with 'rm %s'", path);
	message_line("%s%s%s%s%s%s%s (%s)%s", name ? name : "", name ? ": " : "", file,
		     why(&e, path), e.advice ? "; " : "", e.advice ? e.advice : "", remedy,
		     namespace_text(call), list_done(call, done));
	return STATUS_FAILED;
}
