/* SPDX-License-Identifier: ISC
 *
 * segment-path.h - where a namespace's segment is, for tests that look at the file itself
 */
#ifndef SEGMENT_PATH_H
#define SEGMENT_PATH_H

#include <stdio.h>

#include "compl.h"

#define SEGMENT_PATH_MAX 128

/* Writes the path, which has size bytes.  False if where is not well-formed. */
static inline bool
segment_path(char *path, size_t size, const struct compl_where *where)
{
	struct compl_description d;

	compl_describe(where, COMPL_OK, 0, &d);
	snprintf(path, size, "%.127s", d.object);
	return path[0] != '\0';
}

#endif
