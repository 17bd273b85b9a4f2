/* SPDX-License-Identifier: ISC
 *
 * hashtable.c - maintains the hash table from names to completions, and the list of the free ones
 *
 * Invariant: a completion is on the chain of exactly one bucket (COMPLETION_USED), or on the free
 * list, or is being walked after its removal (COMPLETION_REMOVED).
 *
 * The bell of a record is never reset.  The next completion in this record goes on with the value
 * that the bell has, so a waiter that is late cannot take an old bell for a new one.
 */
#include "shm/names/hashtable.h"

#include <string.h>

#include "api/clock.h"
#include "api/validate.h"
#include "shm/names/generation.h"
#include "shm/segment/log.h"
#include "shm/segment/pages.h"

/* FNV-1a. */
uint32_t
hashtable_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

bool
hashtable_is_named(const struct completion *n, const char *name)
{
	for (size_t i = 0; i < sizeof(n->name); i++) {
		char c = __atomic_load_n(&n->name[i], __ATOMIC_RELAXED);

		if (c != name[i])
			return false;
		if (c == '\0')
			return true;
	}
	return false;
}

uint32_t
hashtable_find(struct session *s, const char *name)
{
	uint32_t hash = hashtable_hash(name), index = get(bucket_at(s, hash));

	for (uint32_t steps = 0; index != 0; steps++) {
		struct completion *n = completion_at(s, index);

		if (get(&n->hash) == hash && hashtable_is_named(n, name))
			return index;
		if (steps > s->completions) { /* a ring */
			session_note_damage(s);
			return 0;
		}
		index = get(&n->chain);
	}
	return 0;
}

/* Obtains a record that was never used before, and reserves its page and that of its values. */
static enum compl_result
make_new(struct session *s, uint32_t *index)
{
	enum compl_result result = pages_reserve_next(s->c, PAGES_COMPLETIONS, s->completions);

	if (result == COMPL_OK)
		*index = ++s->completions;
	return result;
}

static void
empty(struct queue *q)
{
	put(&q->head, 0);
	put(&q->tail, 0);
}

static void
set_name(struct completion *n, const char *name)
{
	uint32_t words[sizeof(n->name) / sizeof(uint32_t)] = { 0 };

	memcpy(words, name, strnlen(name, COMPL_NAME_MAX));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		put((uint32_t *)n->name + i, words[i]);
}

/* Fills in the record of a new completion, without the log: no call can reach the record before the
 * commit.
 *
 * But two calls may have reached the record in its former life: compl_test(), which takes no lock,
 * and a waiter of the former name that left at its deadline, and still notes its statistics.  So
 * all stores that such a call may touch are atomic.  since_ns is used only under the lock. */
static void
blank(struct session *s, struct completion *n, const char *name, uint32_t hash)
{
	put(&n->hash, hash);
	put(&n->done, 0);
	empty(&n->producers);
	empty(&n->waiters);
	put(&n->status, 0);
	put(&n->value, 0);
	n->since_ns = clock_now_ns();
	__atomic_store_n(&n->waits, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&n->waits_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&n->waits_io_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&n->hold, 0, __ATOMIC_RELAXED);
	put(&n->failed, 0);
	put(&n->lent, 0);
	__atomic_store_n(&n->generation, generation_draw(s, n->since_ns), __ATOMIC_RELAXED);
	n->changed_ns = n->since_ns;
	empty(&n->borrowers);
	put(&n->spare, 0);
	put(&n->barrier, 0);
	set_name(n, name);
}

enum compl_result
hashtable_make(struct session *s, const char *name, uint32_t *index)
{
	uint32_t hash = hashtable_hash(name), *bucket = bucket_at(s, hash);
	uint32_t free = get(&s->h->completions_free);
	enum compl_result result = COMPL_OK;
	struct completion *n;

	if (free != 0)
		*index = free;
	else
		result = make_new(s, index);
	if (result != COMPL_OK)
		return result;
	n = completion_at(s, *index);
	if (get(&n->flags) != 0)
		session_note_damage(s);
	if (s->damaged)
		return COMPL_E_DAMAGED;
	if (free != 0)
		log_put(s, &s->h->completions_free, get(&n->chain));
	else
		log_put(s, &s->h->completions_made, *index);
	blank(s, n, name, hash);
	log_put(s, &n->chain, get(bucket));
	log_put(s, &n->flags, COMPLETION_USED);
	log_put(s, bucket, *index);
	log_put(s, &s->h->names, get(&s->h->names) + 1);
	return log_commit(s) ? COMPL_OK : COMPL_E_DAMAGED;
}

void
hashtable_log_unlink(struct session *s, uint32_t index)
{
	struct completion *n = completion_at(s, index);
	uint32_t *link = bucket_at(s, get(&n->hash));

	for (uint32_t steps = 0; get(link) != index; steps++) {
		if (get(link) == 0 || steps > s->completions) {
			session_note_damage(s);
			return;
		}
		link = &completion_at(s, get(link))->chain;
	}
	log_put(s, link, get(&n->chain));
	log_put(s, &n->flags, COMPLETION_REMOVED);
	log_put(s, &s->h->names, get(&s->h->names) - 1);
}

void
hashtable_log_free(struct session *s, uint32_t index)
{
	struct completion *n = completion_at(s, index);

	log_put(s, &n->chain, get(&s->h->completions_free));
	log_put(s, &n->flags, 0);
	log_put(s, &s->h->completions_free, index);
}

/* Whether hashtable_rebuild() can use a record.  name: a copy of the record's name, which nobody
 * else can change in between. */
static bool
is_usable(struct session *s, const struct completion *n, const char *name)
{
	uint32_t flags = get(&n->flags);

	return (flags & ~(COMPLETION_INIT | COMPLETION_PRODUCER_DIED | COMPLETION_READY)) ==
		       COMPLETION_USED &&
	       memchr(name, '\0', sizeof(n->name)) != NULL && compl_is_name(name) &&
	       hashtable_find(s, name) == 0;
}

/* Stores the hash of a record, empties its queues, clears a status or a value that is impossible,
 * and replaces a generation that was never drawn. */
static void
mend(struct session *s, struct completion *n, uint32_t hash)
{
	uint32_t value = get(&n->value);

	put(&n->hash, hash);
	empty(&n->producers);
	empty(&n->borrowers);
	empty(&n->waiters);
	if (n->generation - 1 >= s->h->generation)
		n->generation = generation_draw(s, clock_now_ns());
	put(&n->barrier, 0);
	if (get(&n->status) > 255)
		put(&n->status, 0);
	if ((value & 0xffff) > COMPL_VALUE_MAX + 1 || value >> 16 > 1)
		put(&n->value, 0);
}

void
hashtable_rebuild(struct session *s)
{
	uint32_t *free = &s->h->completions_free, names = 0;

	for (uint32_t i = 0; i < LAYOUT_BUCKETS; i++)
		put(bucket_at(s, i), 0);
	put(free, 0);
	for (uint32_t i = 1; i <= s->completions; i++) {
		struct completion *n = completion_at(s, i);
		uint32_t *list = free;
		char name[sizeof(n->name)];

		memcpy(name, n->name, sizeof(name));
		if (is_usable(s, n, name)) {
			uint32_t hash = hashtable_hash(name);

			mend(s, n, hash);
			list = bucket_at(s, hash);
			names++;
		} else {
			put(&n->flags, 0);
		}
		put(&n->chain, get(list));
		put(list, i);
	}
	put(&s->h->names, names);
}
