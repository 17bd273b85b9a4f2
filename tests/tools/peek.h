/* SPDX-License-Identifier: ISC
 *
 * peek.h - looks at a segment without changing it
 */
#ifndef PEEK_H
#define PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compl.h"

/* The path of the segment of a namespace of ours. */
void peek_file(char *path, size_t size, const char *space);

/* The inode of that segment; 0: there is none. */
ino_t peek_inode(const char *space);

/* Makes the file `to` equal to the sparse file `from`, holes too. */
void peek_copy(int from, int to);

/* The listing and the number of lost wake-ups of a segment as it is.  False: there is no segment,
 * or none for a command that opens it: a removal of all has been committed, and no process is left
 * to finish it. */
bool peek(const char *space, struct compl_listing **list, uint32_t *lost_wakeups);

#endif
