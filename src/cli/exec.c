/* SPDX-License-Identifier: ISC
 *
 * exec.c - finds and starts CMD
 *
 * It does not use execvp(), because musl's does not pass a script without "#!" to the shell.
 */
#include "cli/exec.h"

#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/signals.h"
#include "cli/status.h"

static int told = -1; /* exec_tell() */

/* Runs cmd as a shell script. */
static void
exec_script(const char *path, char **cmd)
{
	size_t count = 0;
	char **words;

	while (cmd[count] != NULL)
		count++;
	words = calloc(count + 2, sizeof(*words));
	if (words == NULL)
		return;
	words[0] = cmd[0];
	words[1] = (char *)path;
	for (size_t i = 1; i < count; i++)
		words[i + 1] = cmd[i];
	execv(_PATH_BSHELL, words);
	free(words);
}

static void
exec_path(const char *path, char **cmd)
{
	execv(path, cmd);
	if (errno == ENOEXEC)
		exec_script(path, cmd);
}

/* Whether error is about one directory of PATH, so that the next one is tried. */
static bool
is_of_path(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case ELOOP:
	case ENAMETOOLONG:
	case ENODEV:
	case ESTALE:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

/* Tries each directory of PATH.  If it returns, errno says why: EACCES if a file was there that may
 * not be run; ENOENT if there was no file; or another error, which ends the search at once. */
static void
exec_search(char **cmd)
{
	const char *dirs = getenv("PATH") ?: _PATH_DEFPATH;
	int error = ENOENT;
	char path[PATH_MAX];

	for (const char *dir = dirs, *end; dir != NULL; dir = *end == ':' ? end + 1 : NULL) {
		int length;

		end = dir + strcspn(dir, ":");
		length = (int)(end - dir);
		if (snprintf(path, sizeof(path), "%.*s%s%s", length, dir, length > 0 ? "/" : "",
			     cmd[0]) >= (int)sizeof(path))
			continue;
		exec_path(path, cmd);
		if (!is_of_path(errno))
			return;
		if (errno == EACCES)
			error = EACCES;
	}
	errno = error;
}

void
exec_set_or_die(const char *variable, const char *text)
{
	if (setenv(variable, text, 1) == 0)
		return;
	message_line("%s: %s", variable, strerror(errno));
	exit(STATUS_CANNOT_RUN);
}

void
exec_tell(int fd)
{
	told = fd;
}

_Noreturn void
exec_or_die(char **cmd, const char *consequence)
{
	uint8_t status;
	int error;

	signals_restore();
	if (strchr(cmd[0], '/') != NULL)
		exec_path(cmd[0], cmd);
	else if (*cmd[0] == '\0')
		errno = ENOENT;
	else
		exec_search(cmd);
	error = errno;
	message_line("'%s': %s%s%s", message_quote(cmd[0]), strerror(error),
		     consequence ? "; " : "", consequence ? consequence : "");
	status = error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
	if (told >= 0 && write(told, &status, sizeof(status)) < 0)
		message_line("cannot tell that: %s", strerror(errno));
	exit(status);
}
