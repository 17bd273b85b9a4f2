/* SPDX-License-Identifier: ISC
 *
 * seat.c - claims, names, leaves and clears the seats of the lock
 *
 * Invariant: a claimant puts a seat on its robust list only while it owns it, and a seat is never
 * the pending operation.  So no death takes a seat from a living owner of the same thread id.
 *
 * Invariant: a seat is claimed only if its word is 0.  Its word becomes 0 only when its owner
 * leaves it, or when the owner is certainly gone and the lock does not name the seat.  So while the
 * lock names a seat whose owner has died, nobody else owns that seat: it cannot hide the death.
 *
 * Crash: at each step of a claimant that is killed,
 *
 *	claimed, not yet on the list	The seat is leaked; clear_if_left() finds that it has no
 *					holder.
 *	on the list			The kernel lets go of the seat.
 *	... and named in the lock	Sleepers of the lock sleep on the seat too (mutex.c).  The
 *					kernel wakes one, which finds a dead owner.
 *	... and not named any more	The same, and it finds a free lock.
 *	off the list, not yet 0		The seat is leaked.
 *
 * tests/model/seats.pml is the model of this.
 */
#include "shm/segment/seat.h"

#include <sys/stat.h>

#include "shm/os/ofd_lock.h"

#define NAME	    UINT32_C(0x20000000)
#define SERIAL_MASK (NAME - LAYOUT_SEATS)

#define TID_LIMIT (4 * 1024 * 1024) /* PID_MAX_LIMIT of 64-bit kernels */

/* The bytes of the holders begin here, beyond the end of every segment and before those of holds
 * (hold.c). */
#define HOLDERS_AT (INT64_C(1) << 61)

static int64_t
byte_of(uint32_t holder)
{
	return HOLDERS_AT + holder;
}

static bool
has_descriptor(const struct seats *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode;
}

/* Ordering: the byte is locked before a seat is claimed with this number, and before somebody else
 * can read the number in a seat. */
bool
seat_join(struct seats *s, uint32_t *latest, int fd)
{
	uint32_t nobody = 0, number = __atomic_add_fetch(latest, 1, __ATOMIC_RELAXED);
	bool joined = number != 0 && fd >= 0 && ofd_lock_share(fd, byte_of(number)) == 0 &&
		      __atomic_compare_exchange_n(&s->holder, &nobody, number, false,
						  __ATOMIC_RELEASE, __ATOMIC_RELAXED);

	__atomic_store_n(&s->is_foreign, true, __ATOMIC_RELEASE);
	return joined;
}

/* Whether the handle with this number does certainly not exist any more.  Its owner may have been
 * killed at any instruction: the kernel has done with its robust list before it frees the byte.  (A
 * byte on our own descriptor looks free to us.  It is that of our own number, which we share with
 * each process that shares the handle; so these cannot be told from us.) */
static bool
is_gone(const struct seats *s, uint32_t holder)
{
	return holder != 0 && holder != __atomic_load_n(&s->holder, __ATOMIC_RELAXED) &&
	       has_descriptor(s) && !ofd_lock_is_taken(s->fd, byte_of(holder));
}

/* ---- the names ---------------------------------------------------------------- */

bool
seat_is_named(const struct seats *s, uint32_t value)
{
	return s->seats != NULL && robust_owner(value) >= NAME && (value & FUTEX_WAITERS) != 0 &&
	       (value & FUTEX_OWNER_DIED) == 0;
}

static struct seat *
named(const struct seats *s, uint32_t value)
{
	return &s->seats[value % LAYOUT_SEATS];
}

uint32_t *
seat_word(const struct seats *s, uint32_t value)
{
	return &named(s, value)->owner.word;
}

static uint32_t
serial_bits(const struct seat *seat)
{
	return __atomic_load_n(&seat->serial, __ATOMIC_SEQ_CST) * LAYOUT_SEATS & SERIAL_MASK;
}

static union seat_owner
load(const struct seat *seat)
{
	return (union seat_owner){ .whole = __atomic_load_n(&seat->owner.whole, __ATOMIC_SEQ_CST) };
}

/* Ordering: the word and the serial number are read one after the other.  But an owner that lives
 * changes neither of them while the lock names its seat.  So if either of them is wrong, the owner
 * has died, or the lock has another value by now, which the caller's compare-and-swap will find. */
