/* SPDX-License-Identifier: ISC
 *
 * probe.h - a look at one name without the lock
 */
#ifndef PROBE_H
#define PROBE_H

#include "compl.h"

/* Whether the counter of a well-formed name is above 0.  False if it cannot be told without
 * the lock: somebody is changing something, or has died over it, the name has producers, which
 * may have died, or the segment is dead or damaged.  Acquire barrier. */
bool probe_test(struct compl_space *c, const char *name, bool *done);

#endif
