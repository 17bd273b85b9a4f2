/* SPDX-License-Identifier: ISC
 *
 * layout.h - the bytes of a segment; this header is its specification
 *
 * A file full of zeros is a valid, empty segment: creating one is open and
 * ftruncate, which both may be done twice, and no creator can die half-way.
 * Fixed widths and offsets: glibc and musl, containers and hosts share it.
 * The file is sparse; pages are reserved (fallocate) before they are touched.
 *
 *	0        header, its first 64 bytes the same in every version, and after it, in the same
 *	         page, the redo log
 *	4 KiB    buckets of the directory
 *	36 KiB   completions   16,384 x 256 bytes
 *	         entries        65,536 x 128 bytes      -- robust words end here
 *	         values of completions, two of 256 bytes each
 *	         values of released entries, 256 bytes each
 *
 * Index 0 of completions and entries is "none".
 *
 * Locking: all locks there are, in the order in which they are taken.  The kernel frees each of
 * them when its owner dies.
 *
 *	scope lock	fcntl(2) F_OFD_SETLK on the file of a scope.  The maker holds it as long
 *			as the scope lives, a sweeper while it removes a scope.  Nobody waits
 *			for it.
 *	beacons		robust words, one for each entry.  A waiter or producer takes those of
 *			its own entries before it links them.  Others only sleep on them.
 *	header.lock	guards all that is marked "[lock]".  Calls wait for it until their
 *			deadline.
 *	file lock	flock(2) on the file, while it is compared with its path and unlinked.
 *			Calls wait a second for it.  Never held together with header.lock.
 *
 * Nobody sleeps while it holds header.lock.  A bell is no lock: a waiter that sleeps on it owns
 * nothing.
 *
 * "[lock]" at a field: read under header.lock; changed under it and through the redo log (log.h)
 * only.  "[own]": written by the entry's waiter before it is linked, constant after.  The other
 * fields say themselves.
 *
 * Every robust word (see robust.h) has its 36 bytes from 4 to 40 free of other
 * robust words, and 20 to 40 free of anything: there a libc's robust list has
 * its link when a host program's thread owns the word (-28 in musl, -32 in glibc).
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_MAGIC   UINT64_C(0x31306c706d6f6320) /* " compl01" */
#define LAYOUT_VERSION 3			    /* 2: no producers, a longer log */

#define LAYOUT_BUCKETS	   8192u
#define LAYOUT_COMPLETIONS 16384u
#define LAYOUT_ENTRIES	   65536u
#define LAYOUT_LOG	   256u
#define LAYOUT_VALUE	   256u
#define LAYOUT_PAGE	   4096u

/* header.mark */
#define MARK_DEAD 1u /* removed: whoever holds it open leaves */

/* header.job_kind: a walk along a line that has been committed to */
enum job_kind {
	JOB_NONE = 0,
	JOB_RELEASE,	   /* complete_all(): release who is covered by it */
	JOB_REMOVE,	   /* the completion is gone: everybody leaves */
	JOB_FAIL,	   /* a status other than 0: fail-fast waits leave */
	JOB_PRODUCER_DIED, /* a producer has died: everybody leaves */
	JOB_REMOVE_ALL,	   /* the segment is dead: everybody in every line leaves */
	JOB_REBUILD,	   /* the links are damaged: made anew from the records */
};

struct layout_header {
	/* ---- stable in every version ---- */
	uint64_t magic;	  /* 0 or LAYOUT_MAGIC; by compare-and-swap */
	uint32_t version; /* 0 or LAYOUT_VERSION; by compare-and-swap */
	uint32_t mark;
	uint32_t names; /* [lock] completions in the directory; 0: idle */
	uint32_t stable[11];
	/* ---- this version ---- */
	uint32_t lock;	   /* robust */
	uint32_t sleepers; /* on the lock, at least; atomic */
	uint32_t log_length;
	uint32_t lost_wakeups; /* by watchdog; atomic */
	uint32_t mixed;	       /* sticky: 0, or ROBUST_MIXED, see robust.h */
	uint8_t lock_link[20];
	uint64_t pid_namespace;	    /* the first user's, a number for it; by compare-and-swap */
	uint64_t pid_inode;	    /* the same, by /proc/self/ns/pid; before that */
	uint32_t job_kind;	    /* [lock] */
	uint32_t job_completion;    /* [lock] */
	uint32_t completions_made;  /* [lock] the highest index ever used */
	uint32_t completions_free;  /* [lock] last in first out, by chain */
	uint32_t entries_made;	    /* [lock] */
	uint32_t entries_free;	    /* [lock] first in first out, by next */
	uint32_t entries_free_tail; /* [lock] */
	uint32_t ticket[2];	    /* [lock] of the latest wait, low and high */
	uint32_t seqcount;	    /* odd while a transaction is applied; seqcount.h */
};

