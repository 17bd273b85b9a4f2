/* SPDX-License-Identifier: ISC
 *
 * with-stderr.c - runs a command whose standard error is not what it expects
 *
 * Usage: with-stderr [nonblocking] STATE KIND CMD...
 *
 * KIND is pipe, fifo, stream, datagram (two kinds of sockets) or terminal.  STATE is open, full
 * (nobody reads), slow (full, and soon somebody reads), stopped (a terminal after Control-S), or
 * broken (the reader has gone).  With nonblocking, O_NONBLOCK is set.
 *
 * It prints how CMD ended, as `ending` does, and then what CMD wrote.  It fails if the flags have
 * changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define FILLER '#' /* is in no line */

static int reader, writer; /* writer is to be standard error */

static _Noreturn void
die(const char *what)
{
	fprintf(stdout, "with-stderr: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
make_terminal(void)
{
	struct termios settings;

	reader = posix_openpt(O_RDWR | O_NOCTTY);
	if (reader < 0 || grantpt(reader) != 0 || unlockpt(reader) != 0)
		die("posix_openpt");
	writer = open(ptsname(reader), O_RDWR | O_NOCTTY);
	if (writer < 0 || tcgetattr(writer, &settings) != 0)
		die("terminal");
	settings.c_oflag &= ~(tcflag_t)OPOST;
	settings.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(writer, TCSANOW, &settings);
}

static void
make_fifo(void)
{
	char name[] = "/tmp/with-stderr.XXXXXX", path[sizeof(name) + 8];

	if (mkdtemp(name) == NULL)
		die("mkdtemp");
	snprintf(path, sizeof(path), "%s/fifo", name);
	if (mkfifo(path, 0600) != 0)
		die("mkfifo");
	reader = open(path, O_RDONLY | O_NONBLOCK);
	writer = open(path, O_WRONLY);
	unlink(path);
	rmdir(name);
}

static void
make(const char *kind)
{
	int ends[2] = { -1, -1 };

	if (strcmp(kind, "pipe") == 0 && pipe(ends) != 0)
		die(kind);
	if (strcmp(kind, "stream") == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		die(kind);
	if (strcmp(kind, "datagram") == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		die(kind);
	reader = ends[0];
	writer = ends[1];
	if (strcmp(kind, "terminal") == 0)
		make_terminal();
	if (strcmp(kind, "fifo") == 0)
		make_fifo();
	if (reader < 0 || writer < 0)
		die(kind);
	fcntl(reader, F_SETFD, FD_CLOEXEC);
	fcntl(writer, F_SETFD, FD_CLOEXEC);
}

/* A terminal moves on what it has taken.  It counts as full if it still is a moment later. */
static void
fill(void)
{
	char bytes[4096];
	int flags = fcntl(writer, F_GETFL);
	bool was_full = false;

	memset(bytes, FILLER, sizeof(bytes));
	fcntl(writer, F_SETFL, flags | O_NONBLOCK);
	while (!was_full) {
		was_full = true;
		while (write(writer, bytes, sizeof(bytes)) > 0 || write(writer, bytes, 1) > 0)
			was_full = false;
		usleep(3000);
	}
	fcntl(writer, F_SETFL, flags);
}

/* Control-S has an effect when the kernel has got round to it. */
static void
stop_terminal(void)
{
	const char control_s = '\023';
	char byte = FILLER;
	int flags = fcntl(writer, F_GETFL);

	if (write(reader, &control_s, 1) != 1)
		die("write");
	fcntl(writer, F_SETFL, flags | O_NONBLOCK);
	while (write(writer, &byte, 1) > 0)
		usleep(1000);
	fcntl(writer, F_SETFL, flags);
}

static void
copy_out(void)
{
	static char bytes[1 << 20];
	ssize_t length;

	fcntl(reader, F_SETFL, O_NONBLOCK);
	while ((length = read(reader, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < length; i++)
			if (bytes[i] != FILLER)
				putchar(bytes[i]);
}

static pid_t
start(char **cmd)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	dup2(writer, STDERR_FILENO);
	execvp(*cmd, cmd);
	_exit(127);
}

int
main(int argc, char **argv)
{
	bool nonblocking = argc > 1 && strcmp(argv[1], "nonblocking") == 0;
	const char *state;
	int flags, status;
	pid_t pid;

	argv += nonblocking;
	if (argc < 4 + nonblocking)
		return 2;
	state = argv[1];
	make(argv[2]);
	if (strcmp(state, "full") == 0 || strcmp(state, "slow") == 0)
		fill();
	else if (strcmp(state, "stopped") == 0)
		stop_terminal();
	else if (strcmp(state, "broken") == 0)
		close(reader);
	flags = fcntl(writer, F_GETFL) | (nonblocking ? O_NONBLOCK : 0);
	fcntl(writer, F_SETFL, flags);
	pid = start(argv + 3);
	if (strcmp(state, "slow") == 0) {
		usleep(20000);
		copy_out();
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	printf(WIFSIGNALED(status) ? "signal %d\n" : "exit %d\n",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (strcmp(state, "broken") != 0)
		copy_out();
	if (fcntl(writer, F_GETFL) != flags)
		die("the flags have changed");
	return 0;
}
