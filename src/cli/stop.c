/* SPDX-License-Identifier: ISC
 *
 * stop.c - catches SIGTSTP, or the terminating signals
 *
 * Outside a wait the handler does what the default action does.  So nothing has to remove it: exec
 * resets it.
 */
#include "cli/stop.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/status.h"

static sigjmp_buf env;
static struct compl_escape escape = { .env = &env };
static volatile sig_atomic_t caught;

static void
die_by(int signal)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(signal, &action, NULL);
	signals_raise(signal);
}

static void
on_signal(int signal)
{
	int error = errno;

	caught = signal;
	if (escape.state == COMPL_ESCAPE_JUMP)
		siglongjmp(env, 1);
	if (escape.state == COMPL_ESCAPE_NOTE)
		escape.wanted = 1;
	else if (signal == SIGTSTP)
		stop_by(signal);
	else
		die_by(signal);
	errno = error;
}

struct compl_escape *
stop_catch(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct sigaction before;

	if (getpid() == 1 || sigaction(SIGTSTP, &action, &before) != 0)
		return NULL;
	if (before.sa_handler == SIG_DFL)
		return &escape;
	sigaction(SIGTSTP, &before, NULL);
	return NULL;
}

void
stop_by(int signal)
{
	const struct sigaction stop = { .sa_handler = SIG_DFL };
	struct sigaction handler;
	sigset_t one, mask;

	sigemptyset(&one);
	sigaddset(&one, signal);
	sigaction(signal, &stop, &handler);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &one, &mask); /* it stops here, if it was blocked */
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(signal, &handler, NULL);
}

struct compl_escape *
stop_catch_fatal(const sigset_t *hold)
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_mask = *hold };
	struct sigaction before;

	if (getpid() == 1)
		return NULL;
	for (int signal = 1; signal < _NSIG; signal++)
		if (sigismember(hold, signal) == 1 && signal != SIGTSTP &&
		    sigaction(signal, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(signal, &action, NULL);
	return &escape;
}

_Noreturn void
stop_die(void)
{
	die_by(caught);
	_exit(STATUS_SIGNAL + caught);
}
