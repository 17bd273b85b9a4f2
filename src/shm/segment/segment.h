/* SPDX-License-Identifier: ISC
 *
 * segment - a namespace's shared memory: open, check, map, and look inside
 *
 * Everything in the mapping is untrusted bytes.  An index is read once, and
 * turned into a pointer only by completion_at() and place_at().  An index out of its
 * range leads to a blank record in the session's private memory, and marks the
 * session as damaged; nothing can be committed from then on (log.h), loops end
 * because a blank record leads nowhere, and the call fails with
 * COMPL_E_DAMAGED.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/os/gate.h"
#include "shm/segment/layout.h"
#include "shm/segment/mutex.h"
#include "shm/os/robust.h"

/* An open namespace: compl.h's handle.  Constant after compl_open() but for
 * what says so itself. */
struct compl_space {
	char name[COMPL_PATH_MAX]; /* as for shm_open(3) */
	char *base;
	struct layout_header *header;
	struct mutex lock;
	uint64_t reserved; /* bytes that had pages when somebody looked; atomic */
	uint64_t secured;  /* pages_tables() of pages_secure_tables(); atomic */
	int fd;
	bool sole;		    /* COMPL_SOLE_LIST */
	uint32_t tid;		    /* with sole */
	struct robust_private list; /* with sole */
	/* Memory that nobody else can write, for the links of that list: of the lock's word
	   alone, or once segment_make_links() was called of all words, else NULL. */
	struct robust_list lock_link;
	char *links;
};

/* One call's stay in a segment; on the stack of the calling thread. */
struct session {
	struct compl_space *c;
	struct layout_header *h;
	struct robust_thread thread;
	struct gate gate;
	uint32_t completions, places; /* how many there are, read once per lock */
	bool damaged;
	union {
		struct completion completion;
		struct place place;
		char value[2 * LAYOUT_VALUE];
		uint32_t word;
	} blank;	 /* what a bad index leads to */
	uint32_t logged; /* entries of the transaction under way */
	struct layout_entry log[LAYOUT_LOG];
};

/* compl.h's compl_open(), compl_close(). */
enum compl_result segment_open(struct compl_space **c, const struct compl_where *where,
			       unsigned flags);
void segment_close(struct compl_space *c);

/* For a handle with a list of its own: makes room for the links of more words than the lock's.
 * While none is owned.  COMPL_E_SYSTEM. */
enum compl_result segment_make_links(struct compl_space *c);

/* Begins a call.  hold may be NULL.  COMPL_E_SYSTEM: no robust list. */
enum compl_result session_begin(struct session *s, struct compl_space *c, const sigset_t *hold);

/* The same for a call that will own no word but the lock, nor sleep with the gate open to
 * signals; it spares a mapping. */
enum compl_result session_begin_brief(struct session *s, struct compl_space *c);

/* What a word of 0 becomes; what it is, if somebody was there first.  (Mostly somebody was;
 * and a page that is read before it is written comes with its neighbours, in one fault.) */
static inline uint64_t
segment_claim(uint64_t *word, uint64_t value)
{
	uint64_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	if (seen == 0 && __atomic_compare_exchange_n(word, &seen, value, false, __ATOMIC_SEQ_CST,
						     __ATOMIC_SEQ_CST))
		return value;
	return seen;
}

/* To read and write words that others change at the same time, or may leave
 * behind half-way; no barrier. */
static inline uint32_t
get(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void
put(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Notes damage; always false, for a condition's sake. */
bool session_damaged(struct session *s);

static inline struct completion *
completion_at(struct session *s, uint32_t index)
{
	if (index == 0 || index > s->completions) {
		session_damaged(s);
		return &s->blank.completion;
	}
	return (struct completion *)(s->c->base + LAYOUT_COMPLETIONS_AT) + index;
}

static inline struct place *
place_at(struct session *s, uint32_t index)
{
	if (index == 0 || index > s->places) {
		session_damaged(s);
		return &s->blank.place;
	}
	return (struct place *)(s->c->base + LAYOUT_PLACES_AT) + index;
}

static inline uint32_t *
bucket_at(struct session *s, uint32_t hash)
{
	return (uint32_t *)(s->c->base + LAYOUT_BUCKETS_AT) + hash % LAYOUT_BUCKETS;
}

/* The text of a completion's value in slot 0 or 1, and that of a released
 * place; LAYOUT_VALUE bytes each. */
char *completion_value_at(struct session *s, uint32_t index, uint32_t slot);
char *place_value_at(struct session *s, uint32_t index);

/* A robust word that a place may watch, by its offset: a bell or a beacon. */
uint32_t *watched_at(struct session *s, uint32_t offset);

static inline uint32_t
offset_of(const struct session *s, const void *word)
{
	return (uint32_t)((const char *)word - s->c->base);
}

#endif
