/* SPDX-License-Identifier: ISC
 *
 * compl.h - the Linux kernel's completions, between processes
 *
 * A completion is a named counter with a line of waiters: complete() adds a
 * token and lets the first in line go, complete_all() lets everybody go, now and
 * later, until reinit.  Completions live in a *namespace*.  An *engine* keeps it: here a
 * segment of POSIX shared memory, and no daemon.  Any participant may be killed by SIGKILL
 * at any instruction: no token is lost or doubled, nobody hangs, and the line
 * keeps its order.
 *
 * Life cycle.  Open a namespace, use it, close it.  This program waits for its child; the two
 * might as well be programs of their own, each with a handle of its own:
 *
 *	#include <compl.h>
 *	#include <stdio.h>
 *	#include <unistd.h>
 *
 *	int
 *	main(void)
 *	{
 *		const struct compl_where where = { .space = "example", .uid = geteuid() };
 *		const char *names[] = { "db-ready" };
 *		const struct compl_request request = {
 *			.names = names, .count = 1, .deadline_ns = COMPL_NEVER
 *		};
 *		struct compl_outcome out;
 *		struct compl_space *c;
 *
 *		if (compl_open(&c, &where, COMPL_CREATE) != COMPL_OK ||
 *		    compl_reinit(c, "db-ready", true) != COMPL_OK)
 *			return 1;
 *		if (fork() == 0) {
 *			struct compl_post post = { .all = true };
 *
 *			_exit(compl_done(c, "db-ready", &post) != COMPL_OK);
 *		}
 *		if (compl_wait(c, &request, &out) == COMPL_OK)
 *			printf("db-ready: status %d\n", out.status);
 *		compl_close(c);
 *		return 0;
 *	}
 *
 * The two sides may start in any order.  A name that is at "all" since an earlier run stays so
 * until compl_reinit().  A name needs no declaration: it exists from its first use, and is gone
 * again as soon as it carries nothing (no token, no "all", no waiter), unless compl_init() has made
 * it permanent.
 *
 * Results.  Every call returns an enum compl_result.  Those below COMPL_E_FIRST are answers.  Those
 * from there on are failures, after which nothing has changed; only COMPL_E_UNCERTAIN, which an
 * engine over a network may return, leaves that open.  Nothing here prints, exits, or keeps state
 * outside the handle, and the archive has no global name that does not begin with compl_.
 *
 * Structures.  Zero what you fill in, as { .all = true } does: what is `reserved` must be zero,
 * and a flag must be one of those below, or the call fails with COMPL_E_ARGUMENT.  What a later
 * version adds there means nothing when it is zero.  In what the library fills in, `reserved`
 * is zero until it means something.
 *
 * Threads.  A handle may be used by several threads at once, each call on its
 * own; compl_wait() blocks only its caller.  With COMPL_ONE_THREAD a handle
 * belongs to the thread that opened it.
 *
 * Fork.  A child may go on using an inherited handle without COMPL_ONE_THREAD;
 * a wait that another thread of the parent was in stays with the parent.  After
 * vfork() only exec or _exit.  exec lets go of every place in line, as death does;
 * the descriptor of a handle is close-on-exec, and never 0, 1 or 2.
 *
 * Signals.  No call is async-signal-safe, and none may be left by longjmp() but as
 * struct compl_escape says.
 *
 * Barriers.  A poster's writes before compl_done() are visible to the waiter
 * that it released when compl_wait() or compl_try() has returned COMPL_OK
 * (release/acquire, as complete() and wait_for_completion() give).
 * compl_test() gives acquire only.
 *
 * Not guaranteed.  Whoever may write the segment is trusted by all who share
 * it: hostile bytes can make calls fail with COMPL_E_DAMAGED, and make them wait,
 * but do not make them crash.  A *stopped* process at the head of a line holds up
 * the tokens of that line (not "all") until it goes on or dies.
 */
