/* SPDX-License-Identifier: ISC
 *
 * waiter.h - lining up, sleeping, waking, leaving: the one loop of all waits
 */
#ifndef WAITER_H
#define WAITER_H

#include "compl.h"

/* compl.h's compl_wait(); with a deadline in the past, compl_try().  Arguments are
 * checked.  out->words may be NULL. */
enum compl_result waiter_wait(struct compl_space *c, const struct compl_request *req,
			      struct compl_outcome *out);

#endif
