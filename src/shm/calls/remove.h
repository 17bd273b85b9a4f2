/* SPDX-License-Identifier: ISC
 *
 * remove.h - the end of a whole namespace
 */
#ifndef REMOVE_H
#define REMOVE_H

#include "compl.h"

/* Does what compl_remove_all() does, but gives up at a deadline.  COMPL_TIMED_OUT: it did not get
 * the lock by then. */
enum compl_result namespace_remove(const struct compl_where *where, bool force,
				   int64_t deadline_ns);

#endif