#ifndef COMPL_H
#define COMPL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/select.h> /* sigset_t, which <signal.h> keeps to itself under -std=c99 */
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COMPL_NAME_MAX	127	   /* bytes in a completion's name, at least 1 */
#define COMPL_SPACE_MAX 64	   /* bytes in a namespace's name, at least 1 */
#define COMPL_VALUE_MAX 255	   /* bytes in a value, which may be empty */
#define COMPL_NAMES_MAX 64	   /* names in one request */
#define COMPL_HOST_MAX	64	   /* bytes in the name of a machine */
#define COMPL_ALL	UINT32_MAX /* what the counter reads after complete_all() */
#define COMPL_NEVER	INT64_MAX  /* as a deadline: wait for ever */

#define COMPL_PRODUCERS_MAX	   64  /* of one name */
#define COMPL_PROMISES_MAX	   16  /* of one handle */
#define COMPL_STATUS_PRODUCER_DIED 121 /* what a dead producer leaves, if no other status did */

enum compl_result {
	/* answers */
	COMPL_OK = 0,
	COMPL_NOT_DONE,	     /* compl_test: the counter is 0 */
	COMPL_TIMED_OUT,     /* the deadline came; compl_try: would have to wait */
	COMPL_REMOVED,	     /* the name or the namespace was removed meanwhile */
	COMPL_PRODUCER_DIED, /* a producer went away without completing it */
	COMPL_DEAD_LOCK,     /* waiting could never end */
	COMPL_INTERRUPTED,   /* by a signal handler of the caller */

	/* Failures: nothing has changed, except that after COMPL_E_UNCERTAIN nobody can know.
	   BAD_x: what was given for x is not well-formed.  NO_x: there is no such x.  FULL_x:
	   there is no room for more.  WRONG_x: something stands where the namespace should be,
	   and it is not one that can be used. */
	COMPL_E_FIRST = 16,
	COMPL_E_ARGUMENT =
		COMPL_E_FIRST,	/* a range, a flag or a reserved field (Structures, above) */
	COMPL_E_BAD_NAME,	/* a name that is not well-formed */
	COMPL_E_BAD_NAMESPACE,	/* a namespace's name that is not well-formed */
	COMPL_E_BAD_VALUE,	/* too long, or not UTF-8, or has a NUL byte */
	COMPL_E_NO_NAME,	/* no such name, and the call asks for one */
	COMPL_E_NO_NAMESPACE,	/* no such namespace, or it has been removed */
	COMPL_E_SCOPE_ENDED,	/* the same: its scope has ended, and only a scope makes it */
	COMPL_E_EXISTS,		/* compl_init: initialised, or carries something */
	COMPL_E_BUSY,		/* compl_reinit: tokens meant for those in line */
	COMPL_E_OVERFLOW,	/* the counter would pass 4294967294 */
	COMPL_E_FULL_NAMES,	/* no room for another name */
	COMPL_E_FULL_WAITERS,	/* no room for another waiter */
	COMPL_E_FULL_PRODUCERS, /* no room for another producer */
	COMPL_E_FULL_DISK,	/* the file system of the segment is full */
	COMPL_E_LOCKED,		/* the lock was not to be had within a second */
	COMPL_E_WRONG_OWNER,	/* the segment's owner or mode is not as it must be */
	COMPL_E_WRONG_FILE,	/* not a regular file, or not one of compl's */
	COMPL_E_WRONG_VERSION,	/* made by another version of compl, and in use */
	COMPL_E_DAMAGED,	/* the segment contradicts itself */
	COMPL_E_SYSTEM,		/* a system call failed; errno says why */
	/* Of an engine that reaches its namespaces over a network; shared memory has neither. */
	COMPL_E_UNREACHABLE, /* the engine does not answer; nothing has been sent */
	COMPL_E_UNCERTAIN,   /* no answer has come: it may or may not have happened */
};

/* A few English words for a result, without a full stop; static storage. */
const char *compl_strresult(enum compl_result);

/* A namespace, open. */
struct compl_space;

