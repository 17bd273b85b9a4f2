/* SPDX-License-Identifier: ISC
 *
 * killed.c - a process that is killed where the others have most to recover
 *
 * Usage: killed NAMESPACE lock		while it holds the lock, between two changes
 *	  killed NAMESPACE all NAME	while it holds the lock; "all" is committed, no waiter gone
 *
 * Returns when that process is dead.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#include "api/clock.h"
#include "shm/names/hashtable.h"
#include "shm/names/segment_lock.h"
#include "shm/names/waitqueue.h"
#include "shm/segment/log.h"

/* Does what post_tokens() does, up to the commit. */
static void
commit_all(struct session *s, const char *name)
{
	uint32_t completion = hashtable_find(s, name);

	if (completion == 0)
		bench_die("%s: no such name", name);
	waitqueue_wake_at_least(s, completion, WAITQUEUE_WAKES);
	log_put(s, &completion_at(s, completion)->done, COMPL_ALL);
	log_put(s, &s->h->job_completion, completion);
	log_put(s, &s->h->job_kind, JOB_RELEASE);
	if (!log_commit(s))
		bench_die("the log is full");
}

static _Noreturn void
be_killed(const char *space, const char *name)
{
	struct compl_where where = { .space = space, .uid = geteuid() };
	struct compl_space *c;
	struct session s;

	if (compl_open(&c, &where, COMPL_ONE_THREAD) != COMPL_OK ||
	    session_begin(&s, c, NULL) != COMPL_OK || segment_lock(&s, CLOCK_NEVER) != COMPL_OK)
		bench_die("%s: cannot be entered", space);
	if (name != NULL)
		commit_all(&s, name);
	raise(SIGKILL);
	_exit(1);
}

int
main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3 || argc != (strcmp(argv[2], "all") == 0 ? 4 : 3))
		bench_die("usage: killed NAMESPACE lock | killed NAMESPACE all NAME");
	pid = fork();
	if (pid == 0)
		be_killed(argv[1], argv[3]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		bench_die("was not killed");
	return 0;
}
