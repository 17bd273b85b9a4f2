/* SPDX-License-Identifier: ISC
 *
 * gate - signals that must not come while something is taken and not yet told
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
};

void gate_close(struct gate *gate);
void gate_open(struct gate *gate);

/* After a handler has left the sleep by siglongjmp(): takes the handler's mask
 * off, and closes the gate. */
void gate_close_after_handler(struct gate *gate);

#endif
