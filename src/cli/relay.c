/* SPDX-License-Identifier: ISC
 *
 * relay.c - passes signals on, and stops together with CMD
 *
 * The signals are blocked before CMD exists, and read from a signalfd.  So none is lost between
 * looking and sleeping, and no handler does anything.  A blocked signal is queued even where its
 * default action is to do nothing (SIGCHLD), or where the kernel would drop it (PID 1).
 *
 * The terminal sends a signal to every process of its foreground group, and the kernel sends a stop
 * to every process of a background group of which one reads from the terminal.  So CMD has got it
 * as well, if CMD is still in the group of this process.  Such a signal comes from the kernel
 * (SI_KERNEL).  The one exception is the end of the terminal: the kernel tells only the leader of
 * the session.  A signal that CMD itself sends to its group, or to this process, is not sent back
 * to it.
 *
 * A process may send a signal to the whole group, or to each process of a service.  Then CMD gets
 * it twice: what arrives here looks like a signal that was sent to this process alone.
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
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/signals.h"
#include "cli/stop.h"

#define LIMIT_S 1

/* The first real-time signals belong to a C library, and some of them to another one. */
#define LIBC_FIRST 32
#define LIBC_LAST  34

static int fd;
static sigset_t blocked;
static int told_to_stop; /* the signal that told this process to stop, or 0 */

static bool
is_passed_on(int signal)
{
	if (signal == SIGCHLD || signal == SIGKILL || signal == SIGSTOP)
		return false;
	return signal < LIBC_FIRST || signal > LIBC_LAST;
}

int
relay_open(void)
{
	sigemptyset(&blocked);
	for (int signal = 1; signal < _NSIG; signal++)
		if (is_passed_on(signal) && !signals_was_ignored(signal))
			sigaddset(&blocked, signal);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGCONT);
	fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		message_line("cannot make a descriptor for signals: %s", strerror(errno));
	return fd;
}

void
relay_begin(void)
{
	signals_default(SIGCHLD); /* if it is ignored, the kernel drops CMD's status */
	signals_block(&blocked);
}

/* Whether the kernel has sent the signal to this process alone, for what this process did. */
static bool
is_own_doing(const struct signalfd_siginfo *info)
{
	switch (info->ssi_signo) {
	case SIGPIPE:
	case SIGXFSZ:
		return info->ssi_code == SI_USER && info->ssi_pid == (uint32_t)getpid();
	case SIGXCPU:
		return info->ssi_code == SI_KERNEL;
	case SIGILL:
	case SIGTRAP:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGSYS:
		return info->ssi_code > SI_USER;
	default:
		return false;
	}
}

/* Whether the kernel has sent the signal to the whole process group. */
static bool
is_of_terminal(const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL)
		return false;
	switch (info->ssi_signo) {
	case SIGHUP:
	case SIGCONT:
		return getsid(0) != getpid();
	case SIGINT:
	case SIGQUIT:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGWINCH:
		return true;
	default:
		return false;
	}
}

/* Whether the signal has reached child already. */
static bool
has_got(pid_t child, const struct signalfd_siginfo *info)
{
	bool is_sent = info->ssi_code == SI_USER || info->ssi_code == SI_QUEUE ||
		       info->ssi_code == SI_TKILL;

	if (is_sent && info->ssi_pid == (uint32_t)child)
		return true;
	return is_of_terminal(info) && getpgid(child) == getpgrp();
}

/* Whether the signal carries a value.  Those of tkill(2) and of descriptors have none. */
static bool
has_value(const struct signalfd_siginfo *info)
{
	return info->ssi_code < SI_USER && info->ssi_code != SI_TKILL && info->ssi_code != SI_SIGIO;
}

static void
pass(pid_t child, const struct signalfd_siginfo *info)
{
	const union sigval value = { .sival_ptr = (void *)(uintptr_t)info->ssi_ptr };
	int signal = (int)info->ssi_signo;

	if ((has_value(info) ? sigqueue(child, signal, value) : kill(child, signal)) != 0)
		message_line("cannot pass signal %d on to process %d: %s", signal, (int)child,
			     strerror(errno));
}

