/* SPDX-License-Identifier: ISC
 *
 * unit.c - finds a unit in the path of a control group
 *
 * systemd gives each unit a group of its own, in a hierarchy of slices.  A line of /proc/PID/cgroup
 * is NUMBER:CONTROLLERS:PATH.  The hierarchy of systemd has number 0 (version 2 of the groups), or
 * the controllers "name=systemd" (version 1).
 */
#include "cli/unit.h"

#include <string.h>

#include "api/proc.h"
#include "cli/cold.h"

/* What a unit that has processes may end with, apart from slices: those hold other units. */
static bool
is_unit(const char *name)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && dot != name && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(dot, kinds[i]) == 0)
			return true;
	return false;
}

/* Returns the path of the line if that is about systemd's hierarchy, or NULL. */
static char *
path_of_line(char *line)
{
	static const char version_1[] = ":name=systemd:";
	char *controllers = strchr(line, ':');

	if (strncmp(line, "0::", 3) == 0)
		return line + 3;
	if (controllers != NULL && strncmp(controllers, version_1, strlen(version_1)) == 0)
		return controllers + strlen(version_1);
	return NULL;
}

/* Copies the name of the innermost unit of a path.  systemd puts '_' before the name of a group
 * that the kernel could take for a file of its own. */
static bool
copy_innermost(char *text, size_t size, char *path)
{
	bool found = false;
	char *rest = path;

	for (char *name = strtok_r(path, "/", &rest); name != NULL;
	     name = strtok_r(NULL, "/", &rest)) {
		name += *name == '_';
		if (!is_unit(name) || strlen(name) >= size)
			continue;
		memcpy(text, name, strlen(name) + 1);
		found = true;
	}
	return found;
}

bool
unit_parse(char *text, size_t size, char *cgroup)
{
	char *rest = cgroup;

	for (char *line = strtok_r(cgroup, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *path = path_of_line(line);

		if (path != NULL && copy_innermost(text, size, path))
			return true;
	}
	return false;
}

bool
unit_read(char *text, size_t size, pid_t pid)
{
	COLD static char cgroup[4096];

	return proc_read(pid, "cgroup", cgroup, sizeof(cgroup)) && unit_parse(text, size, cgroup);
}
