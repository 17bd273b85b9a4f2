/* SPDX-License-Identifier: ISC
 *
 * deadlock.h - waits that would wait for each other for ever
 *
 * A name is stuck if it has producers, and all of them are stuck.  A producer is stuck if it and
 * every process below it wait for a stuck name, or for a child that does.
 *
 * A wait closes a cycle if it waits for a stuck name, is below a producer of a second name, and the
 * producers of the first name wait for the second name, directly or through others.
 */
#ifndef DEADLOCK_H
#define DEADLOCK_H

#include "shm/calls/wait_graph.h"

/* Searches for a cycle that the wait of the calling process, which is queued, has closed.  Returns
 * whether there is one, and fills it in.  Reads all processes, and marks the graph.  Not under the
 * lock. */
bool deadlock_search(struct wait_graph *graph, struct compl_cycle *cycle);

#endif
