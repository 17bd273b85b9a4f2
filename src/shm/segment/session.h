/* SPDX-License-Identifier: ISC
 *
 * session.h - one call in a segment, and its way to the records in it
 *
 * Everything in the mapping is untrusted bytes.  An index is read once, and only completion_at()
 * and entry_at() turn it into a pointer.  An index that is out of range leads to a blank record in
 * the private memory of the session, and marks the session as damaged.  From then on nothing can be
 * committed (log.h), loops end because a blank record leads nowhere, and the call fails with
 * COMPL_E_DAMAGED.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/os/robust.h"
#include "shm/os/sigmask.h"
#include "shm/segment/handle.h"
#include "shm/segment/layout.h"
#include "shm/segment/word.h"

/* A session lies on the stack of the calling thread. */
struct session {
	struct compl_space *c;
	struct layout_header *h;
	struct robust_thread thread;
	struct sigmask sigmask;
	uint32_t completions, entries; /* sizes of the tables, read each time the lock is taken */
	int64_t now_ns;		       /* when the call began, or 0: ask */
	bool damaged;
	bool thorough; /* asks /proc too, whether an owner is dead: see entry.h */
	union {
		struct completion completion;
		struct entry entry;
		char value[2 * LAYOUT_VALUE];
		uint32_t word;
	} blank;	 /* what a bad index leads to */
	uint32_t logged; /* how many changes of the transaction under way are in log */
	struct layout_change log[LAYOUT_LOG];
};

/* Begins a call.  hold: the signals to block (sigmask.h), or NULL.  COMPL_E_SYSTEM: there is no
 * robust list, or no memory for its links. */
enum compl_result session_begin(struct session *s, struct compl_space *c, const sigset_t *hold);

/* Begins a call that owns no word except the lock, at least at first.  Saves the mapping that
 * session_begin() makes (segment_make_links()), unless users of several pid namespaces share the
 * segment: there nobody can ask whether the owner of the lock lives, so its death has to be
 * reported in every case. */
enum compl_result session_begin_brief(struct session *s, struct compl_space *c,
				      const sigset_t *hold);

/* Whether the call may own other words than the lock. */
static inline bool
session_has_links(const struct session *s)
{
	return !s->c->one_thread || s->c->links != NULL;
}

/* Makes room for the links of all words, after session_begin_brief().  The call must not have the
 * lock.  Fails with COMPL_E_SYSTEM. */
enum compl_result session_make_links(struct session *s);

/* The time, at the latest when the call began or ended its latest sleep in a line. */
int64_t session_now_ns(const struct session *s);

/* Marks the session as damaged.  Always returns false, which the caller can return as
 * its own failure. */
bool session_note_damage(struct session *s);

static inline struct completion *
completion_at(struct session *s, uint32_t index)
{
	if (index == 0 || index > s->completions) {
		session_note_damage(s);
		return &s->blank.completion;
	}
	return (struct completion *)(s->c->base + LAYOUT_COMPLETIONS_AT) + index;
}

static inline struct entry *
entry_at(struct session *s, uint32_t index)
{
	if (index == 0 || index > s->entries) {
		session_note_damage(s);
		return &s->blank.entry;
	}
	return (struct entry *)(s->c->base + LAYOUT_ENTRIES_AT) + index;
}

static inline uint32_t *
bucket_at(struct session *s, uint32_t hash)
{
	return (uint32_t *)(s->c->base + LAYOUT_BUCKETS_AT) + hash % LAYOUT_BUCKETS;
}

/* Where the text of a value lies: of a completion, in slot 0 or 1; of an entry whose wait was
 * ended.  Each has LAYOUT_VALUE bytes. */
char *completion_value_at(struct session *s, uint32_t index, uint32_t slot);
char *entry_value_at(struct session *s, uint32_t index);

/* The word at an offset that was read from entry.watch: a bell or a beacon. */
uint32_t *watched_at(struct session *s, uint32_t offset);

static inline uint32_t
offset_of(const struct session *s, const void *word)
{
	return (uint32_t)((const char *)word - s->c->base);
}

#endif