static bool
is_stop(int signal)
{
	return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

int
relay_next(pid_t child)
{
	struct signalfd_siginfo info;
	int signal;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	signal = (int)info.ssi_signo;
	if (is_stop(signal) || signal == SIGCONT)
		told_to_stop = signal == SIGCONT ? 0 : signal;
	if (is_own_doing(&info) && signal == SIGXCPU)
		signals_die(signal);
	else if (!is_own_doing(&info) && signal != SIGCHLD && !has_got(child, &info))
		pass(child, &info);
	return signal;
}

int
relay_descriptor(void)
{
	return fd;
}

static bool
ends_process(int signal)
{
	return signal != SIGTSTP && sigismember(signals_hold(), signal) == 1;
}

bool
relay_take_rest(void)
{
	struct signalfd_siginfo info;
	bool is_told = false;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		int signal = (int)info.ssi_signo;

		if (is_stop(signal))
			stop_by(signal);
		else if (!is_own_doing(&info) && ends_process(signal))
			is_told = true;
	}
	return is_told;
}

/* What relay_limit_call() found and relay_end_limit() restores.  An alarm may have been set before
 * this program began. */
static struct {
	struct sigaction action;
	sigset_t mask;
	unsigned seconds;
} alarm_before;

static sigset_t ending;			      /* what is unblocked when the limit has passed */
static volatile sig_atomic_t has_passed;      /* the limit has */
static volatile sig_atomic_t has_foreign_one; /* a SIGALRM that somebody has sent */

/* The handler of SIGALRM: unblocks the signals in the mask that is in force when it has returned.
 * SIGTSTP stays blocked, because a process that stopped now would hold up others. */
static void
let_through(int signal, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	if (info->si_code != SI_KERNEL) {
		has_foreign_one = 1;
		if (has_passed)
			signals_die(signal);
		return;
	}
	has_passed = 1;
	for (int i = 1; i < _NSIG; i++)
		if (sigismember(&ending, i) == 1)
			sigdelset(&interrupted->uc_sigmask, i);
	if (has_foreign_one)
		signals_die(signal);
}

void
relay_limit_call(void)
{
	const struct sigaction action = { .sa_sigaction = let_through, .sa_flags = SA_SIGINFO };
	sigset_t one;

	ending = *signals_hold();
	sigdelset(&ending, SIGTSTP);
	has_passed = has_foreign_one = 0;
	sigemptyset(&one);
	sigaddset(&one, SIGALRM);
	alarm_before.seconds = alarm(LIMIT_S);
	sigaction(SIGALRM, &action, &alarm_before.action);
	sigprocmask(SIG_UNBLOCK, &one, &alarm_before.mask);
}

/* A SIGALRM that was sent meanwhile is sent again, to be passed on. */
void
relay_end_limit(void)
{
	unsigned gone = LIMIT_S - alarm(0);

	sigprocmask(SIG_SETMASK, &alarm_before.mask, NULL);
	sigaction(SIGALRM, &alarm_before.action, NULL);
	if (alarm_before.seconds > 0)
		alarm(alarm_before.seconds > gone ? alarm_before.seconds - gone : 1);
	signals_block(&blocked);
	if (has_foreign_one)
		kill(getpid(), SIGALRM);
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

/* Whether somebody expects this process to stop when CMD has been stopped by signal. */
static bool
is_expected_to_stop(int signal)
{
	return told_to_stop == SIGTSTP || told_to_stop == signal || is_in_foreground();
}

/* stop_by() has no effect where nobody could continue this process: as PID 1, and in an orphaned
 * process group.  Then there is no SIGCONT. */
bool
relay_stop(int signal)
{
	const struct timespec now = { 0 };
	sigset_t cont;

	if (sigismember(&blocked, SIGTSTP) != 1 || !is_expected_to_stop(signal))
		return false;
	told_to_stop = 0;
	stop_by(is_stop(signal) ? signal : SIGTSTP);
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	return sigtimedwait(&cont, NULL, &now) == SIGCONT;
}
