/* SPDX-License-Identifier: ISC
 *
 * session.h - one call's stay in a segment, and its way to the records in it
 *
 * Everything in the mapping is untrusted bytes.  An index is read once, and
 * turned into a pointer only by completion_at() and entry_at().  An index out of its
 * range leads to a blank record in the session's private memory, and marks the
 * session as damaged; nothing can be committed from then on (log.h), loops end
 * because a blank record leads nowhere, and the call fails with
 * COMPL_E_DAMAGED.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/os/sigmask.h"
#include "shm/os/robust.h"
#include "shm/segment/handle.h"
#include "shm/segment/layout.h"
#include "shm/segment/word.h"

/* It lies on the stack of the calling thread. */
struct session {
	struct compl_space *c;
	struct layout_header *h;
	struct robust_thread thread;
	struct sigmask sigmask;
	uint32_t completions, entries; /* how many there are, read once per lock */
	bool damaged;
	union {
		struct completion completion;
		struct entry entry;
		char value[2 * LAYOUT_VALUE];
		uint32_t word;
	} blank;	 /* what a bad index leads to */
	uint32_t logged; /* entries of the transaction under way */
	struct layout_change log[LAYOUT_LOG];
};

/* Begins a call.  hold may be NULL.  COMPL_E_SYSTEM: no robust list. */
enum compl_result session_begin(struct session *s, struct compl_space *c, const sigset_t *hold);

/* The same for a call that owns no word but the lock, and does not sleep with the gate open.
 * Spares a mapping. */
enum compl_result session_begin_brief(struct session *s, struct compl_space *c);

/* Marks the session as damaged.  Always false, so that a condition can call it. */
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

/* The text of a completion's value in slot 0 or 1, and that of a released
 * entry; LAYOUT_VALUE bytes each. */
char *completion_value_at(struct session *s, uint32_t index, uint32_t slot);
char *entry_value_at(struct session *s, uint32_t index);

/* A robust word that an entry may watch, by its offset: a bell or a beacon. */
uint32_t *watched_at(struct session *s, uint32_t offset);

static inline uint32_t
offset_of(const struct session *s, const void *word)
{
	return (uint32_t)((const char *)word - s->c->base);
}

#endif
