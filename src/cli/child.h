/* SPDX-License-Identifier: ISC
 *
 * child.h - CMD as a child
 *
 *	child_open();			does what can fail, before anything is changed
 *	child_start(&child, cmd, NULL);
 *	child_wait(&child, &listener);
 *	... child_status(&child) ...
 *	child_tell();
 *	return child_end_as(&child);
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	bool has_ended;
	int end;			       /* if has_ended: the status as of waitpid(2) */
	int stopped_by;			       /* the signal, or 0 if it is not stopped */
	const struct child_listener *listener; /* of child_wait(), or NULL */
};

/* What child_wait() listens to besides signals and CMD's end. */
struct child_listener {
	/* Returns the descriptor, which may be -1, and the events to wait for. */
	struct pollfd (*wish)(void);
	/* Is called when one of these events or a signal has come.  Returns whether to call it
	 * again without waiting for an event, after a look at the signals. */
	bool (*hear)(void *arg);
	/* Is called every look_s seconds, for what no event tells of.  May be NULL. */
	void (*look)(void *arg);
	int look_s;
	/* Is called with the end of each other process that was reaped, as of waitpid(2).  May be
	   NULL. */
	void (*reaped)(pid_t pid, int status);
	/* Is called when this process was told to end: by SIGTERM, SIGINT, SIGHUP or SIGQUIT.  May
	   be NULL. */
	void (*interrupted)(void);
	void *arg;
};

#define CHILD_LOOK_S 5 /* for look_s */

/* Fills each of the descriptors 0 to 2 that is closed with one that can be neither read nor
 * written.  Call it before any file is opened that stays open: otherwise such a file could get one
 * of these numbers, and be printed to.  CMD finds them closed again.  (A handle of compl.h never
 * has such a number.) */
void child_fill_descriptors(void);

/* In a child: what the environment announces to the process `parent` is meant for this one.  If
 * there is no memory, ends as exec_set_or_die() does. */
void child_inherit_or_die(pid_t parent);

/* If it fails, a line says why. */
bool child_open(void);

/* Starts cmd with the dispositions, the mask and the inherited descriptors that this process was
 * started with.  If this process dies, cmd gets SIGTERM.  prepare, if not NULL, is called in the
 * child.  If cmd cannot be run, a line says so, and it counts as ended with 126 or 127.
 * From now on lines are held, so that none holds up a post: until child_wait() has served what
 * there was, and after CMD's end until child_tell(). */
void child_start(struct child *child, char **cmd, void (*prepare)(void));

/* Returns when CMD has been executed, or could not be.  Returns whether it has been.  It may have
 * ended by then.  avoid: a number that CMD will have as a descriptor, or -1. */
bool child_start_and_wait(struct child *child, char **cmd, void (*prepare)(void), int avoid);

/* Returns when the child has ended.  Until then passes signals on to it, stops with it, reaps
 * other processes that this one is given as PID 1 or subreaper, and listens.  listener may be
 * NULL. */
void child_wait(struct child *child, const struct child_listener *listener);

/* Writes the lines that were held. */
void child_tell(void);

/* Returns its exit status, or 128+n if signal n ended it. */
int child_status(const struct child *child);

/* Returns 0 if the child has done its work: it has ended with 0, or by SIGTERM, SIGINT or SIGHUP.
 * Otherwise returns child_status(). */
int child_failure(const struct child *child);

/* If a signal ended the child, ends this process by the same signal.  Otherwise, and where that
 * has no effect, returns child_status(). */
int child_end_as(const struct child *child);

#endif
