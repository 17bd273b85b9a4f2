/* SPDX-License-Identifier: ISC
 *
 * watch.h - the words that a wait sleeps on
 */
#ifndef WATCH_H
#define WATCH_H

#include "shm/calls/readiness.h"
#include "shm/calls/wait.h"
#include "shm/os/futex.h"

/* Chooses the words to sleep on, and sets w->watches to them and to the values that they must have.
 * Chooses none if a blocker has just gone: then look again.  Under the lock. */
void watch_arm(struct wait *w, const struct readiness *readiness);

/* Sleeps until one of the words changes, or until deadline_ns.  If there are several words, and the
 * kernel cannot watch several, sleeps for a second at the most.  Not under the lock. */
enum futex_result watch_sleep(struct wait *w, int64_t deadline_ns);

/* Reports those owners of the beacons slept on which are dead, if the kernel may not have done so:
 * entry_report().  To be called after a sleep that only its bound has ended.  Under the lock. */
void watch_report(struct wait *w);

/* Hands on the wake that a producer's death has given us.  To be called after each sleep, however
 * the sleep ended, and before anything else. */
void watch_pass_on(struct wait *w);

#endif
