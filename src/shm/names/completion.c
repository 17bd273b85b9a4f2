/* SPDX-License-Identifier: ISC
 *
 * Order of a post: ring, or rouse; commit; and if it was a job, the walk (job.c).
 *
 * Crash: before the commit nothing has happened; who was woken finds nothing and
 * sleeps again.  After it, the counter says so, and whoever comes to the lock next
 * finishes the walk.  Somebody comes: one of the two that were woken, or if they die,
 * who is behind them.
 */
#include "shm/names/completion.h"

#include <string.h>

#include "shm/os/clock.h"
#include "shm/names/directory.h"
#include "shm/names/job.h"
#include "shm/names/line.h"
#include "shm/segment/log.h"
#include "shm/names/producer.h"

/* ---- status and value -------------------------------------------------------- */

#define VALUE_LENGTH(value) (((value)&0xffff) - 1)
#define VALUE_SLOT(value)   ((value) >> 16)

void
completion_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length)
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
	completion_copy_value(s, completion, word->value, &length);
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

/* Of a post that has a status or a value.  The first status other than 0 sticks, together with
 * its value; until then the latest value counts. */
static void
log_status(struct session *s, uint32_t completion, const struct compl_post *post)
{
	struct completion *n = completion_at(s, completion);

	if (get(&n->status) != 0)
		return;
	if (post->status != 0)
		log_put(s, &n->status, post->status);
	log_value(s, completion, post->value);
}

static void
log_forget(struct session *s, struct completion *n)
{
	log_put(s, &n->status, 0);
	log_put(s, &n->value, 0);
}

/* ---- changes ----------------------------------------------------------------- */

bool
completion_is_idle(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) == COMPLETION_USED && get(&n->done) == 0 &&
	       get(&n->producers.head) == 0 && line_first(s, completion) == 0;
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

	if (found == 0)
		return 0;
	producer_settle(s, found);
	return drop_if_idle(s, found) ? 0 : found;
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

/* The wait of this place is for any name, and another one has what it needs. */
static bool
is_served_elsewhere(struct session *s, uint32_t place)
{
	struct place *p = place_at(s, place);
	uint32_t i;

	if (!(get(&p->flags) & PLACE_ANY))
		return false;
	for (struct line_wait walk = line_wait(s, place); (i = line_wait_next(&walk)) != 0;) {
		uint32_t line = get(&place_at(s, i)->line);

		if (i != place && line != 0 && line_first(s, line) == i &&
		    get(&completion_at(s, line)->done) >= get(&p->need))
			return true;
	}
	return false;
}

uint64_t
completion_needed(struct session *s, uint32_t completion)
{
	uint64_t needed = 0;
	uint32_t place;

	for (struct queue_walk walk = line_walk(s, completion); (place = queue_next(&walk)) != 0;)
		if (line_lead(s, place) != 0 && !is_served_elsewhere(s, place))
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

/* Rings or rouses before a commit; returns the job that is to follow it. */
static enum job_kind
announce(struct session *s, uint32_t completion, enum job_kind job)
{
	if (job != JOB_NONE && line_first(s, completion) != 0) {
		line_rouse(s, completion, LINE_ROUSED);
		return job;
	}
	line_ring(s, completion);
	return JOB_NONE;
}

static enum job_kind
job_of(uint32_t tokens, uint8_t status)
{
	if (tokens == COMPL_ALL)
		return JOB_RELEASE;
	return status != 0 ? JOB_FAIL : JOB_NONE;
}

void
completion_post(struct session *s, uint32_t completion, uint32_t tokens,
		const struct compl_post *post, uint32_t leaver)
{
	struct completion *n = completion_at(s, completion);
	enum job_kind job = JOB_NONE;
	uint32_t done = get(&n->done);
	bool settled = done == COMPL_ALL || tokens == 0;
	if (settled && leaver == 0)
		return;
	if (!settled) {
		job = announce(s, completion, job_of(tokens, post->status));
		log_put(s, &n->done, tokens == COMPL_ALL ? COMPL_ALL : done + tokens);
		if (post->status != 0 || post->value != NULL)
			log_status(s, completion, post);
	}
	if (leaver != 0)
		queue_log_remove(s, leaver);
	job_commit(s, job, completion);
}

void
completion_orphan(struct session *s, uint32_t completion)
{
	const struct compl_post post = { .status = COMPL_STATUS_PRODUCER_DIED };
	struct completion *n = completion_at(s, completion);
	enum job_kind job = announce(s, completion, JOB_ORPHAN);

	log_put(s, &n->done, COMPL_ALL);
	log_put(s, &n->flags, get(&n->flags) | COMPLETION_ORPHAN);
	log_status(s, completion, &post);
	job_commit(s, job, completion);
}

/* Counter, status and value. */
static void
log_zero(struct session *s, struct completion *n)
{
	log_put(s, &n->done, 0);
	log_put(s, &n->flags, get(&n->flags) & ~COMPLETION_ORPHAN);
	log_forget(s, n);
}

void
completion_log_anew(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);
	if (get(&n->done) != COMPL_ALL)
		return;
	n->since_ns = clock_now_ns();
	log_zero(s, n);
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
	producer_announce(s, completion);
	log_zero(s, n);
	log_commit(s);
	completion_drop_if_idle(s, completion);
}

void
completion_remove(struct session *s, uint32_t completion)
{
	line_rouse(s, completion, LINE_ROUSED);
	directory_unlink(s, completion);
	job_commit(s, JOB_REMOVE, completion);
}

void
completion_remove_all(struct session *s)
{
	unsigned wanting = LINE_ROUSED;

	for (uint32_t i = 1; i <= s->completions && wanting > 0 && !s->damaged; i++)
		if (get(&completion_at(s, i)->flags) & COMPLETION_USED)
			wanting = line_rouse(s, i, wanting);
	log_put(s, &s->h->mark, MARK_DEAD);
	job_commit(s, JOB_REMOVE_ALL, 0);
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
	uint64_t ns = clock_elapsed(since_ns, clock_now_ns());

	__atomic_add_fetch(&n->waits, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&n->waits_ns, ns, __ATOMIC_RELAXED);
	if (io)
		__atomic_add_fetch(&n->waits_io_ns, ns, __ATOMIC_RELAXED);
}
