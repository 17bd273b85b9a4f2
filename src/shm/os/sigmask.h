/* SPDX-License-Identifier: ISC
 *
 * sigmask.h - signals that must not come while something is taken and not yet told
 *
 * Closed from before the lock is asked for until it is given back, open
 * whenever the thread sleeps: a terminating signal then takes effect by its
 * default action, asleep in line or asleep on the lock, and needs no handler.  (A
 * handler that sets a flag would lose the signal that comes just before the
 * sleep.)
 */
#ifndef SIGMASK_H
#define SIGMASK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct sigmask {
	const sigset_t *hold; /* NULL: the gate does nothing */
	sigset_t before;      /* the thread's mask while it is open */
	bool closed;
	const volatile sig_atomic_t *wanted; /* or NULL; set by a handler: do not sleep on */
};

/* Open.  (What it remembers while closed is not touched, for a mask is 128 bytes.) */
static inline void
sigmask_init(struct sigmask *sigmask, const sigset_t *hold)
{
	sigmask->hold = hold;
	sigmask->closed = false;
	sigmask->wanted = NULL;
}

void sigmask_block(struct sigmask *sigmask);
void sigmask_restore(struct sigmask *sigmask);

/* After a handler has left the sleep by siglongjmp(), its mask still in force.  The gate was
 * closed by sigmask_block() before. */
void sigmask_block_after_handler(struct sigmask *sigmask);

static inline bool
sigmask_is_interrupted(const struct sigmask *sigmask)
{
	return sigmask->wanted != NULL && *sigmask->wanted;
}

#endif
