/* SPDX-License-Identifier: ISC
 *
 * message.c - lines on stderr
 */
#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/utf8.h"
#include "cli/cold.h"
#include "cli/progress.h"
#include "cli/status.h"
#include "cli/stderr.h"
#include "cli/text.h"
#include "compl.h"

/* Room for every name of a command, twice. */
#define LINE_MAX_BYTES (2 * COMPL_NAMES_MAX * (COMPL_NAME_MAX + 2) + 2048)

#define QUOTE_MAX_BYTES 64

static const char *from;
/* message_hold(): where lines are held, and how many bytes of it are free.  NULL: they are
 * written. */
static char *held;
static size_t room;

void
message_from(const char *command)
{
	from = command;
}

/* Leaves the last byte of what message_hold() was given a NUL. */
static void
hold_line(const char *line, size_t length)
{
	if (length >= room)
		return;
	memcpy(held, line, length);
	held += length;
	room -= length;
	*held = '\0';
}

static void
write_line(const char *text)
{
	COLD static char line[2 * LINE_MAX_BYTES];
	size_t length;

	text_escape(line, sizeof(line) - 1, text);
	length = strlen(line);
	line[length++] = '\n';
	if (held != NULL) {
		hold_line(line, length);
	} else {
		progress_erase();
		stderr_write(line, length);
	}
}

__attribute__((format(printf, 1, 0))) static void
write_message(const char *format, va_list args)
{
	COLD static char text[LINE_MAX_BYTES];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "compl: %s%s", from ? from : "",
				from ? ": " : "");
	vsnprintf(text + used, sizeof(text) - used, format, args);
	write_line(text);
}

void
message_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message(format, args);
	va_end(args);
}

const char *
message_quote(const char *text)
{
	COLD static char cut[QUOTE_MAX_BYTES + sizeof("...")];
	size_t length = 0;

	if (strlen(text) <= QUOTE_MAX_BYTES)
		return text;
	for (size_t next = 0; next <= QUOTE_MAX_BYTES; next += utf8_sequence(text + next) ?: 1)
		length = next;
	memcpy(cut, text, length);
	memcpy(cut + length, "...", sizeof("..."));
	return cut;
}

void
message_hold(char *text, size_t size)
{
	held = text;
	room = size;
	if (text != NULL)
		*text = '\0';
}

void
usage_or_die(const char *nearest, const char *format, ...)
{
	char hint[256];
	va_list args;

	va_start(args, format);
	write_message(format, args);
	va_end(args);
	snprintf(hint, sizeof(hint), "%s%s%sTry 'compl help%s%s'.", nearest ? "Did you mean '" : "",
		 nearest ? nearest : "", nearest ? "'? " : "", from ? " " : "", from ? from : "");
	write_line(hint);
	exit(STATUS_FAILED);
}
