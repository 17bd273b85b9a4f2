/* SPDX-License-Identifier: ISC
 *
 * ready_producers.c - keeps which producers of a completion are ready, in their entries
 *
 * Invariant: entry.ready of a producer is 0, or larger than that of every producer of the
 * completion that has become ready before it.  So the latest one is known, and when it ends, the
 * latest of those that are left.
 *
 * A producer that has died is ready until it is reaped.  So the completion, its producers and the
 * value that a walk hands out agree, whenever the producer dies.
 *
 * Crash: the number and the length of the value change in one commit.  The text is written before
 * it.
 */
#include "shm/names/ready_producers.h"

#include <string.h>

#include "shm/names/entry.h"
#include "shm/names/queue.h"
#include "shm/segment/log.h"

static struct queue_walk
walk_producers(struct session *s, uint32_t completion)
{
	return queue_walk(s, &completion_at(s, completion)->producers, completion);
}

uint32_t
ready_producers_find_latest(struct session *s, uint32_t completion)
{
	struct queue_walk walk = walk_producers(s, completion);
	uint32_t entry, latest = 0, largest = 0;

	while ((entry = queue_next(&walk)) != 0) {
		uint32_t number = get(&entry_at(s, entry)->ready);

		if (number == 0 || number < largest)
			continue;
		latest = entry;
		largest = number;
	}
	return latest;
}

bool
ready_producers_has_other(struct session *s, uint32_t completion, uint32_t entry)
{
	struct queue_walk walk = walk_producers(s, completion);
	uint32_t other;

	while ((other = queue_next(&walk)) != 0)
		if (other != entry && get(&entry_at(s, other)->ready) != 0)
			return true;
	return false;
}

bool
ready_producers_has_living(struct session *s, uint32_t completion)
{
	struct queue_walk walk = walk_producers(s, completion);
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0)
		if (get(&entry_at(s, entry)->ready) != 0 && entry_is_alive(entry_at(s, entry)))
			return true;
	return false;
}

void
ready_producers_copy_value(struct session *s, uint32_t completion, char *text, uint32_t *length)
{
	uint32_t latest = ready_producers_find_latest(s, completion);

	*length = latest != 0 ? get(&entry_at(s, latest)->payload) >> 8 : 0;
	if (*length > COMPL_VALUE_MAX + 1) {
		session_note_damage(s);
		*length = 0;
	}
	if (*length > 0)
		memcpy(text, entry_value_at(s, latest), *length - 1);
}

/* Returns the number of a producer that becomes ready now.  With UINT32_MAX producers that have
 * become ready one after the other, it would no longer tell which is the latest. */
static uint32_t
next_number(struct session *s, uint32_t completion)
{
	struct queue_walk walk = walk_producers(s, completion);
	uint32_t entry, largest = 0;

	while ((entry = queue_next(&walk)) != 0)
		if (get(&entry_at(s, entry)->ready) > largest)
			largest = get(&entry_at(s, entry)->ready);
	return largest < UINT32_MAX ? largest + 1 : largest;
}

/* The text is stored without the log: nobody reads it before the commit, because the producer is
 * not ready yet. */
void
ready_producers_log_add(struct session *s, uint32_t completion, uint32_t entry, const char *text)
{
	struct completion *n = completion_at(s, completion);
	struct entry *e = entry_at(s, entry);
	size_t length = text != NULL ? strnlen(text, COMPL_VALUE_MAX) : 0;

	if (text != NULL)
		memcpy(entry_value_at(s, entry), text, length);
	log_put(s, &e->payload, text != NULL ? (uint32_t)(length + 1) << 8 : 0);
	log_put(s, &e->ready, next_number(s, completion));
	log_put(s, &n->flags, get(&n->flags) | COMPLETION_READY);
}

void
ready_producers_log_none(struct session *s, uint32_t completion)
{
	struct queue_walk walk = walk_producers(s, completion);
	uint32_t entry;

	while ((entry = queue_next(&walk)) != 0)
		if (get(&entry_at(s, entry)->ready) != 0)
			log_put(s, &entry_at(s, entry)->ready, 0);
}
