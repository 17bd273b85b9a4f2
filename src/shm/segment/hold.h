/* SPDX-License-Identifier: ISC
 *
 * hold.h - what lasts as long as a descriptor does
 *
 * A hold is a byte beyond the end of the segment's file, and the shared locks that open file
 * descriptions have on it (ofd_lock.h).  It is held as long as anybody has a copy of one of these
 * descriptors: whatever a process has started, in whichever session, as whichever user.
 *
 * A byte has a number.  Numbers are tickets (waitqueue_draw_ticket()): a segment never draws the
 * same one twice.  So a byte is never used again, and what still holds the byte of something that
 * is long gone is taken for nothing else.
 *
 * Locking: header.lock is held while a hold is taken, and by a caller that acts upon
 * hold_is_held().  "Not held" then stays true as long as the caller holds the lock: a copy of a
 * descriptor can only be made from one that still exists.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/segment/handle.h"

/* Takes the byte with this number.  fd: as of file_open_again().  COMPL_E_SYSTEM; with ENOLCK the
 * file system has no such locks. */
enum compl_result hold_take(int fd, uint64_t number);

/* Whether anybody's descriptor holds the byte with this number.  Makes a system call. */
bool hold_is_held(const struct compl_space *c, uint64_t number);

/* Returns another process that has such a descriptor, or 0 if /proc shows none. */
pid_t hold_find_pid(const struct compl_space *c, uint64_t number);

#endif
