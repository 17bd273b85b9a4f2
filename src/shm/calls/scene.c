/* SPDX-License-Identifier: ISC
 *
 * scene.c - notes, under the lock, who waits for produced names and who produces them
 */
#include "shm/calls/scene.h"

#include <stdlib.h>
#include <string.h>

#include "shm/names/line.h"
#include "shm/names/place.h"
#include "shm/names/producer.h"

/* Its waiters sleep until a producer posts. */
static bool
is_promised(struct session *s, uint32_t completion)
{
	struct completion *n = completion_at(s, completion);

	return get(&n->flags) & COMPLETION_USED && get(&n->done) == 0 &&
	       get(&n->producers.head) != 0;
}

static struct scene *
allocate(size_t names, size_t stands)
{
	size_t makers = names * COMPL_PRODUCERS_MAX;
	struct scene *scene = calloc(1, sizeof(*scene) + names * sizeof(struct scene_name) +
						stands * sizeof(struct scene_stand) +
						makers * sizeof(struct scene_maker));

	if (scene == NULL)
		return NULL;
	scene->stand_room = stands;
	/* A stand has the strictest alignment, so they come first. */
	scene->stands = (struct scene_stand *)(scene + 1);
	scene->names = (struct scene_name *)(scene->stands + stands);
	scene->makers = (struct scene_maker *)(scene->names + names);
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
note_name(struct session *s, struct scene *scene, uint32_t completion)
{
	uint32_t name = (uint32_t)scene->name_count++, place;
	size_t makers = 0;

	scene->names[name].completion = completion;
	memcpy(scene->names[name].text, completion_at(s, completion)->name, COMPL_NAME_MAX);
	for (struct queue_walk walk = line_walk(s, completion); (place = queue_next(&walk)) != 0;) {
		struct place *p = place_at(s, place);

		if (line_lead(s, place) != 0 && scene->stand_count < scene->stand_room)
			scene->stands[scene->stand_count++] =
				(struct scene_stand){ .name = name,
						      .ticket = p->ticket,
						      .pid = (pid_t)get(&p->pid),
						      .names = count_names(s, place),
						      .any = get(&p->flags) & PLACE_ANY };
	}
	for (struct queue_walk walk = producer_walk(s, completion);
	     (place = queue_next(&walk)) != 0 && makers++ < COMPL_PRODUCERS_MAX;)
		scene->makers[scene->maker_count++] =
			(struct scene_maker){ name, (pid_t)get(&place_at(s, place)->pid),
					      get(&place_at(s, place)->flags) & PLACE_ATTENDS };
}

struct scene *
scene_note(struct session *s)
{
	struct scene *scene;
	size_t names = 0, stands = 0;

	for (uint32_t i = 1; i <= s->completions && !s->damaged; i++)
		if (is_promised(s, i)) {
			names++;
			stands += queue_length(line_walk(s, i));
		}
	if (names == 0 || robust_mixed(&s->thread) != 0 ||
	    (scene = allocate(names, stands)) == NULL)
		return NULL;
	for (uint32_t i = 1; i <= s->completions && scene->name_count < names; i++)
		if (is_promised(s, i))
			note_name(s, scene, i);
	return scene;
}
