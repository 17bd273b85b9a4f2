/* SPDX-License-Identifier: ISC
 *
 * sender.c - looks at the user of a sender, and at the processes above it
 *
 * A sender may have gone by the time its message is read: a script's helper, say, that sends and
 * ends.  Its user is known even then.  So is that of CMD, which is alive or at least not reaped.
 * So sender_is_trusted() looks at the users first.
 */
#include "cli/sender.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/proc.h"

/* Returns the real uid of the process, or -1 if it cannot be read. */
static int64_t
user_of(pid_t pid)
{
	static const char label[] = "\nUid:";
	char text[2048], *found;

	if (!proc_read(pid, "status", text, sizeof(text)) || (found = strstr(text, label)) == NULL)
		return -1;
	return strtol(found + strlen(label), NULL, 10);
}

/* Whether pid is this process or one below it. */
static bool
is_below(pid_t pid)
{
	struct proc_stat stat = { .parent = pid };

	for (int steps = 0; stat.parent > 0 && steps < 1000; steps++) {
		if (stat.parent == getpid())
			return true;
		if (!proc_read_stat(stat.parent, &stat))
			return false;
	}
	return false;
}

bool
sender_is_trusted(const struct ucred *sender, pid_t cmd)
{
	int64_t uid = sender->uid;

	return uid == 0 || sender->uid == geteuid() || uid == user_of(cmd) || is_below(sender->pid);
}
