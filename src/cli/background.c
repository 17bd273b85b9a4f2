/* SPDX-License-Identifier: ISC
 *
 * background.c - lets the process that the user has started end, while its child goes on
 *
 * The two have a pair of sockets.  The child says that all is well.  The parent blocks all signals,
 * and says "go on".  The child closes its end, and the parent ends.
 *
 * Crash: until the parent has said "go on", its death ends both: the child gets SIGTERM from the
 * kernel, or finds the socket closed.  After that a signal comes too late: it stays blocked, and
 * the parent ends with 0.  The child gives up the death signal before it closes its end, and the
 * parent ends after that; otherwise the end of the parent would be taken for its death.
 */
#include "cli/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/status.h"

#define ROOM_BELOW 64

static int other = -1; /* a socket to the other process */

/* Ends this process as the child has ended. */
static _Noreturn void
end_as(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			exit(STATUS_FAILED);
	if (WIFSIGNALED(status)) {
		signals_die(WTERMSIG(status));
		exit(STATUS_SIGNAL + WTERMSIG(status));
	}
	exit(WEXITSTATUS(status));
}

/* Whether the other process has sent a byte.  If not, it has closed its end, or is gone. */
static bool
hears(void)
{
	ssize_t count;
	char byte;

	do
		count = read(other, &byte, 1);
	while (count < 0 && errno == EINTR);
	return count == 1;
}

static void
say(void)
{
	send(other, "", 1, MSG_NOSIGNAL);
}

/* The background goes on whoever reads this.  So a pipe without a reader is a failed write like any
 * other, with a status that says so. */
static void
print_or_die(pid_t child)
{
	signal(SIGPIPE, SIG_IGN);
	output_format("%d\n", (int)child);
	output_end_or_die("the command goes on in the background");
}

static _Noreturn void
wait_and_end(pid_t child, bool print)
{
	sigset_t all;

	if (!hears())
		end_as(child);
	sigfillset(&all);
	signals_block(&all);
	say();
	while (hears())
		;
	if (print)
		print_or_die(child);
	exit(STATUS_DONE);
}

/* Standard output becomes a copy of standard error, which CMD does not inherit if it was closed at
 * the start (child_fill_descriptors()). */
static void
redirect(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFD);

	close(STDIN_FILENO);
	if (open("/dev/null", O_RDWR) < 0)
		child_fill_descriptors();
	dup2(STDERR_FILENO, STDOUT_FILENO);
	fcntl(STDOUT_FILENO, F_SETFD, flags);
}

/* Ordering: prctl() comes before getppid(), so that no death is missed. */
static void
settle(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		raise(SIGTERM);
	setsid();
	redirect();
	child_inherit_or_die(parent);
}

/* Moves the socket out of the way of descriptors that CMD inherits.  Returns its new number. */
static int
move(int fd, int avoid)
{
	int to = fcntl(fd, F_DUPFD_CLOEXEC, avoid == ROOM_BELOW ? avoid + 1 : ROOM_BELOW);

	if (to < 0)
		return fd; /* the limit on descriptors is low */
	close(fd);
	return to;
}

void
background_begin_or_die(bool print, int avoid)
{
	const pid_t parent = getpid();
	pid_t child = -1;
	int ends[2];

	signals_default(SIGCHLD); /* if it is ignored, the kernel drops the child's status */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0)
		child = fork();
	if (child < 0) {
		message_line("--background: %s", strerror(errno));
		exit(STATUS_FAILED);
	}
	other = ends[child == 0];
	close(ends[child != 0]);
	if (child > 0)
		wait_and_end(child, print);
	other = move(other, avoid);
	settle(parent);
}

void
background_let_go(void)
{
	say();
	if (hears())
		prctl(PR_SET_PDEATHSIG, 0);
	else
		kill(getpid(), SIGTERM);
	close(other);
	other = -1;
}
