/* SPDX-License-Identifier: ISC
 *
 * handle.h - an open namespace: compl.h's handle, as it lies in the process's own memory
 */
#ifndef HANDLE_H
#define HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "compl.h"
#include "shm/os/robust.h"
#include "shm/segment/layout.h"
#include "shm/segment/mutex.h"

/* Constant after compl_open(), except for the fields whose comments say otherwise. */
struct compl_space {
	char name[COMPL_PATH_MAX]; /* as for shm_open(3) */
	char *base;
	struct layout_header *header;
	struct mutex lock;
	uint64_t reserved; /* bytes that had pages when somebody looked; atomic */
	uint64_t secured;  /* pages_tables() of pages_secure_tables(); atomic */
	int fd;
	bool one_thread;	    /* COMPL_ONE_THREAD */
	uint32_t tid;		    /* with sole */
	struct robust_private list; /* with sole */
	/* Memory that nobody else can write, for the links of that list: of the lock's word
	   alone, or once segment_make_links() was called of all words, else NULL. */
	struct robust_list lock_link;
	char *links;
};

#endif
