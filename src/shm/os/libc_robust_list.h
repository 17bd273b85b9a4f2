/* SPDX-License-Identifier: ISC
 *
 * libc_robust_list.h - the robust list that libc has registered for the calling thread
 */
#ifndef LIBC_ROBUST_LIST_H
#define LIBC_ROBUST_LIST_H

#include <stdint.h>

#include "shm/os/futex.h"

/* Gets the list and the id of the thread.  0, or -1 with errno (ENOSYS: libc's list is of no known
 * kind).  Makes libc register a list if there is none yet.  Asks the kernel once for each thread,
 * and again in a child. */
int libc_robust_list_obtain(struct robust_list_head **head, uint32_t *tid);

/* A number that no ancestor of this process has, and no thread of it changes.  0: this kernel does
 * not let us know. */
uint32_t libc_robust_list_epoch(void);

/* To be called when the calling thread registers another list: the next
 * libc_robust_list_obtain() asks the kernel again. */
void libc_robust_list_forget(void);

#endif
