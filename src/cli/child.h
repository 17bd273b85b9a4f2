/* SPDX-License-Identifier: ISC
 *
 * child.h - CMD as a child
 *
 *	child_open_or_die();		what can fail, before anything is changed
 *	child_start(&child, cmd, NULL);
 *	child_wait(&child, &listener);
 *	... child_status(&child) ...
 *	return child_end_as(&child);
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	bool has_ended, is_stopped;
	int end; /* then: as of waitpid(2) */
};

/* What is listened to beside CMD's end. */
struct child_listener {
	/* The descriptor, which may be -1, and what to wait for. */
	struct pollfd (*wish)(void);
	/* It has come. */
	void (*hear)(void *arg);
	void *arg;
};

/* First of all, before any file is opened that stays open: descriptors 0 to 2 that are closed are
 * filled with one that can be neither read nor written, lest such a file lies there and is then
 * printed to.  CMD finds them closed again.  (A handle of compl.h is never there.) */
void child_fill_descriptors(void);

void child_open_or_die(void);

/* Starts cmd: signals, mask and inherited descriptors as at our own start; if this process
 * dies, it gets SIGTERM.  prepare, if not NULL, is called in the child.  What cannot be run has
 * ended with 126 or 127, after a line about it. */
void child_start(struct child *child, char **cmd, void (*prepare)(void));

/* Until it has ended: passes signals on, stops with it, reaps orphans, and listens.  listener
 * may be NULL. */
void child_wait(struct child *child, const struct child_listener *listener);

/* Its exit status, or 128+n. */
int child_status(const struct child *child);

/* Ends by the same signal, if it was one; else, and where that has no effect, returns
 * child_status(). */
int child_end_as(const struct child *child);

#endif