struct layout_change {
	uint32_t offset;
	uint32_t value;
};

/* completion.flags */
#define COMPLETION_USED		 1u
#define COMPLETION_INIT		 2u /* compl_init(): permanent */
#define COMPLETION_REMOVED	 4u /* off the directory, being walked */
#define COMPLETION_PRODUCER_DIED 8u /* at "all" because a producer died */

/* Entries that are linked by prev and next: the waiters of a completion, in the order of
 * their coming, and its producers. */
struct queue {
	uint32_t head; /* [lock] */
	uint32_t tail; /* [lock] */
};
struct completion {
	uint32_t bell; /* under the lock: entry that armed it, 0 rung; see line.h */
	uint32_t hash;
	uint32_t chain; /* [lock] next in the bucket, or next free */
	uint32_t flags; /* [lock] */
	uint32_t done;	/* [lock] the counter; UINT32_MAX is "all" */
	struct queue producers;
	uint32_t watcher; /* under the lock: the latest entry to watch all producers */
	uint32_t spare[2];
	struct queue waiters;
	uint32_t status;  /* [lock] */
	uint32_t value;	  /* [lock] 0: none, else slot << 16 | length + 1 */
	int64_t since_ns; /* created or reinit */
	/* waits that slept and ended by themselves, and how long; atomic */
	uint64_t waits, waits_ns, waits_io_ns;
	uint8_t more[40];
	char name[128]; /* NUL-terminated */
};

/* entry.state, of the first entry of a wait */
enum entry_state {
	STATE_NONE = 0,
	STATE_WAITING,
	STATE_LEFT,	     /* by the waiter, without the lock */
	STATE_DONE,	     /* by a poster of "all" */
	STATE_REMOVED,	     /* by rm */
	STATE_FAILED,	     /* by a poster of a status */
	STATE_PRODUCER_DIED, /* by the process that found a producer dead */
	STATE_LOST,	     /* by a rebuild that found no line for it */
	STATE_PRODUCING,     /* of a producer's entry, which waits for nothing */
};

/* entry.flags */
#define ENTRY_ANY	1u
#define ENTRY_FAIL_FAST 2u
#define ENTRY_IO	4u
#define ENTRY_PRODUCER	8u
#define ENTRY_CHILD	16u /* a producer that does nothing but wait for its children */
#define ENTRY_PARENT	8   /* from this bit on: the pid of who started the waiter */

/* One wait's entry in one line, or a producer's among those of one completion.
 *
 * Invariant: an entry is on the free queue, or linked in the line of the completion
 * `line`, or among its producers, or is index 0.  An entry whose beacon has no owner is
 * dead, and unlinked by whoever meets it. */
struct entry {
	uint32_t beacon;     /* robust; of a waiter while it waits, of a producer until it posts */
	uint32_t completion; /* [lock] completion, 0 when not linked */
	uint32_t prev;	     /* [lock] */
	uint32_t next;	     /* [lock] or next free */
	uint32_t need;	     /* [own] */
	uint8_t beacon_link[20];
	uint32_t wait_first; /* [own] first entry of the wait */
	uint32_t wait_next;  /* [own] next entry of the wait, 0 ends */
	uint32_t watch;	     /* under the lock: offset of the word it sleeps on, or 0 */
	uint32_t watcher;    /* under the lock: the latest entry to watch our beacon */
	uint64_t ticket;     /* [own] the same in all entries of a wait, never again */
	uint32_t state;	     /* lead: enum entry_state, by compare-and-swap */
	uint32_t flags;	     /* [own] */
	uint32_t pid;	     /* [own] */
	uint32_t ended_by;   /* lead: the entry that ended the wait; before state */
	uint32_t status;     /* before state: outcome of this entry */
	uint32_t value;	     /* before state: 0 none, else length + 1 */
	int64_t since_ns;    /* [own] */
	char command[32];    /* [own] not terminated when full */
};

#define LAYOUT_ROUND(bytes) (((bytes) + LAYOUT_PAGE - 1) / LAYOUT_PAGE * LAYOUT_PAGE)

