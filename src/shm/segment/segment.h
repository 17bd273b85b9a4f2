/* SPDX-License-Identifier: ISC
 *
 * segment.h - a namespace's shared memory is opened, checked and mapped, and closed again
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "compl.h"
#include "shm/segment/handle.h"

/* compl.h's compl_open(), compl_close(). */
enum compl_result segment_open(struct compl_space **c, const struct compl_where *where,
			       unsigned flags);
void segment_close(struct compl_space *c);

/* For a handle with a list of its own: makes room for the links of more words than the lock's.
 * While none is owned.  COMPL_E_SYSTEM. */
enum compl_result segment_make_links(struct compl_space *c);

#endif
