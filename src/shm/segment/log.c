/* SPDX-License-Identifier: ISC
 *
 * log.c - collects the changes of a transaction, commits them, and does them again after a death
 *
 * Crash: the store of the length in log_commit() is the point of commit.  Before it the changes in
 * the log mean nothing.  After it the next owner of the lock applies them, and if that one dies,
 * the next.  The values are absolute, and are applied in order.  So the result is the same however
 * often they are applied, and wherever somebody broke off.
 *
 * Ordering: only the owner of the lock calls these functions.  The next owner sees our stores
 * because mutex_lock() acquires what mutex_unlock() has released.  But it may find us dead between
 * two instructions.  Therefore the compiler must keep the order of the stores, and release stores
 * make it do so.
 */
#include "shm/segment/log.h"

#include <string.h>

#include "shm/segment/file.h"
#include "shm/segment/seqcount.h"

/* Words of a record, as bits. */
#define FIELD(type, field)	(UINT64_C(1) << offsetof(struct type, field) / 4)
#define WIDE_FIELD(type, field) (UINT64_C(3) << offsetof(struct type, field) / 4)

/* Whether a word at this offset from the first record of a table is one of these fields. */
static bool
is_field(uint32_t offset, uint64_t fields, uint32_t size)
{
	uint32_t word = offset % size / 4;

	return word < 64 && (fields >> word & 1);
}

static struct layout_change *
shared_log(const struct session *s)
{
	return (struct layout_change *)(s->c->base + LAYOUT_LOG_AT);
}

void
log_put(struct session *s, uint32_t *word, uint32_t value)
{
	if (s->damaged || s->logged == LAYOUT_LOG) {
		session_note_damage(s);
		return;
	}
	s->log[s->logged].offset = offset_of(s, word);
	s->log[s->logged++].value = value;
}

/* The log knows words of 32 bits only, so apply() stores the two halves one after the other. */
void
log_put_wide(struct session *s, void *word, uint64_t value)
{
	uint32_t halves[2];

	memcpy(halves, &value, sizeof(halves));
	log_put(s, word, halves[0]);
	log_put(s, (uint32_t *)word + 1, halves[1]);
}

/* The fields of a completion that a listing shows as its state. */
static const uint64_t state_fields = FIELD(completion, flags) | FIELD(completion, done) |
				     FIELD(completion, failed) | FIELD(completion, lent) |
				     FIELD(completion, status) | FIELD(completion, value) |
				     WIDE_FIELD(completion, generation);

/* Notes when the states of completions changed.  This need not go through the log: the stores come
 * with each application of the changes, also with that of the next owner after a death.  So a time
 * is missing only as long as the change itself is. */
static void
note_changes(struct session *s)
{
	int64_t now_ns = 0;

	for (uint32_t i = 0; i < s->logged; i++) {
		uint32_t offset = s->log[i].offset;
		struct completion *n;

		if (offset < LAYOUT_COMPLETIONS_AT || offset >= LAYOUT_ENTRIES_AT ||
		    !is_field(offset, state_fields, sizeof(*n)))
			continue;
		if (now_ns == 0)
			now_ns = session_now_ns(s);
		n = (struct completion *)(s->c->base + offset - offset % sizeof(*n));
		n->changed_ns = now_ns;
	}
}

/* Writes the new values.  Takes them from our own copy of the log, because others may write into
 * the shared one, and their bytes must not decide where we write. */
static void
apply(struct session *s)
{
	uint32_t odd;

	note_changes(s);
	odd = seqcount_write_begin(&s->h->seqcount);
	for (uint32_t i = 0; i < s->logged; i++)
		put((uint32_t *)(s->c->base + s->log[i].offset), s->log[i].value);
	s->logged = 0;
	__atomic_store_n(&s->h->log_length, 0, __ATOMIC_RELEASE);
	seqcount_write_end(&s->h->seqcount, odd);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* no store of the next commit before these */
}

