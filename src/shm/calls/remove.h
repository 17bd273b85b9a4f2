/* SPDX-License-Identifier: ISC
 *
 * remove.h - the end of a whole namespace
 */
#ifndef REMOVE_H
#define REMOVE_H

#include "compl.h"

/* As compl_remove_all(); COMPL_TIMED_OUT if the lock is not to be had until the deadline. */
enum compl_result namespace_remove(const struct compl_where *where, bool force,
				   int64_t deadline_ns);

#endif
