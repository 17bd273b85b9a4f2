/* SPDX-License-Identifier: ISC
 *
 * deadlock.h - waits that would wait for each other for ever
 *
 * A name is stuck if it has producers and no token, and all of the producers are stuck.  A producer
 * is stuck if it and every process below it wait for a stuck name, without a deadline, or for a
 * child that does.
 *
 * A wait closes a cycle if it waits for a name, is below a producer of a second name, and processes
 * below producers of the first name wait for the second name, directly or through others, in
 * earlier waits.  If all these names are stuck, this is a dead-lock.
 *
 * Both calls are about the wait with this ticket.  They read /proc, and are not made under the
 * lock.
 */
#ifndef DEADLOCK_H
#define DEADLOCK_H

#include "shm/calls/wait_graph.h"

/* Whether the wait has closed a cycle, be it stuck or not.  Reads few processes.  True also if it
 * could not find out. */
bool deadlock_search_names(struct wait_graph *graph, uint64_t ticket);

/* Whether the wait has closed a cycle of stuck names, as far as one look can tell.  Then
 * graph->found leads to it, and graph->fingerprint is set: it is the same in a second look only if
 * no parent that waits for a child has run in between.  Reads all processes. */
bool deadlock_search_stuck(struct wait_graph *graph, uint64_t ticket);

#endif
