/* SPDX-License-Identifier: ISC
 *
 * deadlock.c - searches what was noted of waits and producers for a cycle that cannot end
 *
 * There are no false alarms.  A process that does anything else than to wait, has several threads,
 * or cannot be looked into, is not stuck, and neither is anything that depends on it.  The scene,
 * noted under the lock, and /proc are of two moments.  Therefore a process counts as waiting for a
 * name only while it stands in line, where nothing but a post, its deadline or a signal makes it go
 * on; and a parent counts only while it sleeps for a child.
 *
 * /proc is read process by process: a shell may be seen to wait for a child that has already ended.
 * So a cycle counts when it is found twice (search_twice() in waiter.c), and no parent in it has
 * run in between.
 *
 * Deadlines of other waits are not considered.
 *
 * The search for stuck names begins with all produced names, and takes out those with a producer
 * that may still go on, until no more fall out.
 */
#include "shm/calls/deadlock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- who is stuck ----------------------------------------------------------------------- */

/* How many of the names that a wait has are stuck. */
static uint32_t
count_stuck(const struct scene *scene, uint64_t ticket)
{
	uint32_t count = 0;

	for (size_t i = 0; i < scene->stand_count; i++)
		count += scene->stands[i].ticket == ticket &&
			 scene->names[scene->stands[i].name].stuck;
	return count;
}

static bool
is_wait_stuck(const struct scene *scene, const struct scene_stand *stand)
{
	uint32_t count = count_stuck(scene, stand->ticket);

	return stand->any ? count == stand->names : count > 0;
}

static const struct scene_stand *
find_stand(const struct scene *scene, pid_t pid)
{
	for (size_t i = 0; i < scene->stand_count; i++)
		if (scene->stands[i].pid == pid)
			return &scene->stands[i];
	return NULL;
}

/* It produces names, and for all of them only waits for its children.  (A process that produces
 * another name by itself may be at work on that.) */
static bool
only_attends(const struct scene *scene, pid_t pid)
{
	bool attends = false;

	for (size_t i = 0; i < scene->maker_count; i++) {
		if (scene->makers[i].pid != pid)
			continue;
		if (!scene->makers[i].attends)
			return false;
		attends = true;
	}
	return attends;
}

/* It has ended, and its parent stands in line: it moves nobody.  (A parent that sleeps for a child
 * will be woken.) */
static bool
is_forgotten(const struct scene *scene, const struct member *m)
{
	return m->zombie && m->single && find_stand(scene, m->parent) != NULL;
}

static bool
is_process_stuck(const struct scene *scene, const struct member *m)
{
	const struct scene_stand *stand = find_stand(scene, m->pid);

	if (stand != NULL)
		return m->single && is_wait_stuck(scene, stand);
	return m->awaits || is_forgotten(scene, m) || (m->single && only_attends(scene, m->pid));
}

static bool
is_below(const struct scene *scene, size_t maker, const struct member *m)
{
	return scene->below[maker * scene->family.count + (size_t)(m - scene->family.members)];
}

static bool
is_producer_stuck(const struct scene *scene, size_t maker)
{
	const struct family *f = &scene->family;
	const struct member *self = family_find(f, scene->makers[maker].pid);
	bool has_waiter = false;

	if (self == NULL || !is_process_stuck(scene, self))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		const struct member *m = &f->members[i];

		if (!is_below(scene, maker, m))
			continue;
		if (!is_process_stuck(scene, m))
			return false;
		has_waiter |= find_stand(scene, m->pid) != NULL;
	}
	return has_waiter;
}

/* Takes names that may still go on out of the set of the stuck.  False: there were none. */
static bool
release_some(struct scene *scene)
{
	bool some = false;

	for (size_t i = 0; i < scene->maker_count; i++) {
		struct scene_name *n = &scene->names[scene->makers[i].name];

		if (n->stuck && !is_producer_stuck(scene, i)) {
			n->stuck = false;
			some = true;
		}
	}
	return some;
}

/* ---- the cycle --------------------------------------------------------------------------- */

/* Goes from a name to the names that processes below its producers wait for, and appends these to
 * the queue. */
