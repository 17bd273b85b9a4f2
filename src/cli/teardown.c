/* SPDX-License-Identifier: ISC
 *
 * teardown.c - ends what CMD has left running: SIGTERM, a time of grace, SIGKILL
 *
 * Nothing tells this process that a grandchild has ended or was born.  So it looks again and again,
 * at first after milliseconds, then five times a second.
 *
 * A process that a later look finds was born meanwhile.  If its parent lives and has got SIGTERM,
 * it may be what the parent needs for its clean-up; so it is left to the parent.  It gets SIGTERM
 * when it is an orphan.
 *
 * Before the kill all are stopped, until a look finds no new one.  A stopped process has no
 * children any more; it replaces nobody that is killed; and when a compl is killed, the SIGTERM
 * that its CMD gets for that has no effect before the SIGKILL.
 */
#include "cli/teardown.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "api/clock.h"
#include "api/proc.h"
#include "cli/deadline.h"
#include "cli/descendants.h"
#include "cli/message.h"
#include "cli/relay.h"

#define PAUSE_MIN_MS 2
#define PAUSE_MAX_MS 200
#define STOPS_MAX    100 /* looks for new processes before those that were found are killed */
#define CLEAN_LOOKS  3	 /* that find nobody, although there are children */

/* Reaps all that have ended.  *any: whether one has.  Returns whether there are children. */
static bool
reap(bool *any)
{
	pid_t pid;

	*any = false;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		*any = true;
	return pid == 0;
}

static bool
look(struct descendants *list)
{
	if (descendants_look(list))
		return true;
	message_line("--kill: cannot see what CMD has left running, and let it go on: %s",
		     strerror(errno));
	return false;
}

/* Waits for a signal, at most *pause_ms, which grows, and not beyond the deadline. */
static void
pause_until(int64_t deadline_ns, int *pause_ms)
{
	struct pollfd signals = { .fd = relay_descriptor(), .events = POLLIN };
	int64_t left_ms = (deadline_ns - clock_now_ns() + 999999) / 1000000;

	if (left_ms > 0)
		poll(&signals, 1, left_ms < *pause_ms ? (int)left_ms : *pause_ms);
	*pause_ms = *pause_ms < PAUSE_MAX_MS / 2 ? *pause_ms * 2 : PAUSE_MAX_MS;
}

/* ---- a signal to one ----------------------------------------------------------------------- */

static void
report_refused(struct descendant *process)
{
	char name[32] = "";
	int error = errno;

	if (process->is_refused)
		return;
	process->is_refused = true;
	proc_read(process->pid, "comm", name, sizeof(name));
	name[strcspn(name, "\n")] = '\0';
	message_line("--kill: process %d (%s) may not be signalled, and goes on: %s",
		     (int)process->pid, name, strerror(error));
}

/* Returns whether the process has got the signal. */
static bool
signal_one(const struct descendants *list, struct descendant *process, int signal)
{
	if (descendants_send(list, process, signal))
		return true;
	if (errno != ESRCH)
		report_refused(process);
	return false;
}

/* ---- SIGTERM ------------------------------------------------------------------------------- */

static bool
has_relay_above(const struct descendants *list, const struct descendant *process)
{
	while ((process = descendants_parent(list, process)) != NULL)
		if (process->is_relay)
			return true;
	return false;
}

/* Whether somebody else answers for the process: a compl above it, which passes SIGTERM on, or its
 * parent, which has got SIGTERM before the process was born. */
static bool
is_left_to_other(const struct descendants *list, const struct descendant *process)
{
	const struct descendant *parent = descendants_parent(list, process);

	return has_relay_above(list, process) || (parent != NULL && parent->is_told);
}

/* Tells those that are to be told by now.  A child of a relay counts as told, also when the relay
 * has ended. */
static void
tell(const struct descendants *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct descendant *one = &list->all[i];
		const struct descendant *parent = descendants_parent(list, one);

		one->is_due = one->is_below && !one->is_told && !one->is_refused &&
			      !is_left_to_other(list, one);
		if (one->is_below && parent != NULL && parent->is_relay)
			one->is_told = true;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct descendant *one = &list->all[i];

		if (!one->is_due)
			continue;
		one->is_told = signal_one(list, one, SIGTERM);
		if (one->is_told)
			signal_one(list, one, SIGCONT);
	}
}

static bool
has_any(const struct descendants *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].is_below && !list->all[i].is_refused)
			return true;
	return false;
}

/* Returns when there is nobody left to wait for, the time has passed, or a signal has come. */
static void
ask_all(struct descendants *list, int64_t deadline_ns)
{
	int pause_ms = PAUSE_MIN_MS;
	bool any_reaped;

	while (reap(&any_reaped) && look(list) && has_any(list)) {
		tell(list);
		if (clock_now_ns() >= deadline_ns)
			return;
		pause_until(deadline_ns, &pause_ms);
		if (relay_take_rest())
			return;
	}
}

/* ---- SIGKILL ------------------------------------------------------------------------------- */

static void
signal_all(const struct descendants *list, int signal)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].is_below)
			signal_one(list, &list->all[i], signal);
}

/* Stops those that are not stopped yet.  Returns whether there were any. */
static bool
stop_new(const struct descendants *list)
{
	bool were_any = false;

	for (size_t i = 0; i < list->count; i++) {
		struct descendant *one = &list->all[i];

		if (!one->is_below || one->is_stopped || one->is_refused)
			continue;
		one->is_stopped = signal_one(list, one, SIGSTOP);
		were_any = true;
	}
	return were_any;
}

static bool
stop_all(struct descendants *list)
{
	for (int looks = 0; looks < STOPS_MAX; looks++) {
		if (!look(list))
			return false;
		if (!stop_new(list))
			break;
	}
	return true;
}

/* A process that cannot be seen, because /proc hides those of other users, is a child that no look
 * finds.  So is one that was born after the look.  But those that a look has found are not all dead
 * if no signal has reached them: each may have left a child.  So may each that was reaped. */
static void
kill_all(struct descendants *list)
{
	int pause_ms = PAUSE_MIN_MS, clean_looks = 0;
	bool any_reaped;

	while (reap(&any_reaped) && clean_looks < CLEAN_LOOKS) {
		if (!stop_all(list))
			return;
		signal_all(list, SIGKILL);
		clean_looks = has_any(list) || any_reaped ? 0 : clean_looks + 1;
		pause_until(CLOCK_NEVER, &pause_ms);
		relay_take_rest(); /* it cannot be done sooner */
	}
}

void
teardown(int64_t grace_ns)
{
	struct descendants list = { 0 };

	ask_all(&list, deadline_after(grace_ns));
	kill_all(&list);
	free(list.all);
}
