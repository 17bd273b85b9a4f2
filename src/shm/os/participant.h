/* SPDX-License-Identifier: ISC
 *
 * participant.h - whether a thread takes part in a segment, and whether it has died
 *
 * The kernel does not report every death through the robust list of the thread: not that of a
 * thread whose list was taken away before it ended (struct robust_private), and not an exec by a
 * thread that is not the first one of its process, because the thread has another id then.  So
 * there are robust words whose owner does not exist any more.  These functions ask about the owner.
 *
 * A thread id means something in one pid namespace only: ask about threads of our own.
 */
#ifndef PARTICIPANT_H
#define PARTICIPANT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a thread may have a segment of this name (as for shm_open(3)) mapped.  False only if that
 * is certain: its /proc/TID/maps can be read and does not name the segment.  (It never is if the
 * name is NULL.)  Called when a thread has held a lock for a second, so it need not be fast. */
bool participant_may_be(uint32_t tid, const char *name);

/* Whether the thread that owned a robust word of this segment has ended, and the kernel is done
 * with its robust list: if the word still names the thread, the death is not reported and will not
 * be.  False if that cannot be told, and if another thread has the id now.  One system call, unless
 * the thread has no robust list. */
bool participant_is_gone(uint32_t tid, const char *name);

/* Whether the thread that owned a robust word at since_ns (CLOCK_MONOTONIC) has ended: the thread
 * that has its id now began later, or has ended too.  False if /proc/TID does not say so for
 * sure.  (since_ns may be any bytes.  A negative time, which that clock never has, says
 * nothing.) */
bool participant_is_another(uint32_t tid, int64_t since_ns);

#endif
