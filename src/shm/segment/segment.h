/* SPDX-License-Identifier: ISC
 *
 * segment.h - what an open segment needs later; compl.h has compl_open() and compl_close()
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "compl.h"
#include "shm/segment/handle.h"

/* For a handle with a list of its own: makes room for the links of more words than the lock's.
 * While none is owned.  COMPL_E_SYSTEM. */
enum compl_result segment_make_links(struct compl_space *c);

#endif