bool
seat_has_owner(const struct seats *s, uint32_t value)
{
	const struct seat *seat = named(s, value);

	return robust_owner(load(seat).word) != 0 && serial_bits(seat) == (value & SERIAL_MASK);
}

bool
seat_is_abandoned(const struct seats *s, uint32_t value)
{
	return is_gone(s, load(named(s, value)).holder);
}

/* ---- taking ----------------------------------------------------------------- */

static bool
try_change(struct seat *seat, union seat_owner seen, union seat_owner wanted)
{
	return __atomic_compare_exchange_n(&seat->owner.whole, &seen.whole, wanted.whole, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Returns a seat that the thread owns now, and that is not on its list yet; or NULL. */
static struct seat *
claim(const struct seats *s, uint32_t tid)
{
	const union seat_owner mine = { .word = tid | FUTEX_WAITERS,
					.holder = __atomic_load_n(&s->holder, __ATOMIC_RELAXED) };

	for (uint32_t i = 0; i < LAYOUT_SEATS; i++) {
		union seat_owner seen = load(&s->seats[i]);

		if (seen.word == 0 && try_change(&s->seats[i], seen, mine))
			return &s->seats[i];
	}
	return NULL;
}

/* Clears a seat that belongs to nobody, unless the lock names it: the kernel has let go of it, or
 * its holder is gone.
 *
 * Ordering: when that is certain, the dead owner does not store its name in the lock any more.  So
 * the lock is read after that.  Another claimant changes the seat before it names it. */
static void
clear_if_left(const struct seats *s, uint32_t index, const uint32_t *lock)
{
	const union seat_owner nobody = { .whole = 0 }, seen = load(&s->seats[index]);
	uint32_t value;

	if (seen.word == 0 || (robust_owner(seen.word) != 0 && !is_gone(s, seen.holder)))
		return;
	value = robust_load(lock);
	if (!seat_is_named(s, value) || value % LAYOUT_SEATS != index)
		try_change(&s->seats[index], seen, nobody);
}

static void
leave(struct robust_thread *t, struct seat *seat)
{
	robust_detach(t, &seat->owner.word);
	__atomic_store_n(&seat->owner.word, 0, __ATOMIC_SEQ_CST);
}

enum seat_result
seat_take(struct robust_thread *t, const struct seats *s, uint32_t *lock, uint32_t seen)
{
	struct seat *seat = claim(s, t->tid);
	uint32_t name;

	if (seat == NULL) {
		for (uint32_t i = 0; i < LAYOUT_SEATS; i++)
			clear_if_left(s, i, lock);
		seat = claim(s, t->tid);
	}
	if (seat == NULL)
		return SEAT_NONE;
	robust_attach(t, &seat->owner.word);
	__atomic_add_fetch(&seat->serial, 1, __ATOMIC_SEQ_CST);
	name = NAME | serial_bits(seat) | (uint32_t)(seat - s->seats) | FUTEX_WAITERS;
	if (__atomic_compare_exchange_n(lock, &seen, name, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return SEAT_TAKEN;
	leave(t, seat);
	return SEAT_CHANGED;
}

/* The seat is found by what this process remembers, and not by what the segment says. */
void
seat_leave(struct robust_thread *t, const struct seats *s)
{
	for (uint32_t i = 0; i < LAYOUT_SEATS; i++)
		if (robust_holds(t, &s->seats[i].owner.word)) {
			leave(t, &s->seats[i]);
			return;
		}
}

/* ---- damage ----------------------------------------------------------------- */

bool
seat_is_possible(uint32_t word)
{
	if (robust_owner(word) == 0)
		return word == 0 || word == (FUTEX_WAITERS | FUTEX_OWNER_DIED);
	return (word & ~FUTEX_TID_MASK) == FUTEX_WAITERS && robust_owner(word) <= TID_LIMIT;
}

void
seat_repair(const struct seats *s, const uint32_t *lock)
{
	for (uint32_t i = 0; i < LAYOUT_SEATS; i++) {
		if (!seat_is_possible(load(&s->seats[i]).word))
			__atomic_store_n(&s->seats[i].owner.word, 0, __ATOMIC_SEQ_CST);
		clear_if_left(s, i, lock);
	}
}
