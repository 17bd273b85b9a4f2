/* SPDX-License-Identifier: ISC
 *
 * sender.c - asks whose process a sender is, and below whom
 *
 * A sender may have gone by the time its message is read (a script's helper that sends and
 * ends); its user is known all the same, and so is CMD's, which is alive or at least not reaped.
 * So what is asked first is what cannot be missed.
 */
#include "cli/sender.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/proc.h"

/* The real user of the process; -1 if it cannot be had. */
static int64_t
user_of(pid_t pid)
{
	static const char label[] = "\nUid:";
	char text[2048], *found;

	if (!proc_read(pid, "status", text, sizeof(text)) || (found = strstr(text, label)) == NULL)
		return -1;
	return strtol(found + strlen(label), NULL, 10);
}

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
