/* SPDX-License-Identifier: ISC
 *
 * Order of a post:  ring, or rouse; commit; walk; clear the job.
 *
 * Crash: before the commit nothing has happened; who was woken finds nothing and
 * sleeps again.  After it, the counter says so, and whoever comes to the lock next
 * finishes the walk.  Somebody comes: the one that was woken, or if that dies, the
 * one behind it.
 *
 * Ordering: a released waiter leaves without the lock.  Outcome, status and value
 * are stored before its state changes (release), and read after (acquire, in
 * waiter.c).
 *
 * What failed before.  Waiters that look at the counter when they wake: between
 * complete_all() and a reinit that follows at once, half of twenty never saw it.
 * So the release is written into each wait.
 */
#include "completion.h"

#include <string.h>

#include "clock.h"
#include "directory.h"
#include "line.h"
#include "log.h"

/* ---- status and value -------------------------------------------------------- */

#define VALUE_LENGTH(value) (((value)&0xffff) - 1)
#define VALUE_SLOT(value)   ((value) >> 16)

static void
copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length)
{
	uint32_t value = get(&completion_at(s, completion)->value);

	*length = 0;
	if (value == 0)
		return;
	if (VALUE_LENGTH(value) > COMPL_VALUE_MAX) {
		session_damaged(s);
		return;
	}
	*length = VALUE_LENGTH(value) + 1;
	memcpy(text, completion_value_at(s, completion, VALUE_SLOT(value)), *length - 1);
}

void
completion_word(struct session *s, uint32_t completion, struct compl_word *word)
{
	uint32_t length;

	word->status = (uint8_t)get(&completion_at(s, completion)->status);
	copy_value(s, completion, word->value, &length);
	word->has_value = length > 0;
	word->value[length > 0 ? length - 1 : 0] = '\0';
}

/* The text goes to the slot that nobody reads, the transaction then swaps. */
static void
log_value(struct session *s, uint32_t completion, const char *text)
{
	struct completion *n = completion_at(s, completion);
	uint32_t old = get(&n->value);
	uint32_t slot = old != 0 && VALUE_SLOT(old) == 0 ? 1 : 0;
	size_t length;

	if (text == NULL) {
		log_put(s, &n->value, 0);
		return;
	}
	length = strnlen(text, COMPL_VALUE_MAX);
	memcpy(completion_value_at(s, completion, slot), text, length);
	log_put(s, &n->value, slot << 16 | ((uint32_t)length + 1));
}

/* The first status other than 0 sticks, together with its value; until then the
 * latest value counts. */
static void
log_status(struct session *s, uint32_t completion, const struct compl_post *post)
{
	struct completion *n = completion_at(s, completion);

	if (get(&n->status) != 0)
		return;
	if (post->status != 0)
		log_put(s, &n->status, post->status);
	if (post->status != 0 || post->value != NULL)
		log_value(s, completion, post->value);
}

static void
log_forget(struct session *s, struct completion *n)
{
	log_put(s, &n->status, 0);
	log_put(s, &n->value, 0);
}

/* ---- the walk ---------------------------------------------------------------- */

/* The places of a wait, from its lead on. */
static uint32_t
next_place(struct session *s, uint32_t place)
{
	return get(&place_at(s, place)->sibling);
}

/* Nothing else keeps the wait of this lead than the completion itself. */
static bool
is_covered(struct session *s, uint32_t lead)
{
	uint32_t steps = 0;

	for (uint32_t i = lead; i != 0 && steps < COMPL_NAMES_MAX; i = next_place(s, i), steps++) {
		uint32_t line = get(&place_at(s, i)->line);

		if (line == 0 || get(&completion_at(s, line)->done) != COMPL_ALL)
			return false;
	}
	return true;
}

/* Every name of the wait leaves its word in the place that stands in its line.  A
 * name whose line the place has left already has nothing to say any more. */
static void
write_words(struct session *s, uint32_t lead)
{
	uint32_t steps = 0;

	for (uint32_t i = lead; i != 0 && steps < COMPL_NAMES_MAX; i = next_place(s, i), steps++) {
		struct place *p = place_at(s, i);
		uint32_t line = get(&p->line), length;

		if (line == 0)
			continue;
		put(&p->status, get(&completion_at(s, line)->status));
		copy_value(s, line, place_value_at(s, i), &length);
		put(&p->value, length);
	}
}

