/* SPDX-License-Identifier: ISC
 *
 * mutex.h - the one lock of a segment: a robust word on which threads sleep
 */
#ifndef MUTEX_H
#define MUTEX_H

#include <stdint.h>

#include "shm/os/robust.h"
#include "shm/os/sigmask.h"
#include "shm/segment/seat.h"

struct mutex {
	uint32_t *word;
	struct seats seats;
	uint32_t *sleepers;  /* an upper bound of the threads that sleep; 0 saves a system call */
	const char *segment; /* the name of the segment, as for shm_open(3), or NULL */
	/* Counts how often a thread that only the watchdog has woken got the lock. */
	uint32_t *lost_wakeups;
};

enum mutex_result {
	MUTEX_LOCKED,
	MUTEX_OWNER_DIED, /* locked; the caller recovers before anything else */
	MUTEX_TIMED_OUT,
	MUTEX_INTERRUPTED, /* sigmask_is_interrupted() */
	MUTEX_NO_OWNER,	   /* the word is none that compl can have written: damage */
};

/* Locks.  Sleeps until deadline_ns at the most, between sigmask_restore() and sigmask_block().  If
 * the deadline has passed, makes one attempt.  Takes the lock from an owner whose death the kernel
 * has not reported, after a sleep of a second, or to the deadline.  Acquire barrier. */
enum mutex_result mutex_lock(struct robust_thread *t, const struct mutex *m, int64_t deadline_ns,
			     struct sigmask *sigmask);

/* Locks as mutex_lock() does, but without a deadline, for the repair of damage: takes the lock
 * where mutex_lock() returns MUTEX_NO_OWNER.  If another thread changes the word at that moment,
 * looks at the word again. */
enum mutex_result mutex_seize(struct robust_thread *t, const struct mutex *m,
			      struct sigmask *sigmask);

/* Unlocks.  Release barrier. */
void mutex_unlock(struct robust_thread *t, const struct mutex *m);

/* Unlocks a segment that could not be recovered: the next owner gets MUTEX_OWNER_DIED again. */
void mutex_unlock_dirty(struct robust_thread *t, const struct mutex *m);

#endif