/* Where a namespace is. */
struct compl_where {
	const char *space;    /* compl_is_namespace(); with system, NULL is the unnamed one */
	uid_t uid;	      /* whose; ignored with system */
	bool system;	      /* the machine's, owned by root */
	const char *url;      /* which engine keeps it: NULL is shared memory of this machine,
				 the only one that this library has; else COMPL_E_ARGUMENT */
	uint64_t reserved[4]; /* zero */
};

enum compl_open_flags {
	/* Create the segment if there is none (else COMPL_E_NO_NAMESPACE). */
	COMPL_CREATE = 1 << 0,
	/* A promise of the caller, and more for it: the handle belongs to the calling thread, which
	   owns no robust mutex (pthread_mutexattr_setrobust(3)) of its own while it is open.  The
	   handle is useless in another thread and after fork(); a thread has one such handle
	   at a time (COMPL_E_SYSTEM, EBUSY).  In return, hostile bytes cannot lead the call
	   astray, and something can be promised (compl_promise()). */
	COMPL_ONE_THREAD = 1 << 1,
	/* With COMPL_CREATE: also a namespace whose name begins with "scope.", which
	   lives as long as something that its maker knows.  Everybody else fails with
	   COMPL_E_SCOPE_ENDED once it has gone. */
	COMPL_SCOPE = 1 << 2,
};

/* What an engine knows about a failure, as parts of a line for people: without full stops, and
 * NUL-terminated.  A remedy names means of the system, such as a limit or a file to remove. */
struct compl_description {
	char object[256]; /* what has failed: here the path of the segment.  Empty if the failure
			     is about a name, a value or an argument and not about the engine */
	char reason[256]; /* why; never empty */
	char remedy[512]; /* what can be done about it, as a request; empty if nothing is known */
};

/* Describes a result of a call about the namespace at where; for COMPL_E_SYSTEM, error is the errno
 * that the call left.  After COMPL_OK the object is where the namespace is.  Looks at the file of
 * the segment, and opens nothing. */
void compl_describe(const struct compl_where *where, enum compl_result result, int error,
		    struct compl_description *description);

/* Opens a namespace; flags are of enum compl_open_flags.  The caller closes *c with
 * compl_close(); on a failure *c is NULL.  Fails with COMPL_E_BAD_NAMESPACE, _NO_NAMESPACE,
 * _SCOPE_ENDED, _WRONG_OWNER, _WRONG_FILE, _WRONG_VERSION, _FULL_DISK, _SYSTEM (with EFBIG,
 * RLIMIT_FSIZE is too small: ignore SIGXFSZ to see it; with ENOMEM, RLIMIT_AS).
 *
 * The umask has no influence on the mode of what is created, and is not changed.  A signal that
 * the caller has asked for at its parent's death (PR_SET_PDEATHSIG) stays asked for. */
enum compl_result compl_open(struct compl_space **c, const struct compl_where *, unsigned flags);

/* Unmaps and frees, and breaks what was promised through this handle; NULL is allowed.
 * No thread may be in a call. */
void compl_close(struct compl_space *c);

/* Whether the namespace of this handle has gone: by compl_remove_all(), or because somebody has
 * unlinked its segment. */
bool compl_is_removed(const struct compl_space *c);

/* Read with compl_spaces_at(). */
struct compl_spaces {
	size_t count;
	size_t stride;	   /* from one name to the next, in bytes */
	const void *names; /* sorted, bytewise */
};

/* A name, NUL-terminated, which lives as long as the list; index is below list->count. */
static inline const char *
compl_spaces_at(const struct compl_spaces *list, size_t index)
{
	return (const char *)list->names + index * list->stride;
}

/* Stores the namespaces of where->uid, or with where->system those of the machine, of which the
 * unnamed one is ""; where->space is ignored.  The caller frees *list with compl_spaces_free();
 * on a failure it is NULL, which may be freed too.  COMPL_E_SYSTEM. */
