/* SPDX-License-Identifier: ISC
 *
 * layout.h - the bytes of a segment; this header is its specification
 *
 * A file full of zeros is a valid, empty segment.  A process creates one by open(2) and
 * ftruncate(2).  Both may be done twice, so the next process goes on where a dead one stopped.
 * All widths and offsets are fixed, because programs of glibc and of musl, in containers and on the
 * host, share the file.  The file is sparse.  Pages are reserved, by fallocate, before they are
 * touched (pages.h).
 *
 *	0        header; its first 64 bytes are the same in every version
 *	512      seats of the lock, in the same page
 *	2 KiB    redo log, which begins in the same page: a short transaction touches no other
 *	12 KiB   buckets of the hash table, which leads from names to completions
 *	44 KiB   completions   16,384 x 256 bytes
 *	         entries       65,536 x 128 bytes      -- robust words end here
 *	         values of completions, two of 256 bytes each
 *	         values of released entries, and of ready producers, 256 bytes each
 *
 * Index 0 of the completions and of the entries means "none".
 *
 * Locking: these are all locks that there are.  A process that holds one of them may wait for
 * those below it, except that nobody waits for the file lock while it holds header.lock.  It may
 * wait for no others.  The kernel frees each of them when its owner dies.
 *
 *	scope lock	fcntl(2) F_OFD_SETLK on the file of a scope, its first LAYOUT_SIZE bytes.
 *			The process that made the scope holds it as long as the scope lives.  A
 *			process that sweeps scopes holds it while it removes one.  Nobody waits for
 *			it.
 *	holds		fcntl(2) F_OFD_SETLK, shared, on bytes beyond the end of the file (hold.h).
 *			What a producer has started holds the byte of its name.  It is taken under
 *			header.lock.  Nobody waits for it.
 *	beacons		Robust words, one in each entry.  A waiter or a producer takes the beacon
 *			of its entry before it links the entry.  It does so under header.lock, and
 *			need not wait: the beacon of an entry that may be used has no owner
 *			(entry.c).  It still owns the beacon when it sleeps, or waits for
 *			header.lock again.  Others only sleep on the beacon.
 *	header.lock	A robust word, or the name of one (seat.h).  It guards all fields marked
 *			"[lock]" and "[store]".  A call waits for it until the deadline of the
 *			call.
 *	seats		Robust words.  A participant of another pid namespace than the first user's
 *			owns one from shortly before it gets header.lock until shortly after it has
 *			given it back.  It sleeps for a seat only while none of them is free.
 *	holder's byte	fcntl(2) F_OFD_SETLK, shared, on a byte beyond the end of the file: a
 *			handle that may own a seat has it as long as the handle exists.  Nobody
 *			waits for it.
 *	file lock	flock(2) on the file, while a process compares the file with its path and
 *			unlinks it.  Processes that make the segment share it.  A call waits for
 *			it for a second at the most.  Never held together with header.lock.
 *
 * Nobody sleeps while it holds header.lock.  A bell is not a lock: the waiter that sleeps on it
 * does not own it.
 *
 * The guard of each field:
 *
 *	[lock]		Read under header.lock.  Changed under it, and through the redo log
 *			(log.h).
 *	[store]		Read under header.lock.  Changed under it by single stores, without the
 *			log.
 *	[own]		Written by the waiter or producer that uses the entry, under the same
 *			hold of header.lock under which it links the entry.  Constant after that,
 *			until the entry is used again.
 *	[end]		Written under header.lock by the call that ends a wait, before it changes
 *			`state`.  Read by the waiter after it has read `state` (job.c).
 *	[atomic]	Read and changed with or without header.lock, by atomic operations.
 *
 * Exceptions: compl_test() reads without the lock, and then checks header.seqcount.
 * file_is_replaceable() reads `names` without it, in a file of an older version.  These functions
 * write "[lock]" fields without the log: hashtable_make() fills in a record to which no link leads
 * yet.  rebuild() does the job JOB_REBUILD, which the next owner of the lock begins anew.
 * segment_lock_for_repair() throws an impossible job away.  And claim_header() in segment.c,
 * mark_other_version() and mark_and_unlink() in file.c write `mark` without the lock too.
 *
 * In the bytes from 4 to 40 after the beginning of a robust word (robust.h) there is no other
 * robust word.  The bytes from 20 to 40 hold nothing but the link of the word: when a thread of a
 * host program owns the word, the robust list of its libc has its link there (futex_offset is -28
 * in musl, -32 in glibc).
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_MAGIC   UINT64_C(0x31306c706d6f6320) /* " compl01" */
#define LAYOUT_VERSION 5 /* version 4 had a shorter log, and no generations, loans or barriers */