bool
log_commit(struct session *s)
{
	struct layout_change *shared = shared_log(s);

	if (s->damaged) {
		s->logged = 0;
		return false;
	}
	for (uint32_t i = 0; i < s->logged; i++) {
		put(&shared[i].offset, s->log[i].offset);
		put(&shared[i].value, s->log[i].value);
	}
	__atomic_store_n(&s->h->log_length, s->logged, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	apply(s);
	return true;
}

/* The look comes after the commit.  So if the transaction stands, there was a moment at which it
 * was done and the segment could be opened.  A look before the commit would not say that.
 *
 * The old values are kept in our log, after the new ones.  Nobody has read the new ones, except
 * without the lock: we still hold it.
 *
 * Crash: if we die between the two commits, the transaction stands. */
bool
log_commit_if_linked(struct session *s)
{
	uint32_t count = s->logged;
	struct layout_change *before = s->log + count;

	if (count > LAYOUT_LOG / 2)
		return session_note_damage(s);
	for (uint32_t i = 0; i < count && !s->damaged; i++) {
		before[i].offset = s->log[i].offset;
		before[i].value = get((uint32_t *)(s->c->base + s->log[i].offset));
	}
	if (!log_commit(s))
		return false;
	if (file_is_linked(s->c))
		return true;
	memmove(s->log, before, count * sizeof(before[0]));
	s->logged = count;
	log_commit(s);
	return false;
}

/* ---- replay: the bytes need not be what log_commit() wrote ------------------ */

static const uint64_t header_fields =
	FIELD(layout_header, mark) | FIELD(layout_header, names) | FIELD(layout_header, job_kind) |
	FIELD(layout_header, job_completion) | FIELD(layout_header, completions_made) |
	FIELD(layout_header, completions_free) | FIELD(layout_header, entries_made) |
	FIELD(layout_header, entries_free) | FIELD(layout_header, entries_free_tail) |
	FIELD(layout_header, ticket[0]) | FIELD(layout_header, ticket[1]);

static const uint64_t completion_fields =
	FIELD(completion, chain) | FIELD(completion, flags) | FIELD(completion, done) |
	FIELD(completion, waiters.head) | FIELD(completion, waiters.tail) |
	FIELD(completion, producers.head) | FIELD(completion, producers.tail) |
	FIELD(completion, status) | FIELD(completion, value) | WIDE_FIELD(completion, since_ns) |
	WIDE_FIELD(completion, waits) | WIDE_FIELD(completion, waits_ns) |
	WIDE_FIELD(completion, waits_io_ns) | WIDE_FIELD(completion, hold) |
	FIELD(completion, failed) | FIELD(completion, lent) | FIELD(completion, borrowers.head) |
	FIELD(completion, borrowers.tail) | WIDE_FIELD(completion, generation);

static const uint64_t entry_fields =
	FIELD(entry, completion) | FIELD(entry, prev) | FIELD(entry, next) | FIELD(entry, payload) |
	FIELD(entry, ready) | FIELD(entry, flags) | FIELD(entry, state);

/* Whether log_put() is ever called with the word at this offset.  completions, entries: how many
 * records have pages. */
static bool
is_logged(uint32_t completions, uint32_t entries, uint32_t offset)
{
	if (offset % 4 != 0)
		return false;
	if (offset < LAYOUT_SEATS_AT)
		return offset < 256 && is_field(offset, header_fields, 256);
	if (offset < LAYOUT_BUCKETS_AT)
		return false;
	if (offset < LAYOUT_COMPLETIONS_AT)
		return true;
	if (offset < LAYOUT_ENTRIES_AT) {
		uint32_t index = (offset - LAYOUT_COMPLETIONS_AT) / 256;

		return index <= completions && is_field(offset, completion_fields, 256);
	}
	if (offset < LAYOUT_ROBUST_END) {
		uint32_t index = (offset - LAYOUT_ENTRIES_AT) / 128;

		return index <= entries && is_field(offset, entry_fields, 128);
	}
	return false;
}

bool
log_replay(struct session *s, bool next_completion, bool next_entry)
{
	uint32_t length = __atomic_load_n(&s->h->log_length, __ATOMIC_ACQUIRE);

	if (length > LAYOUT_LOG)
		return session_note_damage(s);
	for (uint32_t i = 0; i < length; i++) {
		s->log[i].offset = get(&shared_log(s)[i].offset);
		s->log[i].value = get(&shared_log(s)[i].value);
		if (!is_logged(s->completions + next_completion, s->entries + next_entry,
			       s->log[i].offset))
			return session_note_damage(s);
	}
	s->logged = length;
	apply(s);
	return true;
}
