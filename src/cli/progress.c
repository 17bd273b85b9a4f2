/* SPDX-License-Identifier: ISC
 *
 * progress.c - a line on the terminal while a wait sleeps: --progress
 *
 * The wait calls draw() in each of its ticks, with what it has just seen.  The line has no newline,
 * and is cut to the width of the terminal, so that one erasure removes it whole.
 *
 * Only a process in the foreground of the terminal draws: another one has the terminal now.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "api/clock.h"
#include "cli/cold.h"
#include "cli/deadline.h"
#include "cli/signals.h"
#include "cli/stderr.h"

#define ERASE	    "\r\033[K"
#define COLUMNS_MAX 512

static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

COLD static struct {
	const struct cli_call *call;
	const struct compl_state *states;
	int64_t begun_ns, deadline_ns;
	size_t used;
	char text[COLUMNS_MAX];
} line;
static unsigned caught; /* a bit for each of the fatal signals */
static volatile sig_atomic_t is_shown;

__attribute__((format(printf, 1, 2))) static void
add(const char *format, ...)
{
	size_t room = sizeof(line.text) - line.used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line.text + line.used, room, format, args);
	va_end(args);
	line.used += (size_t)length < room ? (size_t)length : room - 1;
}

static size_t
find_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static void
add_duration(int64_t ns)
{
	int64_t s = ns / CLOCK_SECOND_NS;

	if (s >= 3600)
		add("%" PRId64 "h", s / 3600);
	if (s >= 60)
		add("%" PRId64 "m", s / 60 % 60);
	add("%" PRId64 "s", s % 60);
}

static void
fill(void)
{
	size_t done = 0, producers = 0;

	line.used = 0;
	add("compl: waiting for");
	for (size_t i = 0; i < line.call->name_count; i++) {
		const struct compl_state *state = &line.states[i];

		producers += state->producers;
		if (state->covered)
			done++;
		else
			add(" %s", line.call->names[i]);
	}
	if (line.call->name_count > 1)
		add("; %zu of %zu done", done, line.call->name_count);
	if (line.states[0].standing > 0)
		add("; %" PRIu32 " of %" PRIu32 " stand in it", line.states[0].standing,
		    line.states[0].parties);
	if (producers > 0)
		add("; %zu producer%s", producers, producers == 1 ? "" : "s");
	add("; ");
	add_duration(clock_now_ns() - line.begun_ns);
	if (line.deadline_ns != COMPL_NEVER) {
		add(", ");
		add_duration(deadline_left(line.deadline_ns));
		add(" left");
	}
}

static void
draw(void *arg)
{
	char out[sizeof(ERASE) + COLUMNS_MAX];
	size_t columns = find_columns();

	(void)arg;
	if (tcgetpgrp(STDERR_FILENO) != getpgrp())
		return;
	fill();
	if (line.used >= columns)
		line.text[columns - 1] = '\0';
	snprintf(out, sizeof(out), "%s%s", ERASE, line.text);
	is_shown = 1;
	stderr_write(out, strlen(out));
}

void
progress_erase(void)
{
	if (!is_shown)
		return;
	is_shown = 0;
	stderr_write(ERASE, strlen(ERASE));
}

static void
on_fatal(int signal)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	progress_erase();
	sigaction(signal, &action, NULL);
	signals_raise(signal);
}

static void
catch_fatal(void)
{
	const struct sigaction action = { .sa_handler = on_fatal };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (sigaction(fatal[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			caught |= (unsigned)(sigaction(fatal[i], &action, NULL) == 0) << i;
}

const struct compl_tick *
progress_begin(const struct cli_call *call, int64_t deadline_ns, const struct compl_state *states)
{
	static const struct compl_tick tick = { .interval_ns = CLOCK_SECOND_NS, .fn = draw };

	if (!call->set.progress || call->set.quiet || !isatty(STDERR_FILENO))
		return NULL;
	line.call = call;
	line.states = states;
	line.deadline_ns = deadline_ns;
	line.begun_ns = clock_now_ns();
	if (getpid() != 1)
		catch_fatal();
	return &tick;
}

void
progress_end(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	progress_erase();
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (caught >> i & 1)
			sigaction(fatal[i], &action, NULL);
}
