/* SPDX-License-Identifier: ISC
 *
 * probe.c - asks a COMMAND whether CMD is ready, and kills it when nobody wants to know any more
 *
 * Invariant: the timer is set in exactly the states PAUSE and ANSWERED: there something is to be
 * done when it has expired.  In RUNNING the end of COMMAND is the next event (probe_reaped()), and
 * in READY and OVER there is none.
 *
 * Crash: if this process is killed, the kernel kills the shell that runs COMMAND.
 */
#include "cli/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/clock.h"
#include "cli/exec.h"
#include "cli/message.h"
#include "cli/status.h"

enum state {
	PAUSE,	  /* COMMAND is asked when the timer expires */
	RUNNING,  /* it runs */
	ANSWERED, /* it has ended with 0, and probe_hear() is to say so */
	READY,	  /* probe_hear() has said so */
	OVER,	  /* CMD has ended */
};

static enum state state;
static const char *command;
static int64_t every_ns;
static int timer = -1;
static pid_t runs;    /* the process of COMMAND, which leads its group, or 0 */
static bool has_told; /* that COMMAND cannot be run */

/* 0 would stop the timer. */
static void
set_timer(int64_t ns)
{
	const struct itimerspec when = {
		.it_value = { ns / CLOCK_SECOND_NS, ns > 0 ? ns % CLOCK_SECOND_NS : 1 },
	};

	timerfd_settime(timer, 0, &when, NULL);
}

static void
enter(enum state next, int64_t ns)
{
	state = next;
	set_timer(ns);
}

void
probe_begin_or_die(const char *text, int64_t pause_ns)
{
	command = text;
	every_ns = pause_ns;
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0) {
		message_line("--ready: cannot make a timer: %s", strerror(errno));
		exit(STATUS_FAILED);
	}
	enter(PAUSE, 0);
}

struct pollfd
probe_wish(void)
{
	return (struct pollfd){ .fd = timer, .events = POLLIN };
}

/* Ordering: prctl() comes before getppid(), as in child.c. */
static _Noreturn void
become_command(pid_t parent)
{
	char *words[] = { (char *)_PATH_BSHELL, (char *)"-c", (char *)command, NULL };
	int null;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_CANNOT_RUN);
	null = open(_PATH_DEVNULL, O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			_exit(STATUS_CANNOT_RUN);
	exec_or_die(words, NULL);
}

/* Both processes make the group, so that it is there for probe_kill() whichever runs first. */
static void
start(void)
{
	const pid_t parent = getpid();

	runs = fork();
	if (runs == 0)
		become_command(parent);
	if (runs > 0) {
		setpgid(runs, runs);
		state = RUNNING;
		return;
	}
	runs = 0;
	if (!has_told)
		message_line("--ready: cannot fork for the probe: %s; trying again",
			     strerror(errno));
	has_told = true;
	enter(PAUSE, every_ns);
}

bool
probe_hear(void)
{
	uint64_t expirations;

	if (read(timer, &expirations, sizeof(expirations)) != sizeof(expirations))
		return false;
	if (state == PAUSE)
		start();
	if (state != ANSWERED)
		return false;
	state = READY;
	return true;
}

/* Reports, once, that COMMAND cannot be run, as the shell has said by its status. */
static void
tell(int status)
{
	if (has_told || (status != STATUS_CANNOT_RUN && status != STATUS_NOT_FOUND))
		return;
	has_told = true;
	message_line("--ready: the probe '%s' has ended with %d, as if it %s; it is asked "
		     "again and again all the same",
		     message_quote(command), status,
		     status == STATUS_NOT_FOUND ? "was not found" : "could not be run");
}

/* COMMAND may have said so while CMD lived, and this process may hear of both ends at once: then
 * that counts, because probe_last() comes later. */
void
probe_reaped(pid_t pid, int status)
{
	if (runs == 0 || pid != runs)
		return;
	runs = 0;
	if (WIFEXITED(status))
		tell(WEXITSTATUS(status));
	if (state == RUNNING)
		enter(status == 0 ? ANSWERED : PAUSE, status == 0 ? 0 : every_ns);
}

void
probe_ask_again(void)
{
	if (state == READY)
		enter(PAUSE, 0);
}

void
probe_kill(void)
{
	if (runs != 0)
		kill(-runs, SIGKILL);
}

/* Does not wait for the end of COMMAND: a post comes next. */
void
probe_last(void)
{
	probe_kill();
	if (state != ANSWERED)
		state = OVER;
}
