/* SPDX-License-Identifier: ISC
 *
 * session.c - begins a call in a segment, and checks the indices that lead into it
 */
#include "shm/segment/session.h"

#include <string.h>

#include "api/clock.h"
#include "shm/os/libc_robust_list.h"
#include "shm/segment/segment.h"

/* A child may use the handle of its parent, and may be in another pid namespace.  So each process
 * compares the namespaces before its thread id comes into the segment. */
static void
note_pidns(struct compl_space *c)
{
	uint32_t epoch = libc_robust_list_epoch();

	if (__atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE) != epoch || epoch == 0)
		segment_note_pidns(c, epoch);
}

static enum compl_result
init_thread(struct session *s)
{
	struct robust_private *list = s->c->one_thread ? &s->c->list : NULL;

	if (list == NULL)
		note_pidns(s->c);
	if (robust_thread_init(&s->thread, list, s->c->tid, &s->h->mixed) < 0)
		return COMPL_E_SYSTEM;
	return COMPL_OK;
}

static enum compl_result
begin(struct session *s, struct compl_space *c, const sigset_t *hold)
{
	s->c = c;
	s->h = c->header;
	sigmask_init(&s->sigmask, hold);
	s->completions = s->entries = s->logged = 0;
	s->now_ns = 0;
	if (c->one_thread) {
		s->now_ns = c->opened_ns;
		c->opened_ns = 0;
	}
	s->damaged = s->thorough = false;
	return init_thread(s);
}

int64_t
session_now_ns(const struct session *s)
{
	return s->now_ns != 0 ? s->now_ns : clock_now_ns();
}

enum compl_result
session_begin(struct session *s, struct compl_space *c, const sigset_t *hold)
{
	enum compl_result result = segment_make_links(c);

	return result == COMPL_OK ? begin(s, c, hold) : result;
}

/* A foreign handle needs the mapping whatever header.mixed says: the links of its seats lie far
 * beyond lock_link. */
enum compl_result
session_begin_brief(struct session *s, struct compl_space *c, const sigset_t *hold)
{
	bool is_mixed = get(&c->header->mixed) != 0 || seat_is_foreign(&c->lock.seats);

	return is_mixed ? session_begin(s, c, hold) : begin(s, c, hold);
}

enum compl_result
session_make_links(struct session *s)
{
	enum compl_result result = segment_make_links(s->c);

	return result == COMPL_OK ? init_thread(s) : result;
}

/* ---- looking inside --------------------------------------------------------- */

bool
session_note_damage(struct session *s)
{
	memset(&s->blank, 0, sizeof(s->blank));
	s->damaged = true;
	return false;
}

char *
completion_value_at(struct session *s, uint32_t index, uint32_t slot)
{
	if (index == 0 || index > s->completions || slot > 1) {
		session_note_damage(s);
		return s->blank.value;
	}
	return s->c->base + LAYOUT_COMPLETION_VALUES_AT + (index * 2 + slot) * LAYOUT_VALUE;
}

char *
entry_value_at(struct session *s, uint32_t index)
{
	if (index == 0 || index > s->entries) {
		session_note_damage(s);
		return s->blank.value;
	}
	return s->c->base + LAYOUT_ENTRY_VALUES_AT + index * LAYOUT_VALUE;
}

uint32_t *
watched_at(struct session *s, uint32_t offset)
{
	if (offset >= LAYOUT_COMPLETIONS_AT && offset < LAYOUT_ENTRIES_AT)
		return &completion_at(s, (offset - LAYOUT_COMPLETIONS_AT) / 256)->bell;
	if (offset >= LAYOUT_ENTRIES_AT && offset < LAYOUT_ROBUST_END)
		return &entry_at(s, (offset - LAYOUT_ENTRIES_AT) / 128)->beacon;
	session_note_damage(s);
	return &s->blank.word;
}
