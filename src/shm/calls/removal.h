/* SPDX-License-Identifier: ISC
 *
 * removal.h - the end of a whole namespace
 */
#ifndef REMOVAL_H
#define REMOVAL_H

#include "compl.h"

/* compl.h's compl_remove_all(); COMPL_TIMED_OUT if the lock is not to be had until the deadline. */
enum compl_result removal(const struct compl_where *where, bool force, int64_t deadline_ns);

#endif
