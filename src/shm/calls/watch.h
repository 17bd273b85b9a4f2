/* SPDX-License-Identifier: ISC
 *
 * watch.h - the words that a wait sleeps on
 */
#ifndef WATCH_H
#define WATCH_H

#include "shm/calls/sight.h"
#include "shm/calls/wait.h"
#include "shm/os/futex.h"

/* Notes what to sleep on, by what is in sight; nothing if something has just gone, for a
 * new look.  Under the lock. */
void watch_arm(struct wait *w, const struct sight *sight);

/* Sleeps until one of the words changes.  Not under the lock.  Where the kernel cannot watch
 * several words, for a second at the most. */
enum futex_result watch_sleep(struct wait *w, int64_t deadline_ns);

/* After each sleep, however it ended, and before anything else: who was woken by a producer's
 * death hands the wake on. */
void watch_pass_on(struct wait *w);

#endif