static void
visit(struct scene *scene, uint32_t from, uint32_t *queue, size_t *count)
{
	for (size_t i = 0; i < scene->maker_count; i++) {
		if (scene->makers[i].name != from)
			continue;
		for (size_t k = 0; k < scene->stand_count; k++) {
			const struct scene_stand *stand = &scene->stands[k];
			struct scene_name *n = &scene->names[stand->name];

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

/* Fills in the cycle, backwards from where the search ended: each name with its producer, and with
 * the process below the producer that waits for the next name. */
static void
trace(const struct scene *scene, uint32_t first, struct compl_cycle *cycle)
{
	uint32_t at = first;

	cycle->count = 0;
	do {
		const struct scene_name *to = &scene->names[at];
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

/* Begins the search with the names that our own wait waits for. */
static void
begin(struct scene *scene, const struct scene_maker *above, pid_t self, uint32_t *queue,
      size_t *count)
{
	for (size_t i = 0; i < scene->name_count; i++)
		scene->names[i].seen = false;
	for (size_t i = 0; i < scene->stand_count; i++) {
		struct scene_name *n = &scene->names[scene->stands[i].name];

		if (scene->stands[i].pid != self || n->seen || !n->stuck)
			continue;
		n->seen = true;
		n->from = above->name;
		n->waiter = self;
		n->maker = above->pid;
		queue[(*count)++] = scene->stands[i].name;
	}
}

/* Searches from the names of our own wait, which is below a producer of another name, for a way
 * back to that name.  Marks what it has seen. */
static bool
search_from(struct scene *scene, const struct scene_maker *above, pid_t self,
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

/* No wait of the cycle is later than ours: ours has closed it, and is the one that ends. */
static bool
is_latest(const struct scene *scene, const struct compl_cycle *cycle, uint64_t ticket)
{
	for (size_t i = 0; i < cycle->count; i++)
		if (find_stand(scene, cycle->links[i].waiter)->ticket > ticket)
			return false;
	return true;
}

/* The same from each producer that we are below, until a cycle is found that our wait has
 * closed. */
static bool
search_from_all(struct scene *scene, const struct scene_stand *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < scene->maker_count; i++) {
		const struct scene_maker *m = &scene->makers[i];

		if (!scene->names[m->name].stuck ||
		    !family_is_below(&scene->family, mine->pid, m->pid) ||
		    !search_from(scene, m, mine->pid, cycle))
			continue;
		if (is_latest(scene, cycle, mine->ticket))
			return true;
	}
	return false;
}

static bool
note_families(struct scene *scene)
{
	const struct family *f = &scene->family;

	scene->below = calloc(scene->maker_count * f->count, sizeof(*scene->below));
	for (size_t k = 0; scene->below != NULL && k < scene->maker_count; k++)
		for (size_t i = 0; i < f->count; i++)
			scene->below[k * f->count + i] =
				family_is_below(f, f->members[i].pid, scene->makers[k].pid);
	return scene->below != NULL;
}

/* Below a producer of a name that is stuck. */
static bool
is_below_stuck(const struct scene *scene, const struct member *m)
{
	for (size_t i = 0; i < scene->maker_count; i++)
		if (scene->names[scene->makers[i].name].stuck && is_below(scene, i, m))
			return true;
	return false;
}

/* A number that changes when another parent waits for children, or when one of them has run. */
static uint64_t
trace_of(const struct scene *scene)
{
	uint64_t trace = 1;

	for (size_t i = 0; i < scene->family.count; i++) {
		const struct member *m = &scene->family.members[i];

		if (m->awaits && is_below_stuck(scene, m))
			trace = (trace ^ (uint64_t)m->pid) * 1099511628211u + m->ran;
	}
	return trace;
}

/* Marks the names that are stuck, and searches for a cycle among them. */
static bool
search_scene(struct scene *scene, const struct scene_stand *mine, struct compl_cycle *cycle)
{
	for (size_t i = 0; i < scene->name_count; i++)
		scene->names[i].stuck = true;
	while (release_some(scene))
		;
	scene->trace = trace_of(scene);
	return is_wait_stuck(scene, mine) && search_from_all(scene, mine, cycle);
}

bool
deadlock_search(struct scene *scene, struct compl_cycle *cycle)
{
	const struct scene_stand *mine = find_stand(scene, getpid());
	bool found;

	if (mine == NULL || !family_read(&scene->family))
		return false;
	found = note_families(scene) && search_scene(scene, mine, cycle);
	free(scene->below);
	family_free(&scene->family);
	return found;
}