#define LAYOUT_BUCKETS	   8192u
#define LAYOUT_COMPLETIONS 16384u
#define LAYOUT_ENTRIES	   65536u
#define LAYOUT_LOG	   1024u
#define LAYOUT_VALUE	   256u
#define LAYOUT_PAGE	   4096u

/* header.mark */
#define MARK_DEAD 1u /* the segment was removed: a process that has it open leaves it */

/* header.job_kind: what has been committed to and is not finished yet, a walk along waitqueues or a
 * rebuild */
enum job_kind {
	JOB_NONE = 0,
	JOB_RELEASE, /* after a post of "all" or a readiness: ends the waits that it satisfies */
	JOB_REMOVE,  /* after the removal of a completion: ends all waits for it */
	JOB_FAIL,    /* after a status other than 0: ends the fail-fast waits */
	JOB_PRODUCER_DIED,   /* after the end of a producer: ends all waits for its completion */
	JOB_REMOVE_ALL,	     /* after the removal of the segment: ends all waits */
	JOB_REBUILD,	     /* after damage: makes all links anew from the records */
	JOB_PRODUCER_FAILED, /* after the failure of a ready producer: does the same */
	JOB_OUTDATE, /* after a new generation: ends the waits that are bound to an older one */
	JOB_ROUND,   /* when enough stand in a barrier: completes the round, if it can */
	JOB_RECALL,  /* after a reinit: forgets what is lent, and does what JOB_OUTDATE does */
	JOB_KINDS,
};

struct layout_header {
	/* ---- the same in every version ---- */
	uint64_t magic;	  /* [atomic] 0 or LAYOUT_MAGIC; by compare-and-swap */
	uint32_t version; /* [atomic] 0 or LAYOUT_VERSION; by compare-and-swap */
	/* [lock] 0, or MARK_DEAD for good.  Also read without the lock; and written without it in a
	   file that is damaged, of another version, or not yet used. */
	uint32_t mark;
	uint32_t names;	     /* [lock] how many completions the hash table has; 0: idle */
	uint32_t stable[11]; /* unused */
	/* ---- of this version ---- */
	uint32_t lock;	     /* robust; see mutex.c */
	uint32_t sleepers;   /* [atomic] an upper bound of the threads that sleep on `lock` */
	uint32_t log_length; /* [store] 0, or how many changes are committed; see log.c */
	/* [atomic] How often a sleeper that only the watchdog had woken then got the lock, or its
	   tokens. */
	uint32_t lost_wakeups;
	uint32_t mixed;	       /* [atomic] 0, or ROBUST_MIXED for good; see robust.h */
	uint8_t lock_link[20]; /* room for the link of `lock` */
	/* The pid namespace of the first user, once as a number for its /proc and once as the inode
	   of /proc/self/ns/pid; see pidns.c.  pid_inode is written first. */
	uint64_t pid_namespace;	    /* [atomic] by compare-and-swap */
	uint64_t pid_inode;	    /* [atomic] by compare-and-swap */
	uint32_t job_kind;	    /* [lock] enum job_kind */
	uint32_t job_completion;    /* [lock] the completion that the job is about */
	uint32_t completions_made;  /* [lock] the highest index ever used */
	uint32_t completions_free;  /* [lock] last in first out, by `chain` */
	uint32_t entries_made;	    /* [lock] the highest index ever used */
	uint32_t entries_free;	    /* [lock] first in first out, by `next` */
	uint32_t entries_free_tail; /* [lock] */
	uint32_t ticket[2];	    /* [lock] the latest ticket drawn, low and high half */
	uint32_t seqcount;	    /* [store] odd while a transaction is applied; seqcount.h */
	/* [store] The ticket of the latest promise by a process that had children, low and high
	   half, or 0; see detection.c. */
	uint32_t late_promise[2];
	/* Times of CLOCK_MONOTONIC; see detection.c. */
	int64_t look_ns;       /* [atomic] when a wait has begun to read all processes, or -1 */
	int64_t clear_ns;      /* [atomic] when it has begun a look after which no name was stuck */
	uint32_t seat_holders; /* [atomic] the latest number of a handle; seat.h */
	uint32_t spare;	       /* unused */
	uint64_t generation;   /* [store] the latest generation drawn, or 0 */
	int64_t opened_s;      /* [atomic] when it was opened last, in seconds of CLOCK_MONOTONIC */
	/* [store] The microsecond at which the first generation was drawn, by the wall clock, less
	   the same by CLOCK_MONOTONIC; see generation.c. */
	uint64_t generation_epoch;
};