enum compl_result compl_spaces(const struct compl_where *where, struct compl_spaces **list);
void compl_spaces_free(struct compl_spaces *list);

/* Makes a namespace that nobody else has, of the user of where (where->space is ignored):
 * "scope." and a random word, written to name, of COMPL_SPACE_MAX + 1 bytes.  flags as for
 * compl_open().  The maker removes it with compl_remove_all(); if the maker closes the handle
 * before that, or dies, the next compl_scope() of that user removes it.  A later compl_open()
 * fails with COMPL_E_SCOPE_ENDED.
 *
 * A child that is forked and does not exec keeps it alive, too.  Fails as compl_open(). */
enum compl_result compl_scope(struct compl_space **c, const struct compl_where *where,
			      unsigned flags, char *name);

/* Whether the name of a namespace is well-formed: 1 to COMPL_SPACE_MAX of A-Z a-z 0-9 . _ - and no
 * leading '.'. */
bool compl_is_namespace(const char *space);

/* Whether a name is well-formed: 1 to COMPL_NAME_MAX of A-Z a-z 0-9 . _ : @ % + / = - and no
 * leading '-'. */
bool compl_is_name(const char *name);

/* ---- init_completion, reinit_completion ---------------------------------- */

/* Makes a name permanent: it stays, at any counter, until compl_remove().
 * Adopts a name that has only waiters or producers.  COMPL_E_EXISTS if it is
 * initialised already or carries a token, a status or a value, but with exist_ok that is
 * fine and nothing is reset. */
enum compl_result compl_init(struct compl_space *c, const char *name, bool exist_ok);

/* reinit_completion(): counter, status and value to zero; waiters keep their
 * places.  COMPL_E_BUSY while the counter is above zero and somebody not yet
 * released waits, unless force.  A missing name is at zero already. */
enum compl_result compl_reinit(struct compl_space *c, const char *name, bool force);

/* ---- complete, complete_all ---------------------------------------------- */

/* What is posted.  value is copied, and remains the caller's. */
struct compl_post {
	uint32_t tokens;      /* complete(), this often: 1 to 4294967294 (0 is 1) */
	bool all;	      /* complete_all(); tokens is ignored */
	bool waiting;	      /* as many tokens as those now in line need */
	bool existing;	      /* COMPL_E_NO_NAME instead of making the name */
	uint8_t status;	      /* 0 is success; the first other one sticks */
	const char *value;    /* UTF-8, up to COMPL_VALUE_MAX bytes, or NULL */
	bool awaited;	      /* result: somebody stood in line when it was posted */
	uint64_t reserved[4]; /* zero */
};

/* Posts.  A name at "all" is settled: the call changes nothing and succeeds.  The post has
 * happened wholly or not at all, whenever the caller is killed.  Blocks only for the namespace's
 * lock.  Fails with COMPL_E_BAD_NAME, _BAD_VALUE, _NO_NAME (existing), _NO_NAMESPACE, _OVERFLOW,
 * _FULL_NAMES, _FULL_DISK, _DAMAGED, _SYSTEM. */
enum compl_result compl_done(struct compl_space *c, const char *name, struct compl_post *post);

/* ---- wait_for_completion and its variants -------------------------------- */

enum compl_wait_flags {
	COMPL_WAIT_ANY = 1 << 0,	   /* the first name that is done */
	COMPL_WAIT_FAIL_FAST = 1 << 1,	   /* a status other than 0 ends it */
	COMPL_WAIT_EXISTING = 1 << 2,	   /* COMPL_E_NO_NAME for a missing name */
	COMPL_WAIT_IO = 1 << 3,		   /* wait_for_completion_io() */
	COMPL_WAIT_INTERRUPTIBLE = 1 << 4, /* return COMPL_INTERRUPTED after a
					      signal handler of the caller ran */
	/* Return COMPL_DEAD_LOCK rather than wait for what the wait itself holds up: below
	   (by parentage) a producer of a name that the awaited one's producers wait for,
	   all of them, directly or through others.  Looked at when it lines up, a second
	   later, and then every ten: each time at all of /proc. */
	COMPL_WAIT_DETECT = 1 << 5,
};

