/* SPDX-License-Identifier: ISC
 *
 * hold.c - takes bytes of a segment, and tells which bytes are held
 */
#include "shm/segment/hold.h"

#include "shm/os/ofd_lock.h"
#include "shm/segment/descriptor.h"

/* The bytes of holds are the upper half of all offsets.  The scope lock and the file are in the
 * lower half. */
#define FIRST INT64_C(0x4000000000000000)

static int64_t
byte_of(uint64_t number)
{
	return (int64_t)(number & ((uint64_t)FIRST - 1)) + FIRST;
}

enum compl_result
hold_take(int fd, uint64_t number)
{
	return ofd_lock_share(fd, byte_of(number)) == 0 ? COMPL_OK : COMPL_E_SYSTEM;
}

/* A program that has lost the descriptor of its handle cannot know.  Then what may be held is. */
bool
hold_is_held(const struct compl_space *c, uint64_t number)
{
	return !descriptor_is_ours(c) || ofd_lock_is_taken(c->fd, byte_of(number));
}

pid_t
hold_find_pid(const struct compl_space *c, uint64_t number)
{
	return ofd_lock_find_pid(c->fd, byte_of(number), c->name + 1);
}
