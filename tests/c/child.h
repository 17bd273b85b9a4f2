/* SPDX-License-Identifier: ISC
 *
 * child.h - the children of a test
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

/* All that the test has started, by number. */
extern struct child children[CHILDREN_MAX];
extern size_t children_count;

/* Runs a function in a child, which ends with what it returns.  Returns its number. */
size_t child(int (*run)(void *), void *argument);

bool child_has_ended(size_t i);

/* Waits for its end, 20 seconds at most; 128+n for a signal, -1 if it does not end. */
int child_status(size_t i);

/* Sleeps in a futex call, soon; false if it ends instead. */
bool child_sleeps(size_t i);

/* Sends it a signal; after SIGKILL nobody need wait for it. */
void child_kill(size_t i, int signal);

/* Kills the children that are left; true if there were none.  A child that was killed may take a
 * moment to go: its waiters are told before it can be waited for. */
bool children_end(void);

#endif
