/* SPDX-License-Identifier: ISC
 *
 * relay.c - which signals are passed on, and stopping together
 *
 * The signals are blocked from before CMD is there and read from a signalfd, so none is lost
 * between looking and sleeping, and nothing is done in a handler.  What is blocked is queued
 * even where its default action is to do nothing (SIGCHLD), or would be dropped (PID 1).
 *
 * What the terminal sends, it sends to every process of its foreground group: CMD has it, if it
 * is still in our group.  Such a signal comes from the kernel (SI_KERNEL), everything else from
 * a process.  The one exception is the end of the terminal, which only the leader of the session
 * is told.  What CMD itself sends to its group, or to us, is not sent back to it.
 *
 * Whoever waits for us with job control, a shell, must see us stopped when CMD has been stopped
 * from the terminal.  Elsewhere nobody would continue us: if CMD is stopped by a debugger, say,
 * and continued, we must have gone on listening.  So we stop only if we were told to, or are in
 * the foreground of a terminal, and a shell is there to notice.
 */
#include "cli/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/stop.h"

#define PATIENCE_S 1

static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP };

static int fd;
static sigset_t caught;
static bool was_told_to_stop;

int
relay_open_or_die(void)
{
	sigemptyset(&caught);
	sigaddset(&caught, SIGCHLD);
	sigaddset(&caught, SIGCONT);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!signals_is_ignored(wanted[i]))
			sigaddset(&caught, wanted[i]);
	fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		return fd;
	message_line("cannot make a descriptor for signals: %s", strerror(errno));
	exit(STATUS_FAILED);
}

void
relay_begin(void)
{
	signals_default(SIGCHLD); /* ignored, it would take CMD's status with it */
	signals_block(&caught);
}

static bool
has_got(pid_t child, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;
	bool is_end = signal == SIGHUP || signal == SIGCONT;

	if (info->ssi_code == SI_USER && info->ssi_pid == (uint32_t)child)
		return true;
	if (info->ssi_code != SI_KERNEL || getpgid(child) != getpgrp())
		return false;
	return !(is_end && getsid(0) == getpid());
}

static void
pass(pid_t child, int signal)
{
	if (kill(child, signal) != 0)
		message_line("cannot pass signal %d on to process %d: %s", signal, (int)child,
			     strerror(errno));
}

int
relay_next(pid_t child)
{
	struct signalfd_siginfo info;
	int signal;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	signal = (int)info.ssi_signo;
	if (signal == SIGTSTP || signal == SIGCONT)
		was_told_to_stop = signal == SIGTSTP;
	if (signal != SIGCHLD && !has_got(child, &info))
		pass(child, signal);
	return signal;
}

/* The mask that is in force when the handler has returned.  A stop would hold up others: it
 * waits. */
static void
let_through(int signal, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)signal;
	(void)info;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i] != SIGTSTP)
			sigdelset(&interrupted->uc_sigmask, wanted[i]);
}

/* What there was before: somebody may have set an alarm before he started us. */
static struct {
	struct sigaction action;
	sigset_t mask;
	unsigned seconds;
} alarm_before;

void
relay_be_patient(void)
{
	const struct sigaction action = { .sa_sigaction = let_through, .sa_flags = SA_SIGINFO };
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGALRM);
	alarm_before.seconds = alarm(PATIENCE_S);
	sigaction(SIGALRM, &action, &alarm_before.action);
	sigprocmask(SIG_UNBLOCK, &one, &alarm_before.mask);
}

void
relay_go_on(void)
{
	unsigned gone = PATIENCE_S - alarm(0);

	sigprocmask(SIG_SETMASK, &alarm_before.mask, NULL);
	sigaction(SIGALRM, &alarm_before.action, NULL);
	if (alarm_before.seconds > 0)
		alarm(alarm_before.seconds > gone ? alarm_before.seconds - gone : 1);
	signals_block(&caught);
}

static bool
is_in_foreground(void)
{
	int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	bool is;

	if (terminal < 0)
		return false;
	is = tcgetpgrp(terminal) == getpgrp();
	close(terminal);
	return is;
}

/* Nothing happens where nobody could continue us: as PID 1, and in an orphaned group. */
bool
relay_stop(void)
{
	const struct timespec now = { 0 };
	sigset_t cont;

	if (sigismember(&caught, SIGTSTP) != 1 || !(was_told_to_stop || is_in_foreground()))
		return false;
	was_told_to_stop = false;
	stop_now();
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	return sigtimedwait(&cont, NULL, &now) == SIGCONT;
}