static void
count_waits(struct session *s, uint32_t lead)
{
	const struct place *p = place_at(s, lead);
	bool io = get(&p->flags) & PLACE_IO;
	uint32_t steps = 0;

	for (uint32_t i = lead; i != 0 && steps < COMPL_NAMES_MAX; i = next_place(s, i), steps++)
		if (get(&place_at(s, i)->line) != 0)
			completion_count_wait(s, get(&place_at(s, i)->line), p->since_ns, io);
}

/* Out of all its lines: nobody waits for a wait that has ended, though it may not have
 * gone yet, or be stopped. */
static void
unlink_wait(struct session *s, uint32_t lead, uint32_t walked)
{
	uint32_t steps = 0;

	for (uint32_t i = lead; i != 0 && steps < COMPL_NAMES_MAX; i = next_place(s, i), steps++) {
		uint32_t line = get(&place_at(s, i)->line);

		if (line == 0)
			continue;
		line_unlink(s, i);
		if (line != walked)
			completion_drop_if_idle(s, line);
	}
}

/* Ends a wait from one of its places.  A waiter that has left meanwhile, at its
 * deadline and without the lock, wins. */
static void
end_wait(struct session *s, uint32_t completion, uint32_t lead, uint32_t place,
	 enum place_state state)
{
	struct place *p = place_at(s, lead);
	uint32_t waiting = STATE_WAITING;

