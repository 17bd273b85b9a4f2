/* SPDX-License-Identifier: ISC
 *
 * wait_graph.h - who waits for what is produced, and who produces it
 */
#ifndef WAIT_GRAPH_H
#define WAIT_GRAPH_H

#include "shm/os/proc_tree.h"
#include "shm/segment/session.h"

/* A wait's entry in the line of a name that is produced. */
struct waiter_edge {
	uint32_t name; /* index in the scene */
	uint64_t ticket;
	pid_t pid;
	uint32_t names; /* of the whole wait */
	bool any;
};

struct producer_edge {
	uint32_t name;
	pid_t pid;
	bool child; /* it does nothing but wait for its children */
};

struct wait_graph_name {
	uint32_t completion;
	char text[COMPL_NAME_MAX + 1];
	bool stuck;
	bool seen; /* by the search */
	/* how the search came here: */
	uint32_t from;	/* the name waited for by ... */
	pid_t waiter;	/* ... this process, */
	pid_t producer; /* below this producer of it */
};

struct wait_graph {
	struct proc_tree tree; /* of all processes; not noted under the lock */
	size_t name_count, waiter_count, producer_count;
	size_t waiter_room;
	struct wait_graph_name *names;
	struct waiter_edge *waiters;
	struct producer_edge *producers;
	bool *below;	/* of each maker: which members of the family are, one after the other */
	uint64_t trace; /* of those that are stuck as parents; another if one has run since */
};

/* Under the lock.  NULL if nothing is produced, or thread ids of several pid namespaces make
 * nothing known, or there is no memory.  To be freed with free(). */
struct wait_graph *wait_graph_build(struct session *s);

#endif
