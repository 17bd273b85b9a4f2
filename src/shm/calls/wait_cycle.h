/* SPDX-License-Identifier: ISC
 *
 * wait_cycle.h - a way in the wait graph, from a name that our wait waits for to one that it is
 * below a producer of
 */
#ifndef WAIT_CYCLE_H
#define WAIT_CYCLE_H

#include "shm/calls/wait_graph.h"

/* wait_graph.tree.nodes[].marks */
enum wait_graph_marks {
	MARK_CLIMBED = 1 << 0, /* wait_cycle_search() has followed its ancestors */
	MARK_BUSY = 1 << 1,    /* it or a process below it may go on */
	MARK_ABOVE = 1 << 2,   /* a process below it is queued */
	MARK_AWAITS = 1 << 3,  /* it sleeps until a child ends */
};

/* Gives each process of the graph a node in graph->tree, which is empty before, and each node the
 * lists of its waits and of what it produces. */
void wait_cycle_begin(struct wait_graph *graph);

/* Searches for a cycle through the wait with this ticket, over stuck names and over waits that are
 * not later than it.  Returns whether there is one; then graph->found and the names' `to` lead
 * along it.  Reads from /proc what graph->tree lacks. */
bool wait_cycle_search(struct wait_graph *graph, uint64_t ticket);

/* Writes down the cycle that was found.  Its first name is one that a process above our wait
 * produces.  Of a longer cycle it has the last COMPL_CYCLE_MAX names.  Under the lock. */
void wait_cycle_write(struct session *s, const struct wait_graph *graph, struct compl_cycle *cycle);

#endif
