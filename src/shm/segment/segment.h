/* SPDX-License-Identifier: ISC
 *
 * segment.h - makes an open segment ready to own many words; compl.h has compl_open() and
 * compl_close()
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "compl.h"
#include "shm/segment/handle.h"

/* Makes room for the links of all words, if the handle has a robust list of its own.  (compl_open()
 * makes room for the link of the lock only, which is enough for most calls.)  From then on the
 * kernel reports the death of the process in every case.  To be called while no word is owned.
 * Fails with COMPL_E_SYSTEM. */
enum compl_result segment_make_links(struct compl_space *c);

/* Finds out whether a process that has not used the handle yet, a child of the one that has opened
 * it, is of another pid namespace.  epoch: the libc_robust_list_epoch(). */
void segment_note_pidns(struct compl_space *c, uint32_t epoch);

#endif
