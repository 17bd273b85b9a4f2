/* SPDX-License-Identifier: ISC
 *
 * scene.h - who waits for what is produced, and who produces it
 */
#ifndef SCENE_H
#define SCENE_H

#include "shm/os/family.h"
#include "shm/segment/session.h"

/* A wait's place in the line of a name that is produced. */
struct scene_stand {
	uint32_t name; /* index in the scene */
	uint64_t ticket;
	pid_t pid;
	uint32_t names; /* of the whole wait */
	bool any;
};

struct scene_maker {
	uint32_t name;
	pid_t pid;
	bool attends; /* it does nothing but wait for its children */
};

struct scene_name {
	uint32_t completion;
	char text[COMPL_NAME_MAX + 1];
	bool stuck;
	bool seen; /* by the search */
	/* how the search came here: */
	uint32_t from; /* the name waited for by ... */
	pid_t waiter;  /* ... this process, */
	pid_t maker;   /* below this producer of it */
};

struct scene {
	struct family family; /* of all processes; not noted under the lock */
	size_t name_count, stand_count, maker_count;
	size_t stand_room;
	struct scene_name *names;
	struct scene_stand *stands;
	struct scene_maker *makers;
	bool *below;	/* of each maker: which members of the family are, one after the other */
	uint64_t trace; /* of those that are stuck as parents; another if one has run since */
};

/* Under the lock.  NULL if nothing is produced, or thread ids of several pid namespaces make
 * nothing known, or there is no memory.  To be freed with free(). */
struct scene *scene_note(struct session *s);

#endif
