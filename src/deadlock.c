/* SPDX-License-Identifier: ISC
 *
 * No false alarms.  A process that does anything else than to wait, has several threads, or
 * cannot be looked into, is not stuck, and so is nothing that depends on it.  What was noted
 * under the lock and what /proc says are of two moments: a process is counted as waiting for
 * a name only while it stands in line, where nothing but a post, its deadline or a signal
 * makes it go on; and a parent only while it sleeps for a child.
 *
 * Stuck names are found as the largest set that nothing contradicts: all that are produced,
 * less those with a producer that may still go on, until no more fall out.
 */
#include "deadlock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "family.h"
#include "line.h"
#include "place.h"
#include "producer.h"

/* A wait's place in the line of a name that is produced. */
struct stand {
	uint32_t name; /* index in the scene */
	uint64_t ticket;
	pid_t pid;
	uint32_t names; /* of the whole wait */
	bool any;
};

struct maker {
	uint32_t name;
	pid_t pid;
};

struct name {
	uint32_t completion;
	char text[COMPL_NAME_MAX + 1];
	bool stuck;
	bool seen; /* by the search */
	/* how the search came here: */
	uint32_t from; /* the name waited for by ... */
	pid_t waiter;  /* ... this process, */
	pid_t maker;   /* below this producer of it */
};

struct deadlock_scene {
	struct family family;
	size_t name_count, stand_count, maker_count;
	size_t stand_room;
	struct name *names;
	struct stand *stands;
	struct maker *makers;
};

/* ---- under the lock ----------------------------------------------------------------- */

static bool
is_produced(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) & COMPLETION_USED && get(&n->done) == 0 &&
	       get(&n->producers.head) != 0;
}

static size_t
count_line(struct session *s, uint32_t completion)
{
	size_t count = 0;

	for (struct queue_walk walk = line_walk(s, completion); queue_next(&walk) != 0;)
		count++;
	return count;
}

static struct deadlock_scene *
allocate(size_t names, size_t stands)
{
	size_t makers = names * COMPL_PRODUCERS_MAX;
	struct deadlock_scene *scene =
		calloc(1, sizeof(*scene) + names * sizeof(struct name) +
				  stands * sizeof(struct stand) + makers * sizeof(struct maker));

	if (scene == NULL)
		return NULL;
	scene->stand_room = stands;
	scene->names = (struct name *)(scene + 1);
	scene->stands = (struct stand *)(scene->names + names);
	scene->makers = (struct maker *)(scene->stands + stands);
	return scene;
}

static uint32_t
count_names(struct session *s, uint32_t place)
{
	uint32_t count = 0;

	for (struct line_wait walk = line_wait(s, place); line_wait_next(&walk) != 0;)
		count++;
	return count;
}

static void
note_name(struct session *s, struct deadlock_scene *scene, uint32_t completion)
{
	uint32_t name = (uint32_t)scene->name_count++, place;
	size_t makers = 0;

	scene->names[name].completion = completion;
	memcpy(scene->names[name].text, completion_at(s, completion)->name, COMPL_NAME_MAX);
	for (struct queue_walk walk = line_walk(s, completion); (place = queue_next(&walk)) != 0;) {
		struct place *p = place_at(s, place);

		if (line_lead(s, place) != 0 && scene->stand_count < scene->stand_room)
			scene->stands[scene->stand_count++] =
				(struct stand){ .name = name,
						.ticket = p->ticket,
						.pid = (pid_t)get(&p->pid),
						.names = count_names(s, place),
						.any = get(&p->flags) & PLACE_ANY };
	}
	for (struct queue_walk walk = producer_walk(s, completion);
	     (place = queue_next(&walk)) != 0 && makers++ < COMPL_PRODUCERS_MAX;)
		scene->makers[scene->maker_count++] =
			(struct maker){ name, (pid_t)get(&place_at(s, place)->pid) };
}

struct deadlock_scene *
deadlock_note(struct session *s)
{
	struct deadlock_scene *scene;
	size_t names = 0, stands = 0;

	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_produced(s, i)) {
			names++;
			stands += count_line(s, i);
		}
	if (names == 0 || robust_mixed(&s->thread) != 0 ||
	    (scene = allocate(names, stands)) == NULL)
		return NULL;
	for (uint32_t i = 1; i <= s->completions && scene->name_count < names; i++)
		if (is_produced(s, i))
			note_name(s, scene, i);
	return scene;
}

/* ---- who is stuck ----------------------------------------------------------------------- */

/* How many of the names that a wait has are stuck. */
static uint32_t
count_stuck(const struct deadlock_scene *scene, uint64_t ticket)
{
	uint32_t count = 0;

	for (size_t i = 0; i < scene->stand_count; i++)
		count += scene->stands[i].ticket == ticket &&
			 scene->names[scene->stands[i].name].stuck;
	return count;
}

static bool
is_wait_stuck(const struct deadlock_scene *scene, const struct stand *stand)
{
	uint32_t count = count_stuck(scene, stand->ticket);

	return stand->any ? count == stand->names : count > 0;
}

static const struct stand *
find_stand(const struct deadlock_scene *scene, pid_t pid)
{
	for (size_t i = 0; i < scene->stand_count; i++)
		if (scene->stands[i].pid == pid)
			return &scene->stands[i];
	return NULL;
}

static bool
is_maker(const struct deadlock_scene *scene, pid_t pid)
{
	for (size_t i = 0; i < scene->maker_count; i++)
		if (scene->makers[i].pid == pid)
			return true;
	return false;
}

/* Nothing that has ended moves a waiter; but a parent that sleeps for it will be woken. */
static bool
is_forgotten(const struct deadlock_scene *scene, const struct member *m)
{
	return m->zombie && find_stand(scene, m->parent) != NULL;
}

