/* SPDX-License-Identifier: ISC
 *
 * descriptor.h - the descriptor of a segment's file, in a process that has descriptors of its own
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <sys/stat.h>

#include "shm/segment/handle.h"

/* The lowest number of the descriptor of a handle, and of one with COMPL_ANY_DESCRIPTOR.  The first
 * one is that of shells, which leave the numbers below 10 to scripts. */
#define DESCRIPTOR_LOWEST     10
#define DESCRIPTOR_LOWEST_ANY 3

/* Opens a file of a segment, close-on-exec.  flags: of open(2), besides those that are always
 * needed.  The number is `lowest` or above, if the limit on open files (RLIMIT_NOFILE) leaves room
 * there; otherwise it is one above those of the standard descriptors.  -1 with errno. */
int descriptor_open(const char *path, int flags, int lowest);

/* Notes of which file c->fd is.  st is what fstat(2) has just said of it. */
void descriptor_note(struct compl_space *c, const struct stat *st);

/* Whether c->fd is still a descriptor of the file that descriptor_note() has noted. */
bool descriptor_is_ours(const struct compl_space *c);

/* fstat(2) of that file.  False if c->fd is not ours any more. */
bool descriptor_look(const struct compl_space *c, struct stat *st);

/* Whether this is the file that descriptor_note() has noted. */
bool descriptor_is_same(const struct compl_space *c, const struct stat *st);

#endif
