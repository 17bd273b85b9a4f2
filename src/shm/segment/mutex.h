/* SPDX-License-Identifier: ISC
 *
 * mutex.h - the one lock of a segment: a robust word that is slept for
 */
#ifndef MUTEX_H
#define MUTEX_H

#include <stdint.h>

#include "shm/os/gate.h"
#include "shm/os/robust.h"

struct mutex {
	uint32_t *word;
	uint32_t *sleepers;  /* at least as many as sleep; only saves a wake */
	const char *segment; /* whose lock it is, as for shm_open(3), or NULL */
	uint32_t *rescues;   /* counts when the seat belt was needed */
};

enum mutex_result {
	MUTEX_LOCKED,
	MUTEX_OWNER_DIED, /* locked; the caller repairs before anything else */
	MUTEX_TIMED_OUT,
	MUTEX_INTERRUPTED, /* gate_is_interrupted() */
	MUTEX_NO_OWNER,	   /* held by a thread that does not exist: damage */
};

/* Locks; sleeps at the most until deadline_ns, with the gate open meanwhile.
 * Acquire barrier.  A deadline in the past makes one attempt. */
enum mutex_result mutex_lock(struct robust_thread *t, const struct mutex *m, int64_t deadline_ns,
			     struct gate *gate);

/* The same without a deadline, for who repairs damage: never MUTEX_NO_OWNER.  The very value that no
 * owner can have left is replaced, and nothing that somebody else has made of it since. */
enum mutex_result mutex_seize(struct robust_thread *t, const struct mutex *m, struct gate *gate);

/* Unlocks.  Release barrier. */
void mutex_unlock(struct robust_thread *t, const struct mutex *m);

/* Unlocks what could not be repaired: the next owner is told again. */
void mutex_unlock_dirty(struct robust_thread *t, const struct mutex *m);

#endif
