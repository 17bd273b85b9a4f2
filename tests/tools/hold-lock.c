/* SPDX-License-Identifier: ISC
 *
 * hold-lock.c - takes the lock of a segment, and keeps it until it is killed or gets SIGTERM
 *
 * Usage: hold-lock NAMESPACE [brief]
 *
 * It prints "held" when it has the lock.  At SIGTERM it releases the lock.  With "brief" it takes
 * the lock as a call does that owns no other word.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "api/clock.h"
#include "shm/names/segment_lock.h"

int
main(int argc, char **argv)
{
	struct compl_where where = { .space = argv[1], .uid = geteuid() };
	struct compl_space *c;
	struct session s;
	sigset_t term;
	int signal;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (argc < 2 || compl_open(&c, &where, COMPL_ONE_THREAD) != COMPL_OK)
		return 1;
	if ((argc > 2 ? session_begin_brief : session_begin)(&s, c, NULL) != COMPL_OK ||
	    segment_lock(&s, CLOCK_NEVER) != COMPL_OK)
		return 1;
	puts("held");
	fflush(stdout);
	sigwait(&term, &signal);
	return segment_unlock_with(&s, COMPL_OK) == COMPL_OK ? 0 : 1;
}