/* What a participant of another pid namespace than the first user's owns while it owns
 * header.lock; see seat.h. */
#define LAYOUT_SEATS 32u

struct seat {
	/* Claimed and cleared as a whole, by compare-and-swap of 64 bits. */
	union seat_owner {
		struct {
			uint32_t word;	 /* robust */
			uint32_t holder; /* the number of the handle that has claimed it last */
		};
		uint64_t whole;
	} owner;
	uint32_t serial;   /* [atomic] changed by the owner, once in each ownership */
	uint32_t spare[2]; /* unused */
	uint8_t link[20];  /* room for the link of `word` */
	uint32_t more[2];  /* unused */
};

/* A change in the redo log: the word at this offset gets this value. */
struct layout_change {
	uint32_t offset;
	uint32_t value;
};

/* completion.flags */
#define COMPLETION_USED		 1u
#define COMPLETION_INIT		 2u  /* permanent, by compl_init() */
#define COMPLETION_REMOVED	 4u  /* off the hash table; its waits are being ended */
#define COMPLETION_PRODUCER_DIED 8u  /* at "all", or `failed`, because a producer has died */
#define COMPLETION_READY	 16u /* one of its producers is ready: entry.ready */

/* Entries that are linked by `prev` and `next`, in the order in which they came: the waiters of a
 * completion, or its producers. */
struct queue {
	uint32_t head; /* [lock] */
	uint32_t tail; /* [lock] */
};

struct completion {
	/* [store] The entry that armed the bell, or 0 after it was rung; see waitqueue.h.  The
	   first in line sleeps on it without the lock. */
	uint32_t bell;
	uint32_t hash;	/* [store] of `name`; constant while the record is on a chain */
	uint32_t chain; /* [lock] next in the bucket, or next free */
	uint32_t flags; /* [lock] */
	uint32_t done;	/* [lock] the counter; UINT32_MAX is "all" */
	struct queue producers;
	uint32_t watcher; /* [store] the latest first in line to watch the producers; watch.c */
	uint32_t failed;  /* [lock] 0, or the status with which its last ready producer ended */
	uint32_t lent;	  /* [lock] the tokens that the entries of `borrowers` have */
	struct queue waiters;
	uint32_t status;  /* [lock] */
	uint32_t value;	  /* [lock] 0: none, else slot << 16 | length + 1 */
	int64_t since_ns; /* [lock] when it was created, or last set back to 0 */
	/* How many waits slept and ended by themselves, and how long they took.  Added to
	   [atomic], and set to 0 as [lock] says. */
	uint64_t waits, waits_ns, waits_io_ns;
	/* [lock] The byte that the producers of this name hold (hold.h), by its number.  0: none
	   has held it since the name was made. */
	uint64_t hold;
	uint64_t generation; /* [lock] */
	int64_t changed_ns;  /* [store] when counter, status, value or readiness changed last */
	struct queue borrowers;
	uint32_t spare;	  /* unused */
	uint32_t barrier; /* [atomic] the word of a round; see barrier.c */
	char name[128];	  /* [store] NUL-terminated; constant while the record is on a chain */
};

