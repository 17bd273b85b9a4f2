/* SPDX-License-Identifier: ISC
 *
 * entry.h - the entries that queues are made of, and the queue of the free ones
 *
 * The free queue is first in, first out, so that an entry rests as long as possible before it is
 * used again.
 *
 * Locking: all calls are made under the lock.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "shm/segment/session.h"

/* Whether the beacon of an entry has an owner. */
bool entry_is_alive(const struct entry *e);

/* Whether the kernel may not report the death of an entry's owner: a thread of a program that uses
 * the library, unless it is the first thread of its process and has a robust list of its own.
 * False if users of several pid namespaces share the segment, because nobody can ask about the
 * owner then. */
bool entry_may_be_unreported(const struct session *s, const struct entry *e);

/* Whether the owner of an entry's beacon is dead, and the kernel has not reported it
 * (participant.h).  That costs a system call.  If s->thorough is set, and the thread id is in use,
 * looks in /proc too, whether another thread has it by now. */
bool entry_is_unreported(const struct session *s, const struct entry *e);

/* If entry_is_unreported(), reports the death in the kernel's place, and returns true: the entry is
 * dead then like any other, and the waiter that sleeps on its beacon wakes. */
bool entry_report(struct session *s, struct entry *e);

/* Whether a living entry is recorded to sleep, or to be about to sleep, on the beacon of e. */
bool entry_is_watched(struct session *s, const struct entry *e);

/* Obtains an entry that may be used: the head of the free queue, or an entry that was never used
 * before, whose pages it reserves.  Moves entries that may not be used yet from the head of the
 * queue to its tail.  Until the entry is used (entry_log_use()), the next call may return it
 * again.  If the session is damaged, returns COMPL_OK with *index 0: so look at s->damaged first.
 * Fails with COMPL_E_FULL_WAITERS, COMPL_E_FULL_DISK or COMPL_E_SYSTEM. */
enum compl_result entry_obtain(struct session *s, uint32_t *index);

/* Obtains an entry from the free queue only, and searches all of it, however long it is.  Returns 0
 * if no entry of it may be used, or the session is damaged. */
uint32_t entry_obtain_any(struct session *s);

/* Put into the transaction under way: an entry that was obtained is in use; an unlinked entry is
 * free. */
void entry_log_use(struct session *s, uint32_t entry);
void entry_log_free(struct session *s, uint32_t entry);

#endif