/* How a signal handler of the caller ends compl_wait() in this thread, without the
 * gap between a flag and the sleep.  The handler looks at `state`:
 *
 *	COMPL_ESCAPE_JUMP	siglongjmp(env, 1)
 *	COMPL_ESCAPE_NOTE	escape.wanted = 1, and returns
 *	COMPL_ESCAPE_NONE	no wait is under way: as it likes
 *
 * compl_wait() then leaves the line and returns COMPL_INTERRUPTED.  The signal, and
 * all that its handler blocks, must be in `hold`.  One wait at a time uses an escape.
 *
 *	#include <compl.h>
 *	#include <setjmp.h>
 *	#include <stdio.h>
 *	#include <sys/time.h>
 *	#include <unistd.h>
 *
 *	static sigjmp_buf env;
 *	static struct compl_escape escape = { .env = &env };
 *
 *	static void
 *	on_alarm(int signal)
 *	{
 *		(void)signal;
 *		if (escape.state == COMPL_ESCAPE_JUMP)
 *			siglongjmp(env, 1);
 *		if (escape.state == COMPL_ESCAPE_NOTE)
 *			escape.wanted = 1;
 *	}
 *
 *	int
 *	main(void)
 *	{
 *		const struct compl_where where = { .space = "example", .uid = geteuid() };
 *		const struct itimerval often = { { 0, 100000 }, { 0, 100000 } };
 *		const char *names[] = { "never" };
 *		sigset_t hold;
 *		const struct compl_request request = {
 *			.names = names, .count = 1, .deadline_ns = COMPL_NEVER,
 *			.hold = &hold, .escape = &escape
 *		};
 *		struct compl_outcome out;
 *		struct compl_space *c;
 *
 *		sigemptyset(&hold);
 *		sigaddset(&hold, SIGALRM);
 *		signal(SIGALRM, on_alarm);
 *		setitimer(ITIMER_REAL, &often, NULL);
 *		if (compl_open(&c, &where, COMPL_CREATE) != COMPL_OK ||
 *		    compl_reinit(c, "never", true) != COMPL_OK)
 *			return 1;
 *		puts(compl_strresult(compl_wait(c, &request, &out)));
 *		compl_close(c);
 *		return 0;
 *	}
 *
 * env is a pointer without a type: strict C has no sigjmp_buf, and the size of one, which
 * libc may change, stays out of this structure. */
enum compl_escape_state { COMPL_ESCAPE_NONE, COMPL_ESCAPE_NOTE, COMPL_ESCAPE_JUMP };

struct compl_escape {
	void *env; /* the caller's sigjmp_buf; NULL is COMPL_E_ARGUMENT */
	volatile sig_atomic_t state, wanted;
	uint64_t reserved[2]; /* zero */
};

/* What one of the names had to say. */
struct compl_payload {
	uint8_t status;
	bool has_value;
	char value[COMPL_VALUE_MAX + 1]; /* NUL-terminated */
	uint64_t reserved[4];		 /* zero */
};

/* One name of a cycle of waits: below its producer a process waits for the next name, and for
 * the first after the last.  host is the machine of both; empty is this one. */
struct compl_link {
	char name[COMPL_NAME_MAX + 1];
	pid_t producer, waiter;
	char host[COMPL_HOST_MAX + 1];
	uint64_t reserved[4]; /* zero */
};

#define COMPL_CYCLE_MAX 16 /* of a longer one, the end of it */
struct compl_cycle {
	size_t count;
	uint64_t reserved[4]; /* zero */
	struct compl_link links[COMPL_CYCLE_MAX];
};

/* What is waited for.  All that it points to remains the caller's, and is not used after the
 * call. */