/* entry.state.  The state of a wait is that of its first entry.  The comments say which process
 * stores it. */
enum entry_state {
	STATE_NONE = 0,
	STATE_WAITING,
	STATE_LEFT,	     /* the waiter, without the lock */
	STATE_DONE,	     /* a poster of "all"; or who completes the round of a barrier */
	STATE_REMOVED,	     /* a process that removes the name or the segment */
	STATE_FAILED,	     /* a poster of a status other than 0 */
	STATE_PRODUCER_DIED, /* the process that found a producer dead */
	STATE_OUTDATED,	     /* a process that gives the name a new generation */
	STATE_LOST,	     /* a rebuild that could not link all entries of the wait */
	STATE_PRODUCING,     /* a producer; its entry waits for nothing */
	STATE_LEAVING,	     /* a participant of a barrier, without the lock; see barrier.c */
	STATE_BORROWING,     /* [lock] a borrower; the same */
};

/* entry.flags */
#define ENTRY_ANY	     1u /* one of the names is enough */
#define ENTRY_FAIL_FAST	     2u /* the first status other than 0 ends the wait */
#define ENTRY_IO	     4u /* counts as I/O in the statistics */
#define ENTRY_PRODUCER	     8u
#define ENTRY_CHILD	     16u   /* a producer that does nothing but wait for its children */
#define ENTRY_REPORTED	     32u   /* the kernel reports the death of its owner in every case */
#define ENTRY_ENDLESS	     64u   /* a wait without a deadline (older programs do not set it) */
#define ENTRY_GENERATION     128u  /* the wait is bound to the generation of its name */
#define ENTRY_BARRIER	     512u  /* a participant of a barrier; `need` is how many make a round */
#define ENTRY_BORROWER	     1024u /* of a loan */
#define ENTRY_READY	     2048u /* a producer that will say that it is ready */
#define ENTRY_FOREIGN	     32768u /* of another pid namespace than the home (pidns.h) */
#define ENTRY_AT_LEAST_SHIFT 16	    /* bits 16 to 23: how many of its names the wait needs, or 0 */

/* entry.payload of a wait */
#define PAYLOAD_LENGTH 0x1ffu	   /* of the value + 1; from bit 8 on */
#define PAYLOAD_LOST   0x20000000u /* a producer of the completion went away; see readiness.h */
#define PAYLOAD_ALL    0x40000000u /* the completion was at "all" */
#define PAYLOAD_READY  0x80000000u /* a producer of the completion was ready */

/* The entry of one wait in the waitqueue of one completion, or of a producer among the producers of
 * a completion.
 *
 * Invariant: an entry is on the free queue, or in the waitqueue of the completion `completion`, or
 * among the producers of that completion, or has index 0.  An entry whose beacon has no owner is
 * dead; a call that meets it unlinks it.  (Without ENTRY_REPORTED the owner may be dead too,
 * although the beacon names it: entry_is_unreported().) */
struct entry {
	/* Robust.  A waiter owns it while it waits, a producer until it posts. */
	uint32_t beacon;
	uint32_t completion;	 /* [lock] 0 when the entry is not linked */
	uint32_t prev;		 /* [lock] */
	uint32_t next;		 /* [lock] next in the queue, or next free */
	uint32_t need;		 /* [own] how many tokens the wait takes */
	uint8_t beacon_link[20]; /* room for the link of `beacon` */
	uint32_t wait_first;	 /* [own] first entry of the wait */
	uint32_t wait_next;	 /* [own] next entry of the wait, or 0 */
	uint32_t watch;		 /* [store] offset of the word that the waiter sleeps on, or 0 */
	/* [store] The latest entry that watched this beacon by waitqueue_watch(); see entry.c. */
	uint32_t watcher;
	uint64_t ticket;   /* [own] the same in all entries of a wait, and in no other entry ever */
	uint32_t state;	   /* [atomic] enum entry_state; by compare-and-swap */
	uint32_t flags;	   /* [own] */
	uint32_t pid;	   /* [own] */
	uint32_t ended_by; /* [end] in the first entry of the wait: the entry that ended it */
	/* [end] Status and value of the completion: status | (length of the value + 1) << 8, or no
	   more than the status if there is no value; and PAYLOAD_ALL, _READY or _LOST. */
	uint32_t payload;
	union {
		uint32_t parent; /* [own] of a waiter: the pid of its parent */
		/* [lock] Of a producer: 0, or its number among those that are ready; the latest
		   one has the largest. */
		uint32_t ready;
	};
	int64_t since_ns; /* [own] when the wait or the promise began */
	char command[32]; /* [own] not terminated when full */
};

