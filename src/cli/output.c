/* SPDX-License-Identifier: ISC
 *
 * output.c - one buffer in front of stdout
 *
 * stdio would do, but a wait that prints its value should not pay for it.
 */
#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cold.h"
#include "cli/message.h"
#include "cli/signals.h"
#include "cli/status.h"

COLD static char buffer[4096];
static size_t used;
static int failure; /* errno of the first write that failed */

/* Standard output may be non-blocking, because others share its flags. */
static void
wait_for_room(void)
{
	struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };

	poll(&room, 1, -1);
}

static void
write_out(void)
{
	size_t written = 0;

	while (failure == 0 && written < used) {
		ssize_t n = write(STDOUT_FILENO, buffer + written, used - written);

		if (n >= 0)
			written += (size_t)n;
		else if (errno == EAGAIN)
			wait_for_room();
		else if (errno != EINTR)
			failure = errno;
	}
	used = 0;
	if (failure == EPIPE)
		signals_raise(SIGPIPE);
}

void
output_bytes(const char *bytes, size_t length)
{
	while (length > 0) {
		size_t room = sizeof(buffer) - used;
		size_t part = length < room ? length : room;

		memcpy(buffer + used, bytes, part);
		used += part;
		bytes += part;
		length -= part;
		if (used == sizeof(buffer))
			write_out();
	}
}

void
output_text(const char *text)
{
	output_bytes(text, strlen(text));
}

void
output_line(const char *text)
{
	output_text(text);
	output_bytes("\n", 1);
}

void
output_format(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	output_text(text);
}

void
output_end_or_die(const char *consequence)
{
	write_out();
	if (failure == 0)
		return;
	message_line("cannot write to standard output: %s%s%s", strerror(failure),
		     consequence ? "; " : "", consequence ? consequence : "");
	exit(STATUS_FAILED);
}
