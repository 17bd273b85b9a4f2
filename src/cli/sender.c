/* SPDX-License-Identifier: ISC
 *
 * sender.c - looks at the user of a sender, and at the processes above it
 *
 * A sender may have gone by the time its message is read: a script's helper, say, that sends and
 * ends.  Its pid and its user came with the message.  The kernel keeps nothing else of a process
 * that was reaped, but its cgroup, which it may have shared with strangers.  So pid and user are
 * looked at first, and the processes above the sender last.
 *
 * From Linux 6.13 on a pidfd tells parent and user, and /proc is not read: it may be missing, it
 * may hide the processes of others (hidepid=2), and a stranger's message must cost little.  From
 * Linux 6.5 on the pidfd comes with the message.  So a number that belongs to another process by
 * now is not taken for the sender.
 */
#include "cli/sender.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/clock.h"
#include "api/pidfd.h"
#include "api/proc.h"

#define STEPS_MAX 1000 /* a chain of parents cannot be longer, unless it changes meanwhile */

#define SLOTS 4096

static uid_t user_of_cmd = SENDER_UNKNOWN;

/* Reads the number after the label, which begins with the newline before it. */
static bool
read_number(const char *text, const char *label, long *number)
{
	const char *found = strstr(text, label);

	if (found == NULL)
		return false;
	*number = strtol(found + strlen(label), NULL, 10);
	return true;
}

static bool
read_proc(pid_t pid, struct process *process)
{
	char text[2048];
	long parent, user;

	if (!proc_read(pid, "status", text, sizeof(text)) ||
	    !read_number(text, "\nPPid:", &parent) || !read_number(text, "\nUid:", &user))
		return false;
	*process = (struct process){ (pid_t)parent, (uid_t)user };
	return true;
}

/* Ordering: /proc is read first.  If the process is not reaped afterwards, its number belonged to
 * it all the time. */
static bool
read_process(int pidfd, pid_t pid, struct process *process)
{
	if (pidfd_read(pidfd, process))
		return true;
	return errno != ESRCH && read_proc(pid, process) && !pidfd_is_reaped(pidfd);
}

static bool
look_up(pid_t pid, struct process *process)
{
	int fd = pidfd_open_pid(pid);
	bool found;

	if (fd < 0)
		return errno != ESRCH && read_proc(pid, process);
	found = read_process(fd, pid, process);
	close(fd);
	return found;
}

/* Process 1 is above every process of its pid namespace, also above one that was reaped.  Returns
 * whether it is above this one. */
static bool
look_below_init(pid_t pid)
{
	return getpid() == 1 && pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

/* ---- processes that are not below this one ----------------------------------------- */

/* A stranger can have a thousand processes above it.  So what was found of them is kept, and a walk
 * ends where an earlier one has been.  It is kept for a second at most, because numbers are used
 * again. */
static pid_t *refused; /* SLOTS of them, or NULL: nothing is kept */
static int64_t refused_since_ns;

static void
forget_refused(int64_t now_ns)
{
	if (refused != NULL)
		memset(refused, 0, SLOTS * sizeof(*refused));
	refused_since_ns = now_ns;
}

static void
refresh_refused(void)
{
	int64_t now_ns = clock_now_ns();

	if (refused == NULL)
		refused = calloc(SLOTS, sizeof(*refused));
	if (now_ns - refused_since_ns >= CLOCK_SECOND_NS)
		forget_refused(now_ns);
}

/* Returns false if it was noted before. */
static bool
note_refused(pid_t pid)
{
	pid_t *slot = refused != NULL ? &refused[(unsigned)pid % SLOTS] : NULL;

	if (slot == NULL)
		return true;
	if (*slot == pid)
		return false;
	*slot = pid;
	return true;
}

/* Returns whether this process is above that one.  If it is, or if one of them ended meanwhile,
 * what the walk has noted may be wrong. */
static bool
climb(struct process process)
{
	bool found = true;

	refresh_refused();
	for (int steps = 0; found && process.parent > 0 && steps < STEPS_MAX; steps++) {
		if (process.parent == getpid()) {
			forget_refused(refused_since_ns);
			return true;
		}
		if (!note_refused(process.parent))
			return false;
		found = look_up(process.parent, &process);
	}
	if (!found)
		forget_refused(refused_since_ns);
	return false;
}

/* Returns whether the sender is this process or one below it. */
static bool
look_above(const struct sender *sender)
{
	struct process process;
	bool found = sender->pidfd >= 0 ? read_process(sender->pidfd, sender->pid, &process)
					: !sender->is_reaped && look_up(sender->pid, &process);

	if (!found || sender->pid == getpid())
		return found || look_below_init(sender->pid);
	return climb(process);
}

static uid_t
learn_user(pid_t cmd)
{
	struct process process;

	if (look_up(cmd, &process))
		user_of_cmd = process.user;
	return user_of_cmd;
}

bool
sender_is_known(const struct sender *sender, pid_t cmd)
{
	return sender->pid == cmd || sender->user == 0 || sender->user == geteuid();
}

bool
sender_judge(const struct sender *sender, pid_t cmd)
{
	if (sender->user == SENDER_UNKNOWN)
		return false;
	return sender_is_known(sender, cmd) || sender->user == learn_user(cmd) ||
	       look_above(sender);
}