struct compl_request {
	const char *const *names; /* 1 to COMPL_NAMES_MAX, none twice */
	size_t count;
	uint32_t need;	     /* tokens from each: 1 to 4294967294 (0 is 1) */
	unsigned flags;	     /* enum compl_wait_flags */
	int64_t deadline_ns; /* of CLOCK_MONOTONIC, in nanoseconds; or COMPL_NEVER */
	/* Signals that must not come between taking a token and reporting it, or
	   NULL.  They are blocked while the lock is held, never while asleep, and
	   stay blocked if the result is COMPL_OK.  Otherwise the mask is as it was. */
	const sigset_t *hold;
	struct compl_escape *escape; /* or NULL; ends it with COMPL_INTERRUPTED */
	const char *command;	     /* shown by compl_list(), or NULL */
	/* Where more is to be written than fits into the outcome, each NULL or the caller's: */
	struct compl_payload *payloads; /* an array of count: filled for the names that were done
				      and for outcome.which, zeroed for the others */
	struct compl_cycle *cycle;	/* filled after COMPL_DEAD_LOCK */
	uint64_t reserved[6];		/* zero */
};

/* Written whole by each compl_wait() and compl_try(), whatever was in it before and whatever
 * they return. */
struct compl_outcome {
	/* With COMPL_WAIT_ANY the name that was done; else the name that ended the
	   wait (COMPL_REMOVED, COMPL_PRODUCER_DIED, fail-fast, COMPL_E_NO_NAME) or, when
	   all were done, the first in argument order whose status is not 0; 0
	   if there is none. */
	size_t which;
	uint8_t status;	      /* that name's */
	bool failed_fast;     /* it was ended by COMPL_WAIT_FAIL_FAST */
	uint64_t reserved[4]; /* zero */
};

/* wait_for_completion*(): takes need tokens from every name, all or none, or
 * with COMPL_WAIT_ANY from one.  Strictly first come, first served.
 * COMPL_OK, COMPL_TIMED_OUT (nothing taken), COMPL_REMOVED, COMPL_PRODUCER_DIED,
 * COMPL_DEAD_LOCK, COMPL_INTERRUPTED, or a failure: COMPL_E_BAD_NAME, _NO_NAME
 * (COMPL_WAIT_EXISTING), _NO_NAMESPACE, _FULL_NAMES, _FULL_WAITERS, _FULL_DISK, _LOCKED (with a
 * deadline that has passed), _DAMAGED, _SYSTEM.  With a deadline that has passed the call does
 * not sleep for a token.  Releases that come at the instant of the deadline are either
 * taken (COMPL_OK) or left for the next. */
enum compl_result compl_wait(struct compl_space *c, const struct compl_request *req,
			     struct compl_outcome *out);

/* try_wait_for_completion(): as compl_wait() with a deadline in the past.
 * COMPL_TIMED_OUT also while anybody stands in line before. */
enum compl_result compl_try(struct compl_space *c, const struct compl_request *req,
			    struct compl_outcome *out);

/* completion_done(): COMPL_OK if the counter is above zero at this instant,
 * else COMPL_NOT_DONE. */
enum compl_result compl_test(struct compl_space *c, const char *name);

/* ---- producers ------------------------------------------------------------ */

/* A promise to complete a name, made by a thread.  Its fields are the library's. */
struct compl_promise {
	uint64_t ticket;
	uint32_t entry;
	uint64_t spare[5];
};

enum compl_promise_flags {
	COMPL_PROMISE_SINGLE = 1 << 0, /* not beside another producer */
	/* It is kept by processes that this one has started: the thread itself does nothing but
	   wait for their end or their word.  Dead-locks are found below such producers; one
	   without this flag counts as busy unless it waits itself (COMPL_WAIT_DETECT). */
	COMPL_PROMISE_CHILD = 1 << 1,
};

