/* SPDX-License-Identifier: ISC
 *
 * wait_graph.h - the waits for names that have producers, and those producers
 */
#ifndef WAIT_GRAPH_H
#define WAIT_GRAPH_H

#include "shm/os/proc_tree.h"
#include "shm/segment/session.h"

/* From a process to a name that it waits for: an entry in the waitqueue of that name. */
struct waiter_edge {
	uint32_t name; /* index in wait_graph.names */
	uint64_t ticket;
	pid_t pid;
	uint32_t names; /* how many names the whole wait has */
	bool any;	/* COMPL_WAIT_ANY */
};

/* From a name to a process that produces it. */
struct producer_edge {
	uint32_t name; /* index in wait_graph.names */
	pid_t pid;
	bool child; /* COMPL_PROMISE_CHILD: it only waits for its children */
};

/* deadlock_search() sets all fields after text. */
struct wait_graph_name {
	uint32_t completion;
	char text[COMPL_NAME_MAX + 1];
	bool stuck;	/* all producers of the name are stuck (deadlock.h) */
	bool seen;	/* the search has come here */
	uint32_t from;	/* from this name: */
	pid_t waiter;	/* this process waits for the name that we are at, */
	pid_t producer; /* and is below this producer of `from` */
};

struct wait_graph {
	struct proc_tree tree; /* of all processes; read later, without the lock */
	size_t name_count, waiter_count, producer_count;
	size_t waiter_room;
	struct wait_graph_name *names;
	struct waiter_edge *waiters;
	struct producer_edge *producers;
	bool *below;	      /* [k * tree.count + i]: tree.nodes[i] is below producers[k] */
	uint64_t fingerprint; /* fingerprint_of() in deadlock.c */
};

/* Notes all names that have producers and a counter of 0, with their waiters and producers.  NULL
 * if there is no such name, if processes of several pid namespaces use the segment, so that thread
 * ids say nothing, or if there is no memory.  To be freed with free().  Under the lock. */
struct wait_graph *wait_graph_build(struct session *s);

#endif