#define LAYOUT_LOG_AT	      512u
#define LAYOUT_BUCKETS_AT     LAYOUT_PAGE
#define LAYOUT_COMPLETIONS_AT (LAYOUT_BUCKETS_AT + LAYOUT_BUCKETS * 4)
#define LAYOUT_ENTRIES_AT     (LAYOUT_COMPLETIONS_AT + LAYOUT_ROUND((LAYOUT_COMPLETIONS + 1) * 256))
#define LAYOUT_ROBUST_END     (LAYOUT_ENTRIES_AT + LAYOUT_ROUND((LAYOUT_ENTRIES + 1) * 128))
/* Values are reserved together with a page of their records: whole groups. */
#define LAYOUT_GROUPED(count, size) \
	(((count) / (LAYOUT_PAGE / (size)) + 1) * (LAYOUT_PAGE / (size)))

#define LAYOUT_COMPLETION_VALUES_AT LAYOUT_ROBUST_END
#define LAYOUT_ENTRY_VALUES_AT \
	(LAYOUT_COMPLETION_VALUES_AT + LAYOUT_GROUPED(LAYOUT_COMPLETIONS, 256) * 2 * LAYOUT_VALUE)
#define LAYOUT_SIZE (LAYOUT_ENTRY_VALUES_AT + LAYOUT_GROUPED(LAYOUT_ENTRIES, 128) * LAYOUT_VALUE)
#define LAYOUT_CORE LAYOUT_COMPLETIONS_AT /* always reserved */

#define LAYOUT_IS(type, field, at) \
	_Static_assert(offsetof(struct type, field) == (at), #type "." #field)

LAYOUT_IS(layout_header, version, 8);
LAYOUT_IS(layout_header, mark, 12);
LAYOUT_IS(layout_header, names, 16);
LAYOUT_IS(layout_header, lock, 64);
LAYOUT_IS(layout_header, sleepers, 68);
LAYOUT_IS(layout_header, log_length, 72);
LAYOUT_IS(layout_header, lost_wakeups, 76);
LAYOUT_IS(layout_header, mixed, 80);
LAYOUT_IS(layout_header, lock_link, 64 + 20);
LAYOUT_IS(layout_header, pid_namespace, 64 + 40);
LAYOUT_IS(layout_header, pid_inode, 112);
LAYOUT_IS(layout_header, job_kind, 120);
LAYOUT_IS(layout_header, ticket, 148);
_Static_assert(sizeof(struct layout_header) <= LAYOUT_LOG_AT, "header");
_Static_assert(LAYOUT_LOG_AT + LAYOUT_LOG * 8 <= LAYOUT_BUCKETS_AT, "log");
_Static_assert(sizeof(struct layout_change) == 8, "log entry");

LAYOUT_IS(completion, bell, 0);
LAYOUT_IS(completion, hash, 4);
LAYOUT_IS(completion, chain, 8);
LAYOUT_IS(completion, flags, 12);
LAYOUT_IS(completion, done, 16);
LAYOUT_IS(completion, producers, 20);
LAYOUT_IS(completion, waiters, 40);
LAYOUT_IS(completion, status, 48);
LAYOUT_IS(completion, value, 52);
LAYOUT_IS(completion, since_ns, 56);
LAYOUT_IS(completion, waits, 64);
LAYOUT_IS(completion, name, 128);
_Static_assert(sizeof(struct completion) == 256, "completion");

LAYOUT_IS(entry, beacon, 0);
LAYOUT_IS(entry, completion, 4);
LAYOUT_IS(entry, prev, 8);
LAYOUT_IS(entry, next, 12);
LAYOUT_IS(entry, need, 16);
LAYOUT_IS(entry, beacon_link, 20);
LAYOUT_IS(entry, wait_first, 40);
LAYOUT_IS(entry, wait_next, 44);
LAYOUT_IS(entry, watch, 48);
LAYOUT_IS(entry, watcher, 52);
LAYOUT_IS(entry, ticket, 56);
LAYOUT_IS(entry, state, 64);
LAYOUT_IS(entry, flags, 68);
LAYOUT_IS(entry, pid, 72);
LAYOUT_IS(entry, ended_by, 76);
LAYOUT_IS(entry, status, 80);
LAYOUT_IS(entry, value, 84);
LAYOUT_IS(entry, since_ns, 88);
LAYOUT_IS(entry, command, 96);
_Static_assert(sizeof(struct entry) == 128, "place");

#endif