/* Makes the calling thread a producer of a name.  From then on, if it ends (by _exit, exec,
 * SIGKILL) before it has completed the name, the name is at "all" with status 121, and
 * whoever waits for it leaves with COMPL_PRODUCER_DIED within milliseconds; while the first
 * in line is stopped, within a second, or ten if it was stopped just as it was woken.
 *
 * The correct pattern is
 *
 *	#include <compl.h>
 *	#include <stdio.h>
 *	#include <unistd.h>
 *
 *	int
 *	main(void)
 *	{
 *		const struct compl_where where = { .space = "example", .uid = geteuid() };
 *		struct compl_post ready = { .all = true };
 *		struct compl_promise promise;
 *		struct compl_space *c;
 *
 *		if (compl_open(&c, &where, COMPL_CREATE | COMPL_ONE_THREAD) != COMPL_OK ||
 *		    compl_promise(c, "db-ready", 0, "start-db", &promise) != COMPL_OK)
 *			return 1;
 *		puts("the work, in this thread");
 *		if (compl_keep(c, &promise, &ready, false) != COMPL_OK)
 *			return 1;
 *		compl_close(c);
 *		return 0;
 *	}
 *
 * A name at "all" starts anew, unless another producer of it lives: counter, status and value
 * are zero, its line is kept.  The handle must have COMPL_ONE_THREAD (COMPL_E_ARGUMENT).
 * command is shown by compl_list(), or NULL.  COMPL_TIMED_OUT: somebody else produces it,
 * and flags has COMPL_PROMISE_SINGLE.  COMPL_E_FULL_PRODUCERS: COMPL_PRODUCERS_MAX of the
 * name live, or COMPL_PROMISES_MAX are open on the handle.  Otherwise fails as compl_wait(). */
enum compl_result compl_promise(struct compl_space *c, const char *name, unsigned flags,
				const char *command, struct compl_promise *promise);

/* compl_done() by the producer; `waiting` and `existing` of the post are ignored.  Posting and
 * ceasing to be a producer are one commit, unless it stays one: then its death counts again
 * after a reinit.  COMPL_REMOVED: the name has been removed meanwhile, nothing is posted,
 * though somebody may have made it anew, and the promise is void.  COMPL_E_NO_NAMESPACE: the
 * namespace has gone, and compl_close() is what is left to do.  COMPL_E_OVERFLOW:
 * nothing is posted, the promise stands. */
enum compl_result compl_keep(struct compl_space *c, struct compl_promise *promise,
			     struct compl_post *post, bool stays);

/* Ceases to be a producer without posting: as its death, this completes the name with 121
 * unless it is at "all".  COMPL_REMOVED as in compl_keep(). */
enum compl_result compl_break(struct compl_space *c, struct compl_promise *promise);

/* ---- beyond the kernel --------------------------------------------------- */

/* Removes a name; its waiters return COMPL_REMOVED, except those whom "all"
 * has released already.  COMPL_E_NO_NAME if there is none. */
enum compl_result compl_remove(struct compl_space *c, const char *name);

/* Removes a whole namespace: its waiters return COMPL_REMOVED, except those whom
 * "all" has released already, and the segment is unlinked.  force: also one that
 * is damaged or of another version; its waiters notice within ten seconds.
 * COMPL_OK if there is none.  COMPL_E_WRONG_OWNER if it may be used, but not unlinked:
 * then nothing has happened.
 *
 * On a handle of a removed namespace all later calls return COMPL_E_NO_NAMESPACE:
 * open it again. */
enum compl_result compl_remove_all(const struct compl_where *where, bool force);

/* Facts that an engine cannot always know.  Where the bit is not set, the fields mean nothing and
 * are zero. */
enum compl_facts {
	COMPL_FACT_STOPPED = 1 << 0, /* compl_waiter.stopped; not in another pid namespace */
	COMPL_FACT_ORPHAN = 1 << 1,  /* compl_waiter.orphan; the same */
	COMPL_FACT_WAITS = 1 << 2,   /* compl_entry.waits, .waits_seconds, .waits_io_seconds */
};

