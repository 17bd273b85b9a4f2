/* SPDX-License-Identifier: ISC
 *
 * gate.h - signals that must not come while something is taken and not yet told
 *
 * Closed from before the lock is asked for until it is given back, open
 * whenever the thread sleeps: a terminating signal then takes effect by its
 * default action, asleep in line or asleep on the lock, and needs no handler.  (A
 * handler that sets a flag would lose the signal that comes just before the
 * sleep.)
 */
#ifndef GATE_H
#define GATE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct gate {
	const sigset_t *hold; /* NULL: the gate does nothing */
	sigset_t before;      /* the thread's mask while it is open */
	bool closed;
	const volatile sig_atomic_t *wanted; /* or NULL; set by a handler: do not sleep on */
};

/* Open.  (What it remembers while closed is not touched, for a mask is 128 bytes.) */
static inline void
gate_init(struct gate *gate, const sigset_t *hold)
{
	gate->hold = hold;
	gate->closed = false;
	gate->wanted = NULL;
}

void gate_close(struct gate *gate);
void gate_open(struct gate *gate);

/* After a handler has left the sleep by siglongjmp(), its mask still in force.  The gate was
 * closed by gate_close() before. */
void gate_close_after_handler(struct gate *gate);

static inline bool
gate_is_interrupted(const struct gate *gate)
{
	return gate->wanted != NULL && *gate->wanted;
}

#endif
