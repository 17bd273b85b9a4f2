/* SPDX-License-Identifier: ISC
 *
 * relay.c - passes signals on, and stops together with CMD
 *
 * The signals are blocked before CMD exists, and read from a signalfd.  So none is lost between
 * looking and sleeping, and no handler does anything.  A blocked signal is queued even where its
 * default action is to do nothing (SIGCHLD), or where the kernel would drop it (PID 1).
 *
 * The terminal sends a signal to every process of its foreground group.  So CMD has got it as well,
 * if CMD is still in the group of this process.  Such a signal comes from the kernel (SI_KERNEL);
 * every other signal comes from a process.  The one exception is the end of the terminal: the
 * kernel tells only the leader of the session.  A signal that CMD itself sends to its group, or to
 * this process, is not sent back to it.
 *
 * A shell that waits for this process with job control must see it stopped when CMD has been
 * stopped from the terminal.  Elsewhere nobody would continue this process: if a debugger, say,
 * stops CMD and continues it, this process must have gone on listening.  So this process stops only
 * if it was told to stop or is in the foreground of a terminal, and only where a shell is there to
 * continue it.
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

#define LIMIT_S 1

static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP };

static int fd;
static sigset_t blocked;
static bool was_told_to_stop;

int
relay_open_or_die(void)
{
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGCONT);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!signals_is_ignored(wanted[i]))
			sigaddset(&blocked, wanted[i]);
	fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		return fd;
	message_line("cannot make a descriptor for signals: %s", strerror(errno));
	exit(STATUS_FAILED);
}

void
relay_begin(void)
{
	signals_default(SIGCHLD); /* if it is ignored, the kernel drops CMD's status */
	signals_block(&blocked);
}

/* Whether the signal has reached child already. */
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

/* The handler of SIGALRM: unblocks the signals in the mask that is in force when it has returned.
 * SIGTSTP stays blocked, because a process that stopped now would hold up others. */
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

/* What relay_limit_call() found and relay_end_limit() restores.  An alarm may have been set before
 * this program began. */
static struct {
	struct sigaction action;
	sigset_t mask;
	unsigned seconds;
} alarm_before;

void
relay_limit_call(void)
{
	const struct sigaction action = { .sa_sigaction = let_through, .sa_flags = SA_SIGINFO };
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGALRM);
	alarm_before.seconds = alarm(LIMIT_S);
	sigaction(SIGALRM, &action, &alarm_before.action);
	sigprocmask(SIG_UNBLOCK, &one, &alarm_before.mask);
}

void
relay_end_limit(void)
{
	unsigned gone = LIMIT_S - alarm(0);

	sigprocmask(SIG_SETMASK, &alarm_before.mask, NULL);
	sigaction(SIGALRM, &alarm_before.action, NULL);
	if (alarm_before.seconds > 0)
		alarm(alarm_before.seconds > gone ? alarm_before.seconds - gone : 1);
	signals_block(&blocked);
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

/* stop_now() has no effect where nobody could continue this process: as PID 1, and in an orphaned
 * process group.  Then there is no SIGCONT. */
bool
relay_stop(void)
{
	const struct timespec now = { 0 };
	sigset_t cont;

	if (sigismember(&blocked, SIGTSTP) != 1 || !(was_told_to_stop || is_in_foreground()))
		return false;
	was_told_to_stop = false;
	stop_now();
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	return sigtimedwait(&cont, NULL, &now) == SIGCONT;
}
