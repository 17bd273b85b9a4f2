/* SPDX-License-Identifier: ISC
 *
 * ready.c - reads WHEN, and hands over to notify.c, ready_line.c or probe.c
 */
#include "cli/ready.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/nearest.h"
#include "cli/notify.h"
#include "cli/probe.h"
#include "cli/ready_line.h"
#include "cli/value.h"

#define FIRST (STDERR_FILENO + 1) /* the least N of fd:N */

static struct cli_ready way;
static bool is_last;

static _Noreturn void
refuse_or_die(const char *text)
{
	struct nearest nearest = nearest_to(text);

	nearest_offer(&nearest, "exit");
	nearest_offer(&nearest, "notify");
	nearest_offer(&nearest, "fd:3");
	nearest_offer(&nearest, "probe:COMMAND");
	usage_or_die(nearest.best,
		     "--ready: '%s' is not exit, notify, probe:COMMAND, or fd:N, where N is at "
		     "least %d",
		     message_quote(text), FIRST);
}

static int
parse_descriptor_or_die(const char *text)
{
	long long number;

	if (!value_number(&number, text + strlen("fd:"), FIRST, 1 << 20))
		refuse_or_die(text);
	return (int)number;
}

const char *
ready_parse_or_die(const char *text, void *field)
{
	struct cli_ready *ready = field;

	*ready = (struct cli_ready){ .kind = READY_EXIT };
	if (strcmp(text, "notify") == 0)
		ready->kind = READY_NOTIFY;
	else if (strncmp(text, "fd:", 3) == 0)
		*ready = (struct cli_ready){ .kind = READY_LINE,
					     .fd = parse_descriptor_or_die(text) };
	else if (strncmp(text, "probe:", 6) == 0 && text[6] != '\0')
		*ready = (struct cli_ready){ .kind = READY_PROBE, .command = text + 6 };
	else if (strcmp(text, "exit") != 0)
		refuse_or_die(text);
	return NULL;
}

void
ready_begin_or_die(const struct cli_ready *how, int64_t every_ns)
{
	way = *how;
	if (way.kind == READY_NOTIFY)
		notify_begin_or_die();
	if (way.kind == READY_LINE)
		ready_line_begin_or_die(way.fd);
	if (way.kind == READY_PROBE)
		probe_begin_or_die(way.command, every_ns);
}

void
ready_prepare(void)
{
	if (way.kind == READY_NOTIFY)
		notify_prepare_or_die();
	if (way.kind == READY_LINE)
		ready_line_give(way.fd);
}

struct pollfd
ready_wish(void)
{
	switch (way.kind) {
	case READY_NOTIFY:
		return notify_wish();
	case READY_LINE:
		return ready_line_wish();
	case READY_PROBE:
		return probe_wish();
	default:
		return (struct pollfd){ .fd = -1 };
	}
}

void
ready_last(void)
{
	is_last = true;
	if (way.kind == READY_NOTIFY)
		notify_last();
	if (way.kind == READY_PROBE)
		probe_last();
}

void
ready_reaped(pid_t pid, int status)
{
	if (way.kind == READY_PROBE)
		probe_reaped(pid, status);
}

void
ready_ask_again(void)
{
	if (way.kind == READY_PROBE)
		probe_ask_again();
}

void
ready_interrupt(void)
{
	if (way.kind == READY_PROBE)
		probe_kill();
}

void
ready_end(void)
{
	if (way.kind == READY_NOTIFY)
		notify_end();
}

bool
ready_hear(pid_t cmd, const char **text)
{
	*text = NULL;
	switch (way.kind) {
	case READY_NOTIFY:
		return notify_hear(cmd);
	case READY_LINE:
		return ready_line_hear(is_last ? 0 : cmd, text);
	case READY_PROBE:
		return probe_hear();
	default:
		return false;
	}
}
