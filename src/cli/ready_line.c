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

#include "api/validate.h"
#include "cli/cold.h"
#include "cli/message.h"
#include "cli/status.h"
#include "compl.h"

static int ours = -1, theirs = -1;
COLD static char line[COMPL_VALUE_MAX + 1];
static size_t used;   /* sizeof(line): it is too long */
static bool has_line; /* it has ended; what follows is ignored */

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

/* Returns the line, or NULL after a message if it cannot be a value. */
static const char *
as_value(void)
{
	bool fits = used < sizeof(line);

	if (fits)
		line[used] = '\0';
	if (fits && strlen(line) == used && validate_is_value(line))
		return line;
	message_line("--ready: CMD is ready, but its line is not a value: UTF-8, at most %d bytes",
		     COMPL_VALUE_MAX);
	return NULL;
}

bool
ready_line_hear(const char **text)
{
	char bytes[512], *end;
	ssize_t length;

	while ((length = read(ours, bytes, sizeof(bytes))) > 0) {
		if (has_line)
			continue;
		end = memchr(bytes, '\n', (size_t)length);
		append(bytes, end != NULL ? (size_t)(end - bytes) : (size_t)length);
		has_line = end != NULL;
		if (has_line) {
			*text = as_value();
			return true;
		}
	}
	if (length == 0) { /* no process has the other end any more */
		close(ours);
		ours = -1;
	}
	return false;
}
