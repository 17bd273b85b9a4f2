/* SPDX-License-Identifier: ISC
 *
 * sender.c - looks a process up in /proc
 *
 * A sender may have gone by the time its message is read (a script's helper that sends and
 * ends); its user is known all the same, and so is CMD's, which is alive or at least not reaped.
 * So what is asked first is what cannot be missed.
 */
#include "cli/sender.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number behind label, as "\nPPid:", in /proc/PID/status; -1 if it cannot be had. */
static int64_t
look_up(pid_t pid, const char *label)
{
	char text[2048], path[64], *found;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	found = strstr(text, label);
	return found != NULL ? strtol(found + strlen(label), NULL, 10) : -1;
}

static bool
is_below(pid_t pid)
{
	for (int steps = 0; pid > 0 && steps < 1000; steps++) {
		if (pid == getpid())
			return true;
		pid = (pid_t)look_up(pid, "\nPPid:");
	}
	return false;
}

bool
sender_is_trusted(const struct ucred *sender, pid_t cmd)
{
	int64_t uid = sender->uid;

	return uid == 0 || sender->uid == geteuid() || uid == look_up(cmd, "\nUid:") ||
	       is_below(sender->pid);
}
