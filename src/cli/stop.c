/* SPDX-License-Identifier: ISC
 *
 * stop.c - catches SIGTSTP
 *
 * Outside a wait the handler does what the default action does.  So nothing has to remove it: exec
 * resets it.
 */
#include "cli/stop.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <unistd.h>

static sigjmp_buf env;
static struct compl_escape escape = { .env = &env };

static void
on_stop(int signal)
{
	int error = errno;

	(void)signal;
	if (escape.state == COMPL_ESCAPE_JUMP)
		siglongjmp(env, 1);
	if (escape.state == COMPL_ESCAPE_NOTE)
		escape.wanted = 1;
	else
		stop_by(SIGTSTP);
	errno = error;
}

struct compl_escape *
stop_catch(void)
{
	const struct sigaction action = { .sa_handler = on_stop };
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