#define LAYOUT_ROUND(bytes) (((bytes) + LAYOUT_PAGE - 1) / LAYOUT_PAGE * LAYOUT_PAGE)

#define LAYOUT_SEATS_AT	      512u
#define LAYOUT_LOG_AT	      (LAYOUT_SEATS_AT + LAYOUT_SEATS * 48)
#define LAYOUT_BUCKETS_AT     LAYOUT_ROUND(LAYOUT_LOG_AT + LAYOUT_LOG * 8)
#define LAYOUT_COMPLETIONS_AT (LAYOUT_BUCKETS_AT + LAYOUT_BUCKETS * 4)
#define LAYOUT_ENTRIES_AT     (LAYOUT_COMPLETIONS_AT + LAYOUT_ROUND((LAYOUT_COMPLETIONS + 1) * 256))
#define LAYOUT_ROBUST_END     (LAYOUT_ENTRIES_AT + LAYOUT_ROUND((LAYOUT_ENTRIES + 1) * 128))
/* A page of records is reserved together with the values of all its records, a group.  So there is
 * room for the values of whole groups. */
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
LAYOUT_IS(layout_header, late_promise, 160);
LAYOUT_IS(layout_header, look_ns, 168);
LAYOUT_IS(layout_header, seat_holders, 184);
LAYOUT_IS(layout_header, generation, 192);
LAYOUT_IS(layout_header, opened_s, 200);
LAYOUT_IS(layout_header, generation_epoch, 208);
_Static_assert(sizeof(struct layout_header) <= LAYOUT_SEATS_AT, "header");
_Static_assert(sizeof(struct layout_change) == 8, "log");

LAYOUT_IS(seat, owner, 0);
LAYOUT_IS(seat, serial, 8);
LAYOUT_IS(seat, link, 20);
_Static_assert(offsetof(union seat_owner, holder) == 4, "holder");
_Static_assert(sizeof(struct seat) == 48, "seat");
_Static_assert(LAYOUT_SEATS_AT % 8 == 0, "seats: compare-and-swap of 64 bits");
_Static_assert(LAYOUT_SEATS_AT + LAYOUT_SEATS * sizeof(struct seat) <= LAYOUT_LOG_AT, "seats");

LAYOUT_IS(completion, bell, 0);
LAYOUT_IS(completion, hash, 4);
LAYOUT_IS(completion, chain, 8);
LAYOUT_IS(completion, flags, 12);
LAYOUT_IS(completion, done, 16);
LAYOUT_IS(completion, producers, 20);
LAYOUT_IS(completion, failed, 32);
LAYOUT_IS(completion, waiters, 40);
LAYOUT_IS(completion, status, 48);
LAYOUT_IS(completion, value, 52);
LAYOUT_IS(completion, since_ns, 56);
LAYOUT_IS(completion, waits, 64);
LAYOUT_IS(completion, hold, 88);
LAYOUT_IS(completion, generation, 96);
LAYOUT_IS(completion, borrowers, 112);
LAYOUT_IS(completion, barrier, 124);
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
LAYOUT_IS(entry, payload, 80);
LAYOUT_IS(entry, parent, 84);
LAYOUT_IS(entry, since_ns, 88);
LAYOUT_IS(entry, command, 96);
_Static_assert(sizeof(struct entry) == 128, "entry");

#endif
