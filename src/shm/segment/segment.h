/* SPDX-License-Identifier: ISC
 *
 * segment.h - what an open segment needs later; compl.h has compl_open() and compl_close()
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "compl.h"
#include "shm/segment/handle.h"

/* Makes room for the links of all words, if the handle has a robust list of its own: at first there
 * is room for the link of the lock alone.  To be called while no word is owned.  COMPL_E_SYSTEM. */
enum compl_result segment_make_links(struct compl_space *c);

#endif
