/* SPDX-License-Identifier: ISC
 *
 * sigmask.h - blocks signals while something is taken and not yet told
 *
 * A call blocks the signals before it asks for the lock, and restores the mask whenever its thread
 * sleeps, in line or for the lock.  So a terminating signal takes effect during the sleep, by its
 * default action, and needs no handler.  (A handler that sets a flag would lose a signal that comes
 * just before the sleep.)  After a successful wait the signals stay blocked: the caller of the
 * library has yet to tell what was taken.
 */
#ifndef SIGMASK_H
#define SIGMASK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct sigmask {
	const sigset_t *hold; /* which signals; NULL: no function here changes the mask */
	sigset_t before;      /* the thread's mask before sigmask_block() */
	bool blocked;	      /* sigmask_block() is in force */
	const volatile sig_atomic_t *wanted; /* or NULL; a handler sets it: do not sleep on */
};

/* Nothing is blocked yet.  (`before` is left as it is, because a mask is 128 bytes.) */
static inline void
sigmask_init(struct sigmask *sigmask, const sigset_t *hold)
{
	sigmask->hold = hold;
	sigmask->blocked = false;
	sigmask->wanted = NULL;
}

/* Blocks the signals, unless they are blocked already. */
void sigmask_block(struct sigmask *sigmask);

/* Sets the mask from before sigmask_block(), unless that is done already. */
void sigmask_restore(struct sigmask *sigmask);

/* Blocks the signals after a handler has left the sleep by siglongjmp(), with the mask of the
 * handler still in force.  Leaves `before` as the sigmask_block() before the sleep has set it. */
void sigmask_block_after_handler(struct sigmask *sigmask);

static inline bool
sigmask_is_interrupted(const struct sigmask *sigmask)
{
	return sigmask->wanted != NULL && *sigmask->wanted;
}

#endif
