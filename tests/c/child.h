/* SPDX-License-Identifier: ISC
 *
 * child.h - the child processes of a test
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILDREN_MAX 4096

struct child {
	pid_t pid;
	bool ended, killed;
	int status;
};

/* All children that the test has started, by number. */
extern struct child children[CHILDREN_MAX];
extern size_t children_count;

/* Runs a function in a child, which ends with the status that the function returns.  Returns the
 * number of the child. */
size_t child(int (*run)(void *), void *argument);

/* Reaps the child if it has ended; true if it has, now or before. */
bool child_try_reap(size_t i);

/* Waits for its end, 20 seconds at most, or longer on a slow machine; returns its status, 128+n for
 * a signal, -1 if it does not end. */
int child_status(size_t i);

/* Whether it sleeps in a futex call. */
bool child_is_asleep(size_t i);

/* Waits until it sleeps in a futex call; false if it ends instead. */
bool child_sleeps(size_t i);

/* Sends it a signal.  After SIGKILL the test need not wait for its end. */
void child_kill(size_t i, int signal);

/* Kills the children that are left; true if there were none.  A killed child may take a moment to
 * end:  waits are told of its death before waitpid() can reap it. */
bool children_end(void);

#endif
