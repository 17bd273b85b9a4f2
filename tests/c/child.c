/* SPDX-License-Identifier: ISC
 *
 * child.c - starts the children of a test, and waits for them
 */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/proc.h"
#include "timing.h"

#define LIMIT_MS ((int)limit_s(20) * 1000)

struct child children[CHILDREN_MAX];

size_t children_count;

size_t
child(int (*run)(void *), void *argument)
{
	size_t i = children_count++;

	if (i >= CHILDREN_MAX)
		abort();
	fflush(stdout);
	children[i].ended = children[i].killed = false;
	children[i].pid = fork();
	if (children[i].pid == 0) {
		alarm(0);
		_exit(run(argument));
	}
	return i;
}

bool
child_try_reap(size_t i)
{
	if (!children[i].ended &&
	    waitpid(children[i].pid, &children[i].status, WNOHANG) == children[i].pid)
		children[i].ended = true;
	return children[i].ended;
}

int
child_status(size_t i)
{
	int64_t limit = in_ms(LIMIT_MS);

	while (!child_try_reap(i)) {
		if (in_ms(0) > limit)
			return -1;
		nap();
	}
	return WIFSIGNALED(children[i].status) ? 128 + WTERMSIG(children[i].status)
					       : WEXITSTATUS(children[i].status);
}

bool
child_is_asleep(size_t i)
{
	char wchan[64];

	return proc_read(children[i].pid, "wchan", wchan, sizeof wchan) &&
	       strstr(wchan, "futex") != NULL;
}

bool
child_sleeps(size_t i)
{
	int64_t limit = in_ms(LIMIT_MS);

	while (!child_try_reap(i) && in_ms(0) < limit) {
		if (child_is_asleep(i))
			return true;
		nap();
	}
	return false;
}

void
child_kill(size_t i, int signal)
{
	if (!child_try_reap(i))
		kill(children[i].pid, signal);
	children[i].killed |= signal == SIGKILL;
}

bool
children_end(void)
{
	bool none = true;
	size_t i;

	for (i = 0; i < children_count; i++) {
		if (child_try_reap(i) || (children[i].killed && child_status(i) >= 0))
			continue;
		printf("# child %zu was left\n", i);
		none = false;
		kill(children[i].pid, SIGKILL);
		waitpid(children[i].pid, &children[i].status, 0);
	}
	children_count = 0;
	return none;
}