static bool
is_process_stuck(const struct deadlock_scene *scene, const struct member *m)
{
	const struct stand *stand = find_stand(scene, m->pid);

	if (stand != NULL)
		return m->single && is_wait_stuck(scene, stand);
	return m->awaits || is_forgotten(scene, m) || (m->single && is_maker(scene, m->pid));
}

static bool
is_producer_stuck(const struct deadlock_scene *scene, pid_t pid)
{
	const struct family *f = &scene->family;
	bool has_waiter = false;

	for (size_t i = 0; i < f->count; i++) {
		const struct member *m = &f->members[i];

		if (!family_is_below(f, m->pid, pid))
			continue;
		if (!is_process_stuck(scene, m))
			return false;
		has_waiter |= find_stand(scene, m->pid) != NULL;
	}
	return has_waiter;
}

/* Takes out of the set what may still go on; false if there was nothing. */
static bool
release_some(struct deadlock_scene *scene)
{
	bool some = false;

	for (size_t i = 0; i < scene->maker_count; i++) {
		struct name *n = &scene->names[scene->makers[i].name];

		if (n->stuck && !is_producer_stuck(scene, scene->makers[i].pid)) {
			n->stuck = false;
			some = true;
		}
	}
	return some;
}

/* ---- the cycle --------------------------------------------------------------------------- */

/* From a name to those that somebody below its producers waits for; the queue has the names in
 * the order of discovery. */
static void
visit(struct deadlock_scene *scene, uint32_t from, uint32_t *queue, size_t *count)
{
	for (size_t i = 0; i < scene->maker_count; i++) {
		if (scene->makers[i].name != from)
			continue;
		for (size_t k = 0; k < scene->stand_count; k++) {
			const struct stand *stand = &scene->stands[k];
			struct name *n = &scene->names[stand->name];

			if (n->seen || !n->stuck ||
			    !family_is_below(&scene->family, stand->pid, scene->makers[i].pid))
				continue;
			n->seen = true;
			n->from = from;
			n->waiter = stand->pid;
			n->maker = scene->makers[i].pid;
			queue[(*count)++] = stand->name;
		}
	}
}

/* Backwards from where the search ended to where it began: each name with its producer, and the
 * process below that which waits for the next. */
static void
trace(const struct deadlock_scene *scene, uint32_t first, struct compl_cycle *cycle)
{
	uint32_t at = first;

	cycle->count = 0;
	do {
		const struct name *to = &scene->names[at];
		struct compl_link link = { .producer = to->maker, .waiter = to->waiter };

		at = to->from;
		memcpy(link.name, scene->names[at].text, sizeof(link.name));
		if (cycle->count == COMPL_CYCLE_MAX)
			break;
		memmove(&cycle->links[1], &cycle->links[0], cycle->count * sizeof(cycle->links[0]));
		cycle->links[0] = link;
		cycle->count++;
	} while (at != first);
}

/* The names that we wait for ourselves, below one producer of another. */
static void
begin(struct deadlock_scene *scene, const struct maker *above, pid_t self, uint32_t *queue,
      size_t *count)
{
	for (size_t i = 0; i < scene->name_count; i++)
		scene->names[i].seen = false;
	for (size_t i = 0; i < scene->stand_count; i++) {
		struct name *n = &scene->names[scene->stands[i].name];

		if (scene->stands[i].pid != self || n->seen || !n->stuck)
			continue;
		n->seen = true;
		n->from = above->name;
		n->waiter = self;
		n->maker = above->pid;
		queue[(*count)++] = scene->stands[i].name;
	}
}

/* Whether a search that sets out from a name that is produced above us, by our own wait, comes
 * back to that name. */
static bool
comes_back(struct deadlock_scene *scene, const struct maker *above, pid_t self,
	   struct compl_cycle *cycle)
{
	uint32_t *queue = calloc(scene->name_count + 1, sizeof(*queue));
	size_t count = 0, next = 0;

	if (queue == NULL)
		return false;
	begin(scene, above, self, queue, &count);
	while (next < count && !scene->names[above->name].seen)
		visit(scene, queue[next++], queue, &count);
	free(queue);
	if (!scene->names[above->name].seen)
		return false;
	trace(scene, above->name, cycle);
	return true;
}

/* Of several waits in a cycle the latest ends, which has closed it. */
static bool
is_latest(const struct deadlock_scene *scene, const struct compl_cycle *cycle, uint64_t ticket)
{
	for (size_t i = 0; i < cycle->count; i++)
		if (find_stand(scene, cycle->links[i].waiter)->ticket > ticket)
			return false;
	return true;
}

/* By one of the producers above us. */
static bool
closes_cycle(struct deadlock_scene *scene, const struct stand *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < scene->maker_count; i++) {
		const struct maker *m = &scene->makers[i];

		if (!scene->names[m->name].stuck ||
		    !family_is_below(&scene->family, mine->pid, m->pid) ||
		    !comes_back(scene, m, mine->pid, cycle))
			continue;
		if (is_latest(scene, cycle, mine->ticket))
			return true;
	}
	return false;
}

bool
deadlock_is_closed(struct deadlock_scene *scene, struct compl_cycle *cycle)
{
	const struct stand *mine = find_stand(scene, getpid());
	bool closed;

	if (mine == NULL || !family_read(&scene->family))
		return false;
	for (size_t i = 0; i < scene->name_count; i++)
		scene->names[i].stuck = true;
	while (release_some(scene))
		;
	closed = is_wait_stuck(scene, mine) && closes_cycle(scene, mine, cycle);
	family_free(&scene->family);
	return closed;
}