struct compl_waiter {
	pid_t pid;		       /* in the pid namespace of the waiter */
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32];	       /* cut if longer; any bytes */
	uint32_t need;
	bool io;
	bool stopped;	/* by a signal or a tracer, at the moment of the call */
	bool orphan;	/* the process that started it has gone */
	unsigned facts; /* enum compl_facts: which of the two before are known */
	double seconds; /* in line since */
};

struct compl_producer {
	pid_t pid;		       /* in the pid namespace of the producer */
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32];	       /* cut if longer; any bytes */
	double seconds;		       /* since it promised */
};

/* Its waiters and producers are read with compl_waiter_at() and compl_producer_at(). */
struct compl_entry {
	char name[COMPL_NAME_MAX + 1];
	uint32_t done; /* COMPL_ALL: complete_all() */
	bool initialised;
	struct compl_payload payload; /* status and value */
	double age_seconds;	      /* since created or reinit */
	size_t waiter_count, waiter_stride;
	const void *waiters; /* in line order */
	size_t producer_count, producer_stride;
	const void *producers; /* those that live, in the order of their coming */
	unsigned facts;	       /* enum compl_facts: whether the next three are known */
	/* waits on this name that slept and ended by themselves since init or
	   reinit, and the time they slept, all and COMPL_WAIT_IO */
	uint64_t waits;
	double waits_seconds, waits_io_seconds;
};

/* Its entries are read with compl_entry_at(): the library may be newer than the program, and its
 * entries, waiters and producers longer than the structures above.  A stride is the distance
 * from one to the next, in bytes. */
struct compl_listing {
	size_t count, stride;
	const void *entries; /* sorted by name, bytewise */
};

/* An entry of a listing, a waiter or a producer of an entry, which live as long as the listing;
 * index is below the count.  They are async-signal-safe. */
static inline const struct compl_entry *
compl_entry_at(const struct compl_listing *list, size_t index)
{
	const void *at = (const char *)list->entries + index * list->stride;

	return (const struct compl_entry *)at;
}

static inline const struct compl_waiter *
compl_waiter_at(const struct compl_entry *entry, size_t index)
{
	const void *at = (const char *)entry->waiters + index * entry->waiter_stride;

	return (const struct compl_waiter *)at;
}

static inline const struct compl_producer *
compl_producer_at(const struct compl_entry *entry, size_t index)
{
	const void *at = (const char *)entry->producers + index * entry->producer_stride;

	return (const struct compl_producer *)at;
}

/* Stores a consistent snapshot of the namespace, which has nothing to do with the handle any more;
 * the caller frees it with compl_list_free().  On a failure *list is NULL, which may be freed too.
 * COMPL_E_NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_list(struct compl_space *c, struct compl_listing **list);
void compl_list_free(struct compl_listing *list);

/* Looks at every invariant of the segment, after the repair that any call makes
 * when the last one died, and calls fault() with a line for each that does not
 * hold; *faults is their number.  fault() may be NULL; it runs under the lock,
 * must not call compl, and unlocks the robust mutexes that it locks.  The line is valid during
 * the call.  COMPL_OK with faults, too.  COMPL_E_NO_NAMESPACE, _SYSTEM. */
typedef void compl_fault_fn(void *arg, const char *fault);
enum compl_result compl_check(struct compl_space *c, compl_fault_fn *fault, void *arg,
			      size_t *faults);

/* Mends what compl_check() finds, as far as that can be done without guessing: all links
 * are made anew from the names, counters and waiters that there are.  A waiter whose place
 * in line cannot be told fails with COMPL_E_DAMAGED.  COMPL_E_DAMAGED if there is nothing
 * to begin with: compl_remove_all() with force is left then. */
enum compl_result compl_repair(struct compl_space *c);

/* How often a wake-up was lost since the segment was made, and a bounded sleep came to the rescue:
 * 0, unless compl or the kernel has a fault. */
uint32_t compl_lost_wakeups(struct compl_space *c);

#ifdef __cplusplus
}
#endif
#endif
