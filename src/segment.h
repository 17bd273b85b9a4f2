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
#include "gate.h"
#include "layout.h"
#include "robust.h"

/* An open namespace: compl.h's handle.  Constant after compl_open() but for
 * what says so itself. */
struct compl_space {
	char name[COMPL_PATH_MAX]; /* as for shm_open(3) */
	char *base;
	struct layout_header *header;
	size_t mapped;	   /* bytes, with the private links behind the segment */
	uint64_t reserved; /* bytes that had pages when somebody looked; atomic */
	int fd;
	bool sole;		    /* COMPL_SOLE_LIST */
	uint32_t tid;		    /* with sole */
	struct robust_private list; /* with sole */
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

/* compl.h's compl_path(), compl_open(), compl_close(). */
enum compl_result segment_path(char *path, size_t size, const struct compl_where *where);
enum compl_result segment_open(struct compl_space **c, const struct compl_where *where,
			       unsigned flags);
void segment_close(struct compl_space *c);

/* Unlinks the segment's path if it still leads to this very segment.  Only
 * what is marked dead may be unlinked.  COMPL_E_SYSTEM. */
enum compl_result segment_unlink(struct compl_space *c);

/* Marks and unlinks a file that cannot be used, of another version or damaged, but is a
 * regular file of the right owner.  COMPL_E_NOT_SEGMENT, _NOT_OURS, _SYSTEM. */
enum compl_result segment_unlink_foreign(const struct compl_where *where);

/* Begins a call.  hold may be NULL.  COMPL_E_SYSTEM: no robust list. */
enum compl_result session_begin(struct session *s, struct compl_space *c, const sigset_t *hold);

/* The segment has not been unlinked. */
bool segment_is_linked(const struct compl_space *c);

enum segment_table { SEGMENT_COMPLETIONS, SEGMENT_PLACES };

/* Pays for the page of a record that was never used before, and those of the values that go
 * with the page.  COMPL_E_NO_SPACE, COMPL_E_SYSTEM. */
enum compl_result segment_reserve_record(const struct compl_space *c, enum segment_table kind,
					 uint32_t index);

/* Whether the pages of tables of that many records are likely to have been reserved:
 * hostile sizes must not lead to pages that a full file system cannot give. */
bool segment_has_tables(struct compl_space *c, uint32_t completions, uint32_t places);
enum compl_result segment_reserve_tables(struct compl_space *c, uint32_t completions,
					 uint32_t places);

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

struct completion *completion_at(struct session *s, uint32_t index);
struct place *place_at(struct session *s, uint32_t index);
uint32_t *bucket_at(struct session *s, uint32_t hash);
/* The text of a completion's value in slot 0 or 1, and that of a released
 * place; LAYOUT_VALUE bytes each. */
char *completion_value_at(struct session *s, uint32_t index, uint32_t slot);
char *place_value_at(struct session *s, uint32_t index);

/* A robust word that a place may watch, by its offset: a bell or a beacon. */
uint32_t *watched_at(struct session *s, uint32_t offset);
uint32_t offset_of(const struct session *s, const void *word);

#endif