	write_words(s, lead);
	put(&p->culprit, place);
	if (__atomic_compare_exchange_n(&p->state, &waiting, (uint32_t)state, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		count_waits(s, lead);
	unlink_wait(s, lead, completion);
}

/* What a job does to a wait: the state it ends in, or STATE_WAITING. */
static enum place_state
verdict(struct session *s, enum job_kind job, uint32_t completion, uint32_t lead)
{
	struct place *p = place_at(s, lead);
	uint32_t flags = get(&p->flags);
	bool failed = (flags & PLACE_FAIL_FAST) && get(&completion_at(s, completion)->status) != 0;

	if (job == JOB_REMOVE)
		return STATE_REMOVED;
	if (job == JOB_RELEASE && ((flags & PLACE_ANY) || is_covered(s, lead)))
		return STATE_DONE;
	return failed ? STATE_FAILED : STATE_WAITING;
}

/* One place.  Whom "all" may have brought nearer to its end is woken to look again. */
static void
visit(struct session *s, enum job_kind job, uint32_t completion, uint32_t place)
{
	uint32_t lead = line_lead(s, place);
	enum place_state state = lead != 0 ? verdict(s, job, completion, lead) : STATE_LEFT;

	if (state == STATE_LEFT)
		line_unlink(s, place);
	else if (state != STATE_WAITING)
		end_wait(s, completion, lead, place, state);
	else if (job == JOB_RELEASE)
		line_poke(s, place);
}

/* From the tail to the head: whoever is behind a place has been dealt with when it is
 * unlinked and need not be woken for that; and the first in line, who was roused, stays to
 * the end as the one who goes on if we die. */
static void
walk(struct session *s, enum job_kind job, uint32_t completion)
{
	uint32_t place = get(&completion_at(s, completion)->tail);

	for (uint32_t steps = 0; place != 0 && !s->damaged; steps++) {
		uint32_t prev = get(&place_at(s, place)->prev);

		if (steps > s->places || get(&place_at(s, place)->line) != completion) {
			session_damaged(s);
			return;
		}
		visit(s, job, completion, place);
		place = prev;
	}
}

static void
walk_all(struct session *s)
{
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (get(&completion_at(s, i)->flags) & COMPLETION_USED)
			walk(s, JOB_REMOVE, i);
}

void
completion_finish_job(struct session *s)
{
	uint32_t job = get(&s->h->job_kind), completion = get(&s->h->job_completion);

	if (job == JOB_NONE)
		return;
	if (job > JOB_REMOVE_ALL) {
		session_damaged(s);
		return;
	}
	if (job == JOB_REMOVE_ALL)
		walk_all(s);
	else
		walk(s, (enum job_kind)job, completion);
	log_put(s, &s->h->job_kind, JOB_NONE);
	if (job == JOB_REMOVE)
		directory_free(s, completion);
	log_commit(s);
}

/* Commits what has been logged together with the job. */
static void
commit_job(struct session *s, enum job_kind job, uint32_t completion)
{
	log_put(s, &s->h->job_completion, completion);
	log_put(s, &s->h->job_kind, job);
	if (log_commit(s))
		completion_finish_job(s);
}

/* ---- changes ----------------------------------------------------------------- */

bool
completion_is_idle(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) == COMPLETION_USED && get(&n->done) == 0 &&
	       line_first(s, completion) == 0;
}

static bool
drop_if_idle(struct session *s, uint32_t completion)
{
	if (!completion_is_idle(s, completion) || s->damaged)
		return false;
	directory_unlink(s, completion);
	directory_free(s, completion);
	return log_commit(s);
}

void
completion_drop_if_idle(struct session *s, uint32_t completion)
{
	drop_if_idle(s, completion);
}

uint32_t
completion_find(struct session *s, const char *name)
{
	uint32_t found = directory_find(s, name);

	return found == 0 || drop_if_idle(s, found) ? 0 : found;
}

enum compl_result
completion_make(struct session *s, const char *name, uint32_t *completion)
{
	enum compl_result result = directory_make(s, name, completion);

	if (result != COMPL_E_NO_NAME && result != COMPL_E_NO_SPACE)
		return result;
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		completion_drop_if_idle(s, i);
	return directory_make(s, name, completion);
}

uint64_t
completion_needed(struct session *s, uint32_t completion)
{
	uint64_t needed = 0;
	uint32_t place;

	for (struct line_walk walk = line_walk(s, completion); (place = line_next(&walk)) != 0;)
		if (line_lead(s, place) != 0)
			needed += get(&place_at(s, place)->need);
	return needed;
}

enum compl_result
completion_may_post(struct session *s, uint32_t completion, uint32_t tokens)
{
	uint32_t done = get(&completion_at(s, completion)->done);

	if (done == COMPL_ALL || tokens == COMPL_ALL || tokens < COMPL_ALL - done)
		return COMPL_OK;
	return COMPL_E_OVERFLOW;
}

void
completion_post(struct session *s, uint32_t completion, uint32_t tokens,
		const struct compl_post *post)
{
	struct completion *n = completion_at(s, completion);
	uint32_t done = get(&n->done);
	bool walks = tokens == COMPL_ALL || post->status != 0;

	if (done == COMPL_ALL || tokens == 0)
		return;
	walks = walks && line_first(s, completion) != 0;
	if (walks)
		line_rouse(s, completion);
	else
		line_ring(s, completion);
	log_put(s, &n->done, tokens == COMPL_ALL ? COMPL_ALL : done + tokens);
	log_status(s, completion, post);
	if (walks)
		commit_job(s, tokens == COMPL_ALL ? JOB_RELEASE : JOB_FAIL, completion);
	else
		log_commit(s);
}

static void
reset_statistics(struct completion *n)
{
	__atomic_store_n(&n->waits, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&n->waits_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&n->waits_io_ns, 0, __ATOMIC_RELAXED);
}

void
completion_init(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	if (get(&n->flags) & COMPLETION_INIT)
		return;
	reset_statistics(n);
	log_put(s, &n->flags, get(&n->flags) | COMPLETION_INIT);
	log_commit(s);
}

void
completion_reinit(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	n->since_ns = clock_now_ns();
	reset_statistics(n);
	log_put(s, &n->done, 0);
	log_forget(s, n);
	log_commit(s);
	completion_drop_if_idle(s, completion);
}

void
completion_remove(struct session *s, uint32_t completion)
{
	line_rouse(s, completion);
	directory_unlink(s, completion);
	commit_job(s, JOB_REMOVE, completion);
}

bool
completion_remove_all(struct session *s)
{
	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if ((get(&completion_at(s, i)->flags) & COMPLETION_USED) && line_rouse(s, i))
			break;
	log_put(s, &s->h->mark, MARK_DEAD);
	commit_job(s, JOB_REMOVE_ALL, 0);
	return !s->damaged;
}

void
completion_take(struct session *s, uint32_t completion, uint32_t need)
{
	struct completion *n = completion_at(s, completion);
	uint32_t done = get(&n->done);

	if (done == COMPL_ALL)
		return;
	log_put(s, &n->done, done - need);
	if (done == need && !(get(&n->flags) & COMPLETION_INIT))
		log_forget(s, n);
}

void
completion_count_wait(struct session *s, uint32_t completion, int64_t since_ns, bool io)
{
	struct completion *n = completion_at(s, completion);
	int64_t slept = clock_now_ns() - since_ns;
	uint64_t ns = slept > 0 ? (uint64_t)slept : 0;

	__atomic_add_fetch(&n->waits, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&n->waits_ns, ns, __ATOMIC_RELAXED);
	if (io)
		__atomic_add_fetch(&n->waits_io_ns, ns, __ATOMIC_RELAXED);
}
