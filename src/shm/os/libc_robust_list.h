/* SPDX-License-Identifier: ISC
 *
 * libc_robust_list.h - the robust list that libc has registered for the calling thread
 */
#ifndef LIBC_ROBUST_LIST_H
#define LIBC_ROBUST_LIST_H

#include <stdint.h>

#include "shm/os/futex.h"

/* Gets the list, and the thread's id: 0, or -1 with errno (ENOSYS: libc's list is of no known
 * kind).  Asks the kernel once for each thread, and again in a child; makes libc register a list if
 * there is none yet. */
int libc_robust_list_obtain(struct robust_list_head **head, uint32_t *tid);

/* The calling thread registers, or has registered, another list. */
void libc_robust_list_forget(void);

#endif
