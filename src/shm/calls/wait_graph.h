/* SPDX-License-Identifier: ISC
 *
 * wait_graph.h - the waits for names that have producers, and those producers
 */
#ifndef WAIT_GRAPH_H
#define WAIT_GRAPH_H

#include "shm/os/proc_tree.h"
#include "shm/segment/session.h"

/* From a process to a name that it waits for, without a deadline: an entry in the waitqueue of that
 * name. */
struct waiter_edge {
	uint64_t ticket;
	uint32_t entry;
	uint32_t name;	/* index in wait_graph.names */
	uint32_t names; /* how many names the whole wait has */
	uint32_t next;	/* of the same process: index in wait_graph.waiters + 1, or 0 */
	pid_t pid;
	uint32_t quorum; /* how many of them it needs */
};

/* From a name to a process that produces it. */
struct producer_edge {
	uint64_t ticket;
	uint32_t entry;
	uint32_t name; /* index in wait_graph.names */
	uint32_t next; /* of the same process: index in wait_graph.producers + 1, or 0 */
	pid_t pid;
	bool child; /* COMPL_PROMISE_CHILD: it only waits for its children */
};

/* A range of wait_graph.waiters or wait_graph.producers. */
struct edges {
	uint32_t from, to;
};

/* A name that has producers.  wait_cycle.c and deadlock.c set all fields after `producers`. */
struct wait_graph_name {
	uint32_t completion;
	bool is_empty; /* the counter is 0 */
	struct edges waiters, producers;
	bool stuck;	/* may be a part of the cycle */
	bool seen;	/* the search has come here: */
	uint32_t to;	/* to this name (index + 1; 0: the names of our own wait) leads */
	pid_t waiter;	/* this process, which waits for it */
	pid_t producer; /* below this producer of our name */
};

struct wait_graph_room {
	size_t names, waiters, producers;
};

struct wait_graph {
	struct wait_graph_room room;
	bool is_short;	   /* there was not enough room */
	bool is_filled;	   /* and if not, there was */
	bool is_confirmed; /* deadlock_search_stuck() has found the same cycle twice */
	uint64_t ticket;   /* the latest that was drawn when the graph was noted */
	size_t name_count, waiter_count, producer_count;
	struct wait_graph_name *names;
	struct waiter_edge *waiters;	 /* in the order of names */
	struct producer_edge *producers; /* in the order of names */
	struct proc_tree tree;		 /* of their processes, and others; made without the lock */
	uint32_t *queue;		 /* room for all names; of the search */
	uint32_t found;			 /* the name of our wait that the cycle leads to */
	uint64_t fingerprint;		 /* fingerprint_of() in deadlock.c */
	/* Of deadlock_search_stuck(): */
	bool is_stuck; /* a name is stuck */
	bool is_clear; /* it could look into all, and no name is stuck */
};

/* How much room a graph needs now.  Under the lock. */
struct wait_graph_room wait_graph_measure(struct session *s);

/* Makes an empty graph, with some room to spare, or returns NULL.  wait_graph_free(NULL) is
 * allowed.  Not under the lock. */
struct wait_graph *wait_graph_make(const struct wait_graph_room *room);
void wait_graph_free(struct wait_graph *graph);

/* Notes all names that have producers, with these and with the waiters that have no deadline.  If
 * there is not enough room, sets is_short, and `room` to what is needed.  Under the lock. */
void wait_graph_fill(struct session *s, struct wait_graph *graph);

/* Whether all waits and producers of stuck names are as they were when the graph was noted, and
 * these names still have no token.  Under the lock. */
bool wait_graph_is_current(struct session *s, const struct wait_graph *graph);

#endif
