/* SPDX-License-Identifier: ISC
 *
 * seat.h - the robust words by which participants of other pid namespaces own the lock
 *
 * A thread id means something in one pid namespace only, and the kernel compares nothing else when
 * it lets go of the words of a dead thread.  If a thread only wants the lock, and the lock is on
 * its robust list or is its pending operation, its death frees the lock of a living owner that has
 * the same id in another namespace.  So in the lock there stand only thread ids of one namespace,
 * that of the segment's first user: its home (pidns.h).
 *
 * A participant from elsewhere is foreign.  It claims a *seat*, a robust word of its own beside the
 * lock, and then stores the name of the seat in the lock:
 *
 *	bits 0 to 4	which seat
 *	bits 5 to 28	its serial number: a seat that was left and claimed again has another name
 *	bit 29		set: no thread id is that large
 *	bits 30, 31	as in every robust word: FUTEX_OWNER_DIED is 0, FUTEX_WAITERS is set
 *
 * While the lock names a seat, the owner of the seat owns the lock.  If the kernel has let go of
 * the seat, the owner has died.
 *
 * A claimant that is killed between two instructions leaks its seat (seat.c).  So does a death that
 * the kernel does not report.  Therefore each foreign handle has a number, and a shared lock of its
 * open file description (fcntl(2), F_OFD_SETLK) on the byte with that number.  The mapping of the
 * segment keeps this lock, even if somebody closes the descriptor, until the process has ended, has
 * called exec, or has closed the handle.  A seat whose holder has lost its byte belongs to nobody.
 */
#ifndef SEAT_H
#define SEAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/os/robust.h"
#include "shm/segment/layout.h"

/* The seats of a segment, as a handle uses them. */
struct seats {
	struct seat *seats; /* LAYOUT_SEATS of them; NULL: there are none, all are at home */
	bool is_foreign;    /* atomic; once true it stays true */
	uint32_t holder; /* the number of this handle; 0: nobody can ask whether it still exists */
	int fd;		 /* of the segment's file; the program may close or replace it */
	dev_t device;	 /* of the file */
	ino_t inode;
};

/* Makes the handle foreign.  latest: header.seat_holders.  fd: of the segment's file, or -1; its
 * open file description is one on which no other handle has its byte.  Returns whether this handle
 * has its byte on it now.  (If several threads do this at once, all use the same byte.) */
bool seat_join(struct seats *s, uint32_t *latest, int fd);

static inline bool
seat_is_foreign(const struct seats *s)
{
	return __atomic_load_n(&s->is_foreign, __ATOMIC_ACQUIRE);
}

/* Whether a value of the lock is the name of a seat. */
bool seat_is_named(const struct seats *s, uint32_t value);

/* Whether the seat that a value of the lock names has its owner still, as far as the kernel has
 * told. */
bool seat_has_owner(const struct seats *s, uint32_t value);

/* The robust word of the seat that a value of the lock names. */
uint32_t *seat_word(const struct seats *s, uint32_t value);

/* Whether the owner of the seat that a value of the lock names has died, although the kernel has
 * not told.  Makes system calls. */
bool seat_is_abandoned(const struct seats *s, uint32_t value);

enum seat_result {
	SEAT_TAKEN,
	SEAT_CHANGED, /* the lock has another value by now */
	SEAT_NONE,    /* there is no free seat */
};

/* Takes the lock by a seat, if it still has the value `seen`, which names no owner. */
enum seat_result seat_take(struct robust_thread *t, const struct seats *s, uint32_t *lock,
			   uint32_t seen);

/* Gives up the seat by which the thread has taken the lock.  The lock must not name it any more. */
void seat_leave(struct robust_thread *t, const struct seats *s);

/* Whether compl or the kernel can have written this word of a seat. */
bool seat_is_possible(uint32_t word);

/* Clears all seats that belong to nobody, or that have an impossible value.  The caller owns the
 * lock. */
void seat_repair(const struct seats *s, const uint32_t *lock);

#endif
