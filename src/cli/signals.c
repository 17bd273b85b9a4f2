/* SPDX-License-Identifier: ISC
 *
 * signals.c - dispositions and masks
 *
 * Invariant: `before` has the disposition of the start for each signal that change() has given
 * another one.  At the start a signal had its default action, or was ignored, both without flags,
 * because execve(2) leaves nothing else.  As PID 1 it may also have had our own handler,
 * end_process(), which replace_defaults() has set, and which exec resets.
 */
#include "cli/signals.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/status.h"

static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
/* The signals besides those of `stops` that are not in fill_fatal(): they cannot be caught, or do
 * not end a process by default. */
static const int not_fatal[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGKILL, SIGSTOP };

enum disposition { UNCHANGED, DEFAULT, IGNORED, ENDING };

static uint8_t before[_NSIG]; /* enum disposition */

static struct {
	sigset_t mask;
	bool is_known;
} start;

static void
remove_all(sigset_t *set, const int *signals, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sigdelset(set, signals[i]);
}

static void
fill_fatal(sigset_t *set)
{
	sigfillset(set);
	remove_all(set, stops, sizeof(stops) / sizeof(stops[0]));
	remove_all(set, not_fatal, sizeof(not_fatal) / sizeof(not_fatal[0]));
}

/* Whether libc reserves signal for itself, and refuses to change it: 32 and 33; with musl also 34,
 * which is SIGRTMIN to everybody else. */
static bool
is_hidden(int signal)
{
	sigset_t all;

	sigfillset(&all);
	return sigismember(&all, signal) != 1;
}

/* Does by the system call what libc refuses.  handler is SIG_IGN or SIG_DFL: for these the kernel's
 * structure, which begins with the handler, needs nothing more. */
static int
change_hidden(int signal, void (*handler)(int), struct sigaction *now)
{
	unsigned long action[8] = { (unsigned long)handler }, former[8] = { 0 };

	if (syscall(SYS_rt_sigaction, signal, action, former, _NSIG / 8) != 0)
		return -1;
	now->sa_handler = former[0] == (unsigned long)SIG_IGN ? SIG_IGN : SIG_DFL;
	return 0;
}

static int
set_handler(int signal, void (*handler)(int), struct sigaction *now)
{
	const struct sigaction action = { .sa_handler = handler };

	return is_hidden(signal) ? change_hidden(signal, handler, now)
				 : sigaction(signal, &action, now);
}

static void
end_process(int signal)
{
	_exit(STATUS_SIGNAL + signal);
}

/* Sets a handler, and notes the former disposition in `before`.  Does nothing if the signal was
 * changed before: its first change stays, until restore_disposition(). */
static void
change(int signal, void (*handler)(int))
{
	struct sigaction now;

	if (before[signal] != UNCHANGED || set_handler(signal, handler, &now) != 0)
		return;
	before[signal] = now.sa_handler == SIG_IGN	 ? IGNORED
			 : now.sa_handler == end_process ? ENDING
							 : DEFAULT;
}

/* Sets a handler for every fatal signal that has its default action. */
static void
replace_defaults(void)
{
	const struct sigaction action = { .sa_handler = end_process };
	struct sigaction now;
	sigset_t fatal;

	fill_fatal(&fatal);
	for (int signal = 1; signal < _NSIG; signal++)
		if (sigismember(&fatal, signal) == 1 && sigaction(signal, NULL, &now) == 0 &&
		    now.sa_handler == SIG_DFL)
			sigaction(signal, &action, NULL);
}

void
signals_begin(void)
{
	change(SIGXFSZ, SIG_IGN);
	if (getpid() == 1)
		replace_defaults();
}

void
signals_ignore_fatal(int allowed)
{
	sigset_t fatal;

	fill_fatal(&fatal);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		sigaddset(&fatal, stops[i]);
	for (int signal = 1; signal < _NSIG; signal++)
		if (signal != allowed && (sigismember(&fatal, signal) == 1 || is_hidden(signal)))
			change(signal, SIG_IGN);
}

/* Blocks the signals of set (NULL: none), and notes the mask of the start. */
static void
block(const sigset_t *set)
{
	sigset_t before_now;

	if (sigprocmask(SIG_BLOCK, set, &before_now) != 0 || start.is_known)
		return;
	start.mask = before_now;
	start.is_known = true;
}

const sigset_t *
signals_hold(void)
{
	static sigset_t hold;

	fill_fatal(&hold);
	sigaddset(&hold, SIGTSTP);
	block(NULL); /* blocks nothing, but notes the mask */
	return &hold;
}

void
signals_block(const sigset_t *set)
{
	block(set);
}

bool
signals_was_ignored(int signal)
{
	struct sigaction now;

	if (before[signal] != UNCHANGED)
		return before[signal] == IGNORED;
	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
signals_default(int signal)
{
	change(signal, SIG_DFL);
}

static void
restore_disposition(int signal)
{
	struct sigaction now;

	if (before[signal] == IGNORED)
		set_handler(signal, SIG_IGN, &now);
	else if (before[signal] != UNCHANGED)
		set_handler(signal, before[signal] == ENDING ? end_process : SIG_DFL, &now);
	before[signal] = UNCHANGED;
}

void
signals_raise(int signal)
{
	sigset_t one;

	restore_disposition(signal);
	raise(signal);
	sigemptyset(&one);
	sigaddset(&one, signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

void
signals_die(int signal)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	prctl(PR_SET_DUMPABLE, 0);
	sigaction(signal, &action, NULL);
	before[signal] = UNCHANGED;
	signals_raise(signal);
}

void
signals_restore(void)
{
	for (int signal = 1; signal < _NSIG; signal++)
		restore_disposition(signal);
	if (start.is_known)
		sigprocmask(SIG_SETMASK, &start.mask, NULL);
}
