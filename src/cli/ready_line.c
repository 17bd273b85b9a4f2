/* SPDX-License-Identifier: ISC
 *
 * ready_line.c - a pipe to CMD
 */
#include "cli/ready_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/pidfd.h"
#include "api/proc.h"
#include "api/validate.h"
#include "cli/cold.h"
#include "cli/message.h"
#include "cli/status.h"
#include "compl.h"

#define END_MS 100

static int ours = -1, theirs = -1;
static int number_of_cmd; /* what CMD calls its end */
COLD static char line[COMPL_VALUE_MAX + 1];
static size_t used;   /* sizeof(line): it is too long */
static bool has_line; /* at least one has ended */
/* What was read and not looked at yet. */
COLD static char chunk[512];
static size_t chunk_from, chunk_to;

static void
check_or_die(int number)
{
	struct rlimit limit;

	if (fcntl(number, F_GETFD) >= 0)
		usage_or_die(NULL,
			     "--ready: descriptor %d is open already, and CMD inherits it; "
			     "use another number",
			     number);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)number >= limit.rlim_cur)
		usage_or_die(NULL,
			     "--ready: descriptor %d is beyond the limit on open files, "
			     "'ulimit -n'; use a smaller number",
			     number);
}

void
ready_line_begin_or_die(int number)
{
	int ends[2];

	check_or_die(number);
	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		message_line("--ready: cannot make a pipe for CMD: %s", strerror(errno));
		exit(STATUS_FAILED);
	}
	number_of_cmd = number;
	ours = ends[0];
	theirs = ends[1];
}

/* If a descriptor has that number in the child by now, it is one of this program, and exec would
 * close it.  So dup2() may replace it. */
void
ready_line_give(int number)
{
	int rc = theirs == number ? fcntl(number, F_SETFD, 0) : dup2(theirs, number);

	if (rc >= 0)
		return;
	message_line("--ready: cannot give CMD descriptor %d: %s", number, strerror(errno));
	_exit(STATUS_CANNOT_RUN);
}

struct pollfd
ready_line_wish(void)
{
	if (theirs >= 0)
		close(theirs); /* by now CMD has it */
	theirs = -1;
	return (struct pollfd){ .fd = ours, .events = POLLIN };
}

/* Adds to the line as many bytes as fit. */
static void
append(const char *bytes, size_t length)
{
	size_t room = used < sizeof(line) ? sizeof(line) - used : 0;

	memcpy(line + used, bytes, length < room ? length : room);
	used += length < room ? length : room;
}

/* Returns the line, or NULL if it cannot be a value: after a message, if it is the first line. */
static const char *
as_value(void)
{
	bool fits = used < sizeof(line);

	if (fits)
		line[used] = '\0';
	if (fits && strlen(line) == used && validate_is_value(line))
		return line;
	if (!has_line)
		message_line("--ready: CMD is ready, but its line is not a value: UTF-8, at most "
			     "%d bytes",
			     COMPL_VALUE_MAX);
	return NULL;
}

/* A process that ends lets go of its memory before it closes its descriptors, and is reported to
 * its parent after that.  Without /proc only that report can be waited for. */
static bool
is_ending(pid_t cmd)
{
	struct pollfd end = { .events = POLLIN };
	char text[64];
	bool has_ended;

	if (proc_read(cmd, "statm", text, sizeof(text)))
		return strncmp(text, "0 ", 2) == 0;
	end.fd = pidfd_open_pid(cmd);
	has_ended = end.fd >= 0 && poll(&end, 1, END_MS) == 1;
	if (end.fd >= 0)
		close(end.fd);
	return has_ended;
}

/* No process has the other end any more. */
static void
hear_end(pid_t cmd)
{
	close(ours);
	ours = -1;
	if (!has_line && cmd != 0 && !is_ending(cmd))
		message_line("--ready: CMD has closed descriptor %d without a line, so it cannot "
			     "say any more that it is ready; its waiters wait for its end",
			     number_of_cmd);
}

/* Moves bytes from the chunk to the line.  Returns whether the line has ended. */
static bool
take_line(void)
{
	const char *from = chunk + chunk_from;
	const char *end = memchr(from, '\n', chunk_to - chunk_from);
	size_t length = end != NULL ? (size_t)(end - from) : chunk_to - chunk_from;

	append(from, length);
	chunk_from += length + (end != NULL);
	return end != NULL;
}

bool
ready_line_hear(pid_t cmd, const char **text)
{
	ssize_t length = 1;

	while (!take_line() && (length = read(ours, chunk, sizeof(chunk))) > 0) {
		chunk_from = 0;
		chunk_to = (size_t)length;
	}
	if (length <= 0) {
		if (length == 0)
			hear_end(cmd);
		return false;
	}
	*text = as_value();
	has_line = true;
	used = 0;
	return true;
}
