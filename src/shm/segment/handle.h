/* SPDX-License-Identifier: ISC
 *
 * handle.h - an open namespace: compl.h's handle, as it lies in the process's own memory
 */
#ifndef HANDLE_H
#define HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "compl.h"
#include "shm/os/robust.h"
#include "shm/segment/layout.h"
#include "shm/segment/mutex.h"

#define HANDLE_NAME_MAX 88 /* bytes of a segment's name, with its NUL: 83 are enough */

/* Constant after compl_open(), except for the fields whose comments say otherwise. */
struct compl_space {
	char name[HANDLE_NAME_MAX]; /* as for shm_open(3) */
	char *base;
	struct layout_header *header;
	struct mutex lock;
	uint64_t reserved; /* how many bytes had pages at the latest look; atomic */
	uint64_t secured;  /* pages_tables() of the tables that are secured, or 0; atomic */
	int fd;		   /* kept between calls; see descriptor.c */
	bool one_thread;   /* COMPL_ONE_THREAD */
	dev_t device;	   /* of the file behind fd */
	ino_t inode;	   /* of the file behind fd */
	/* The process that has compared its pid namespace with that of the segment, by
	   libc_robust_list_epoch(); without one_thread; atomic. */
	uint32_t epoch;
	uint32_t tid;	   /* of the thread that has opened it */
	void *description; /* a page that keeps a child's open file description, or NULL */
	int64_t opened_ns; /* of a short program, until its first call begins: that begins now */
	/* The links of `list` lie in memory that nobody else can write.  At first they lie in
	   lock_link, which has room for the link of the lock, and `links` is NULL.  After
	   segment_make_links() they lie in `links`, which has room for the head of the list and the
	   link of every word. */
	struct robust_list lock_link;
	char *links;
	struct robust_private list; /* with one_thread */
};

#endif
