/* SPDX-License-Identifier: ISC
 *
 * compl.h - the Linux kernel's completions, between processes
 *
 * A completion lets one process wait until another one has done something.  It is a counter with a
 * line of waiters.  complete() adds 1 to the counter and lets the first waiter go; complete_all()
 * lets all waiters go, those of now and those that come later.  A wait takes 1 from the counter; if
 * the counter is 0, it sleeps first.  So it does not matter whether the wait or the post comes
 * first.
 *
 * In the kernel a completion is a structure that its users share.  Here it has a name, and lives in
 * a namespace: a segment of POSIX shared memory.  There is no daemon.  Any participant may be
 * killed by SIGKILL at any instruction: no token is lost or doubled, nobody hangs, and the line
 * keeps its order.  compl(7) says in full what is guaranteed.
 *
 * A first program.  Open a namespace, use it, close it.  This program waits for its child.  The two
 * sides might as well be two programs, each with a handle of its own.  Link with -lcompl -pthread.
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
 * The two sides may start in any order.  A name needs no declaration: it exists from its first use,
 * and it is gone again as soon as it carries nothing (no token, no "all", no waiter, no producer),
 * unless compl_init() has made it permanent.  A name that is at "all" since an earlier run stays so
 * until compl_reinit(), which the program therefore calls first.
 *
 * Words.
 *
 *	counter		0 to 4294967294, or "all"
 *	token		one unit of the counter
 *	"all"		the counter after complete_all().  It covers every need, and waits do not
 *			use it up.
 *	settled		at "all".  Posts to a settled name succeed, and change nothing.
 *	status		0 to 255, with which waits end; 0 is success
 *	value		a text of up to 255 bytes of UTF-8, or none
 *	line		the waiters of a name, first come, first served: the kernel's wait queue
 *	place in line	what a wait has in the line of each of its names
 *	to post		to add tokens, or "all", to a name
 *	producer	a thread that has promised to complete a name (compl_promise())
 *	handle		an open namespace (struct compl_space)
 *	engine		what keeps a namespace; in this library, shared memory
 *
 * "A name" also means the completion of that name.
 *
 * The kernel's calls.
 *
 *	DECLARE_COMPLETION()		nothing to do
 *	init_completion()		compl_init()
 *	reinit_completion()		compl_reinit()
 *	complete()			compl_done()
 *	complete_all()			compl_done(), with `all`
 *	wait_for_completion()		compl_wait()
 *	..._timeout()			compl_wait(), with `deadline_ns`
 *	..._io()			compl_wait(), with COMPL_WAIT_IO
 *	..._interruptible()		compl_wait(), with COMPL_WAIT_INTERRUPTIBLE or `escape`
 *	try_wait_for_completion()	compl_try()
 *	completion_done()		compl_test()
 *
 * Results.  Nearly every call returns an enum compl_result.  The results below COMPL_E_FIRST are
 * answers.  The others are failures, after which nothing has changed.  (The exception is
 * COMPL_E_UNCERTAIN, which only an engine over a network may return.)  Each comment below lists the
 * failures of its call; in such a list _X stands for COMPL_E_X.  After COMPL_E_SYSTEM, errno says
 * why; ENOSYS means that the robust lists of the C library are of no known kind.
 *
 * The library does not print, does not exit, and keeps no state outside the handle.  The archive
 * has no global name that does not begin with compl_.
 *
 * Memory.  What a caller passes remains the caller's, and is not used after the call.  What a call
 * stores through a pointer to a pointer (a handle, a list, a listing) belongs to the caller, who
 * frees it with the function named there; after a failure it is NULL.  A pointer is not NULL unless
 * its comment allows that.
 *
 * Structures.  Zero what you fill in, as { .all = true } does.  Where the library reads, `reserved`
 * must be zero and a flag must be one of those below, or the call fails with COMPL_E_ARGUMENT.  If
 * a later version gives a meaning to a reserved field, zero means what it means today.  Where the
 * library writes, `reserved` is zero until it means something.
 *
 * Threads.  Several threads may use a handle at once.  compl_wait() blocks its caller only.  A
 * handle with COMPL_ONE_THREAD belongs to the thread that has opened it.
 *
 * Fork.  A child may go on using an inherited handle, except one with COMPL_ONE_THREAD.  A wait
 * that another thread of the parent was in stays with the parent.  After vfork() a child may call
 * only exec or _exit.  exec gives up every place in line and every promise, as death does.  After
 * exec in a thread that is not the first of its process the others may notice this late: see "Every
 * kind of death" in compl(7).
 *
 * Descriptors.  A handle has one descriptor, which is close-on-exec.  Its number is 10 or above, or
 * at least not 0, 1 or 2 if RLIMIT_NOFILE leaves no room there.  A program that closes it
 * (closefrom(), daemon code that closes all) or puts another file there (dup2()) does no harm to
 * that file: the library never changes, locks or closes a file that is not the segment's.  Such a
 * handle goes on with the names and places in line that there are, and keeps its promises.  A call
 * that needs more memory than the segment has got fails with COMPL_E_SYSTEM, and errno is EBADF.
 * Then close the handle, and open the namespace again.  A program must not do this in one thread
 * while another thread is in a call.
 *
 * Signals.  No call is async-signal-safe, except compl_spaces_at(), compl_entry_at(),
 * compl_waiter_at() and compl_producer_at().  No call may be left by longjmp(), except in the way
 * that struct compl_escape describes.  A signal whose default action ends the process ends a wait
 * as death does, and needs no handler; but see compl_request.hold.
 *
 * Barriers.  After compl_wait() or compl_try() has returned COMPL_OK, the waiter can read all that
 * the poster wrote before compl_done() or compl_keep(): release and acquire, as with complete() and
 * wait_for_completion().  compl_test() is an acquire barrier only.
 *
 * The lock.  A namespace has one lock.  A call holds it for a moment, and no call sleeps while it
 * holds it.  A call that needs the lock and has no deadline waits for it as long as it takes.  If
 * the process that holds it dies, the next one gets it, and recovers.  If that process is stopped
 * (SIGSTOP, a debugger), the others wait until it goes on or dies.
 *
 * Not guaranteed.  Every process that can write the segment is trusted by all others that use it.
 * Hostile bytes can make calls fail with COMPL_E_DAMAGED, and can make them wait, but do not make
 * them crash.  A stopped process that is first in a line holds up the tokens of that line (not
 * "all") until it goes on or dies.
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

/* ---- limits --------------------------------------------------------------- */

#define COMPL_NAME_MAX	127	   /* bytes in a completion's name, at least 1 */
#define COMPL_SPACE_MAX 64	   /* bytes in a namespace's name, at least 1 */
#define COMPL_VALUE_MAX 255	   /* bytes in a value, which may be empty */
#define COMPL_NAMES_MAX 64	   /* names in one request */
#define COMPL_HOST_MAX	64	   /* bytes in the name of a machine */
#define COMPL_ALL	UINT32_MAX /* the counter of a name at "all" */
#define COMPL_NEVER	INT64_MAX  /* as a deadline: wait for ever */

#define COMPL_PRODUCERS_MAX	   64  /* of one name */
#define COMPL_PROMISES_MAX	   16  /* of one handle */
#define COMPL_STATUS_PRODUCER_DIED 121 /* of a name whose producer died, if it had no other */

/* ---- results -------------------------------------------------------------- */

enum compl_result {
	/* Answers. */
	COMPL_OK = 0,
	COMPL_NOT_DONE,	     /* compl_test(): the counter is 0 */
	COMPL_TIMED_OUT,     /* the deadline came; compl_try(): it would have to wait */
	COMPL_REMOVED,	     /* the name or the namespace was removed meanwhile */
	COMPL_PRODUCER_DIED, /* a producer went away without completing the name */
	COMPL_DEAD_LOCK,     /* the wait could never end */
	COMPL_INTERRUPTED,   /* a signal handler of the caller ended the wait */

	/* Failures.  BAD_x: what was given for x is not well-formed.  NO_x: there is no such x.
	   FULL_x: there is no room for more.  WRONG_x: there is a file where the namespace should
	   be, and it cannot be used. */
	COMPL_E_FIRST = 16,
	COMPL_E_ARGUMENT = COMPL_E_FIRST, /* a range, a flag or a reserved field is wrong */
	COMPL_E_BAD_NAME,		  /* not well-formed: compl_is_name() */
	COMPL_E_BAD_NAMESPACE,		  /* not well-formed: compl_is_namespace() */
	COMPL_E_BAD_VALUE,		  /* too long, or not UTF-8 */
	COMPL_E_NO_NAME,		  /* no such name, and the call does not make it */
	COMPL_E_NO_NAMESPACE,		  /* no such namespace, or it is gone */
	COMPL_E_SCOPE_ENDED,		  /* no such namespace: it was a scope, which has ended */
	COMPL_E_EXISTS,			  /* compl_init(): initialised already, or in use */
	COMPL_E_BUSY,			  /* compl_reinit(): tokens are there for those in line */
	COMPL_E_OVERFLOW,		  /* the counter would pass 4294967294 */
	COMPL_E_FULL_NAMES,		  /* no room for another name */
	COMPL_E_FULL_WAITERS,		  /* no room for another place in line */
	COMPL_E_FULL_PRODUCERS,		  /* no room for another producer */
	COMPL_E_FULL_DISK,		  /* the file system of the segment is full */
	COMPL_E_LOCKED,			  /* the lock could not be taken within a second */
	COMPL_E_WRONG_OWNER,		  /* the segment's owner or mode is not as it must be */
	COMPL_E_WRONG_FILE,		  /* not a regular file, or not one of compl's */
	COMPL_E_WRONG_VERSION,		  /* made by another version of compl, and in use */
	COMPL_E_DAMAGED,		  /* the segment contradicts itself */
	COMPL_E_SYSTEM,			  /* a system call failed; errno says why */
	/* Only of an engine that reaches its namespaces over a network. */
	COMPL_E_UNREACHABLE, /* the engine does not answer, and nothing has been sent to it */
	COMPL_E_UNCERTAIN,   /* no answer has come: the call may or may not have happened */
};

/* Returns a few English words for a result, without a full stop, in static storage.  Never returns
 * NULL. */
const char *compl_strresult(enum compl_result);

/* ---- namespaces ----------------------------------------------------------- */

/* A handle: an open namespace. */
struct compl_space;

/* Where a namespace is. */
struct compl_where {
	const char *space; /* its name; with `system` NULL is allowed: the one without a name */
	uid_t uid;	   /* the user that it belongs to; ignored with `system` */
	bool system;	   /* it belongs to the machine, which is root */
	const char *url;   /* which engine keeps it.  NULL: the shared memory of this machine, the
			      only engine that this library has.  Else COMPL_E_ARGUMENT. */
	uint64_t reserved[4]; /* zero */
};

enum compl_open_flags {
	/* Create the segment if there is none.  Without this: COMPL_E_NO_NAMESPACE. */
	COMPL_CREATE = 1 << 0,
	/* The caller promises that only the calling thread uses the handle, and that this thread
	   owns no robust mutex (pthread_mutexattr_setrobust(3)) of its own while the handle is
	   open.  The handle is useless in another thread and after fork().  A thread has one such
	   handle at a time (COMPL_E_SYSTEM, EBUSY).  In return, hostile bytes cannot lead a call
	   astray, and compl_promise() works. */
	COMPL_ONE_THREAD = 1 << 1,
	/* With COMPL_CREATE: create the segment even if the namespace's name begins with "scope.",
	   as the names of scopes do (compl_scope()).  Its maker decides when such a namespace ends.
	   Without this flag a call that does not find it fails with COMPL_E_SCOPE_ENDED. */
	COMPL_SCOPE = 1 << 2,
	/* The caller promises that nothing in the process closes or replaces a descriptor which it
	   has not opened itself.  In return, the descriptor may be any but 0, 1 and 2, which saves
	   two system calls.  For short programs, such as compl(1). */
	COMPL_ANY_DESCRIPTOR = 1 << 4,
};

/* Opens a namespace, and stores a handle, which the caller closes with compl_close().  flags: any
 * of enum compl_open_flags.
 *
 * The umask has no influence on the mode of a segment that is created, and is not changed.  A
 * PR_SET_PDEATHSIG that the caller has set stays in force.
 *
 * Fails with COMPL_E_ARGUMENT, _BAD_NAMESPACE, _NO_NAMESPACE, _SCOPE_ENDED, _WRONG_OWNER,
 * _WRONG_FILE, _WRONG_VERSION, _FULL_DISK, _LOCKED, _SYSTEM.  _LOCKED: a process that removes the
 * file is stopped.  The errno of _SYSTEM may be EFBIG: the limit on the size of files
 * (RLIMIT_FSIZE) is too small (a program that does not ignore SIGXFSZ is killed instead); ENOMEM:
 * the limit on memory (RLIMIT_AS) is too small; or EACCES: the directory may not be written. */
enum compl_result compl_open(struct compl_space **c, const struct compl_where *, unsigned flags);

/* Closes and frees a handle, and breaks the promises that were made through it (compl_break()).
 * NULL is allowed.  No other thread may be in a call on this handle.  errno is kept. */
void compl_close(struct compl_space *c);

/* Whether the namespace of a handle has gone: by compl_remove_all(), or because another program has
 * unlinked its segment. */
bool compl_is_removed(const struct compl_space *c);

/* Whether another program has unlinked the segment of a handle, as logind(8) does when its user has
 * logged out.  False after compl_remove_all(): then the namespace has gone because somebody wanted
 * that.
 *
 * All calls on such a handle that would change something fail with COMPL_E_NO_NAMESPACE, and so
 * does compl_list().  Close the handle, open the namespace again, and repeat the call: nothing
 * happens twice.  compl_test() and compl_try() go on to answer from the unlinked segment; a program
 * that polls with them asks compl_is_removed() now and then.  A wait in line ends with
 * COMPL_REMOVED within ten seconds.  A producer looks here every few seconds, too, because waiters
 * of the namespace that is there now do not know of it until it promises there. */
bool compl_is_unlinked(const struct compl_space *c);

/* What an engine knows about a failure, as parts of a line for people.  Each is NUL-terminated and
 * has no full stop. */
struct compl_description {
	char object[256]; /* what has failed: here the path of the segment.  Empty if the failure
			     is not the segment's, as COMPL_E_BAD_NAME or COMPL_E_FULL_NAMES */
	char reason[256]; /* why; never empty */
	char remedy[512]; /* what can be done about it with the means of the system, such as raising
			     a limit or removing a file, as a request; or empty */
	uint64_t reserved[8]; /* zero */
};

/* Describes the result of a call about the namespace at `where`.  error: the errno that the call
 * left, for COMPL_E_SYSTEM; otherwise it is ignored.  After COMPL_OK the object is where the
 * namespace is.  If `where` is not well-formed, the object is empty.  Looks at the file of the
 * segment, and opens nothing.  errno is kept. */
void compl_describe(const struct compl_where *where, enum compl_result result, int error,
		    struct compl_description *description);

/* The names of namespaces.  They are read with compl_spaces_at(). */
struct compl_spaces {
	size_t count;
	size_t stride;	   /* from one name to the next, in bytes */
	const void *names; /* sorted, bytewise */
};

/* Returns a name of the list, NUL-terminated.  It lives as long as the list.  index is below
 * list->count. */
static inline const char *
compl_spaces_at(const struct compl_spaces *list, size_t index)
{
	return (const char *)list->names + index * list->stride;
}

/* Stores the names of the namespaces that belong to where->uid or, with where->system, to the
 * machine; of these the one without a name is "".  where->space is ignored.  No namespace is
 * opened.  The caller frees the list with compl_spaces_free(), which allows NULL.
 *
 * Fails with COMPL_E_ARGUMENT, _SYSTEM. */
enum compl_result compl_spaces(const struct compl_where *where, struct compl_spaces **list);
void compl_spaces_free(struct compl_spaces *list);

/* Makes a scope: a namespace that nobody else has, and that ends with its maker.  It belongs to the
 * user of `where`, of which `space` is ignored.  Its name is "scope." and a random word, and is
 * written to `name`, which has COMPL_SPACE_MAX + 1 bytes.  flags: as for compl_open(); COMPL_CREATE
 * and COMPL_SCOPE are added to them.
 *
 * The maker removes the scope with compl_remove_all() and then closes the handle.  If the maker
 * closes the handle first, or dies, the next compl_scope() for that user removes the scope.  A
 * child that is forked and does not exec keeps the scope alive, too.  Once it is removed,
 * compl_open() of its name fails with COMPL_E_SCOPE_ENDED.
 *
 * Fails with COMPL_E_ARGUMENT, _WRONG_OWNER, _WRONG_FILE, _WRONG_VERSION, _FULL_DISK, _LOCKED,
 * _SYSTEM. */
enum compl_result compl_scope(struct compl_space **c, const struct compl_where *where,
			      unsigned flags, char *name);

/* Whether the name of a namespace is well-formed: 1 to COMPL_SPACE_MAX of A-Z a-z 0-9 . _ - and no
 * leading '.'. */
bool compl_is_namespace(const char *space);

/* Whether the name of a completion is well-formed: 1 to COMPL_NAME_MAX of
 * A-Z a-z 0-9 . _ : @ % + / = - and no leading '-'. */
bool compl_is_name(const char *name);

/* ---- init_completion, reinit_completion ---------------------------------- */

/* init_completion(): makes a name permanent.  It stays, whatever its counter is, until
 * compl_remove().  A name that has only waiters or producers is adopted, and they stay.
 *
 *	COMPL_E_EXISTS		the name is initialised already, or carries a token, "all", a
 *				status or a value.  With exist_ok it becomes permanent all the same,
 *				and keeps what it carries.
 *
 * Also fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _FULL_NAMES, _FULL_DISK, _DAMAGED, _SYSTEM. */
enum compl_result compl_init(struct compl_space *c, const char *name, bool exist_ok);

/* reinit_completion(): sets counter, status and value back to zero.  Waiters keep their places in
 * line, and living producers remain producers.  A name that does not exist is at zero already:
 * COMPL_OK.
 *
 *	COMPL_E_BUSY		the counter is above zero, and there is a waiter that is not
 *				released yet: the tokens are meant for it.  With force they are
 *				taken away.
 *
 * Also fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_reinit(struct compl_space *c, const char *name, bool force);

/* ---- complete, complete_all ---------------------------------------------- */

/* A post: tokens or "all", with a status and a value.
 *
 * The first status other than 0 stays, together with the value that came with it.  As long as the
 * status is 0, the latest value counts.  Both are forgotten when the name is set back to zero
 * (compl_reinit(), compl_promise()), and when a wait takes the last token of a name that is not
 * permanent. */
struct compl_post {
	uint32_t tokens;      /* complete(), so many times: 1 to 4294967294 (0 is 1) */
	bool all;	      /* complete_all(); `tokens` is ignored */
	bool waiting;	      /* as many tokens as those now in line still need; if they need none,
				 nothing is posted.  `tokens` is ignored */
	bool existing;	      /* do not make the name: COMPL_E_NO_NAME if there is none */
	uint8_t status;	      /* 0 is success */
	const char *value;    /* UTF-8, up to COMPL_VALUE_MAX bytes; or NULL */
	bool awaited;	      /* written by the call: somebody stood in line */
	uint64_t reserved[4]; /* zero */
};

/* complete(), complete_all(): posts, and makes the name if there is none.  At "all" a name is
 * settled: the call changes nothing, and succeeds.
 *
 * The post has happened wholly or not at all, at whichever instruction the caller is killed.  The
 * call waits for nothing but the lock.
 *
 * COMPL_OK means that there was a moment after the post at which the namespace could still be
 * opened.  If another program has unlinked the segment before, nothing is posted, not even to those
 * who wait in it, and the call fails with COMPL_E_NO_NAMESPACE.
 *
 *	COMPL_E_NO_NAME		there is no such name, and `existing` is set
 *	COMPL_E_OVERFLOW	the counter would pass 4294967294
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAME, _BAD_VALUE, _NO_NAMESPACE, _FULL_NAMES, _FULL_DISK,
 * _DAMAGED, _SYSTEM. */
enum compl_result compl_done(struct compl_space *c, const char *name, struct compl_post *post);

/* ---- wait_for_completion and its variants -------------------------------- */

enum compl_wait_flags {
	/* Take from one of the names: the first that is done, and of several that are done the
	   first in the request. */
	COMPL_WAIT_ANY = 1 << 0,
	/* Look for a status other than 0 first.  If a name has one, take nothing, and end with
	   COMPL_OK and outcome.failed_fast. */
	COMPL_WAIT_FAIL_FAST = 1 << 1,
	/* End with COMPL_E_NO_NAME if one of the names does not exist.  Without this, such a name
	   counts as one at zero, and the wait makes it. */
	COMPL_WAIT_EXISTING = 1 << 2,
	/* wait_for_completion_io(): count the time in line as time of I/O, too. */
	COMPL_WAIT_IO = 1 << 3,
	/* wait_for_completion_interruptible(): end with COMPL_INTERRUPTED when a signal handler of
	   the caller has run during the sleep in line.  Without this the wait goes on.  Install the
	   handler without SA_RESTART: with it the kernel goes on with a sleep on several words by
	   itself, which is the sleep of a wait with COMPL_WAIT_ANY, or for a name that has
	   producers.  A signal that comes just before the sleep is missed; struct compl_escape
	   misses none. */
	COMPL_WAIT_INTERRUPTIBLE = 1 << 4,
	/* End with COMPL_DEAD_LOCK if the wait holds up what it waits for: the calling process is a
	   descendant of a producer of a name, and every producer of the awaited name waits for that
	   name, directly or through other names.  A wait with a deadline goes on by itself, so with
	   a deadline the flag has no effect, and no wait that has one counts as a part of that.
	   The call looks for this when it joins the line, after 0.1, 1 and 10 seconds, and then
	   every ten seconds.  It reads all of /proc only if the names, as the namespace shows them,
	   form such a cycle. */
	COMPL_WAIT_DETECT = 1 << 5,
};

/* The status and the value of one name. */
struct compl_payload {
	uint8_t status;
	bool has_value;
	char value[COMPL_VALUE_MAX + 1]; /* NUL-terminated */
	uint64_t reserved[4];		 /* zero */
};

/* A request for a wait: for which names, for how many tokens of each, and until when. */
struct compl_request {
	const char *const *names; /* 1 to COMPL_NAMES_MAX, none twice */
	size_t count;		  /* of names */
	uint32_t need;		  /* tokens from each name: 1 to 4294967294 (0 is 1) */
	unsigned flags;		  /* any of enum compl_wait_flags */
	int64_t deadline_ns;	  /* of CLOCK_MONOTONIC, in nanoseconds; or COMPL_NEVER */
	/* Signals that must not come between taking a token and reporting it, or NULL.  They are
	   blocked while the lock is held, and are not blocked while the call sleeps.  After
	   COMPL_OK they stay blocked, until the caller unblocks them.  After any other result the
	   mask is as it was. */
	const sigset_t *hold;
	struct compl_escape *escape; /* how a signal handler ends the wait (below), or NULL */
	const char *command;	     /* what compl_list() shows, or NULL; cut if too long */
	/* Where more is to be written than fits into the outcome.  Each is NULL or the caller's. */
	struct compl_payload *payloads; /* an array of `count`.  Filled for each name that was done,
					   and for the name that outcome.which says; zeroed for the
					   others; not touched after COMPL_E_ARGUMENT and
					   COMPL_E_BAD_NAME */
	struct compl_cycle *cycle; /* filled after COMPL_DEAD_LOCK, otherwise not touched (below) */
	uint64_t reserved[6];	   /* zero */
};

/* How a wait has ended.  Each compl_wait() and compl_try() writes it whole, whatever was in it
 * before and whatever the call returns. */
struct compl_outcome {
	/* The index of a name.  With COMPL_WAIT_ANY: the name that was done.  After COMPL_REMOVED,
	   COMPL_PRODUCER_DIED, COMPL_E_NO_NAME and a fast failure: the name that ended the wait.
	   After COMPL_DEAD_LOCK: the name of the cycle that is waited for.  If all names were done:
	   the first of them whose status is not 0.  In all other cases 0. */
	size_t which;
	uint8_t status;	      /* of that name */
	bool failed_fast;     /* COMPL_WAIT_FAIL_FAST has ended the wait; nothing was taken */
	uint64_t reserved[4]; /* zero */
};

/* wait_for_completion() and its variants: takes `need` tokens from every name, from all or from
 * none; or with COMPL_WAIT_ANY from one name.  Until it can, the wait has a place in the line of
 * each name.  First come, first served: tokens go to the first in line only, and "all" goes to
 * everybody.
 *
 *	COMPL_OK		the tokens are taken, or outcome.failed_fast is set.  In all other
 *				cases nothing is taken.
 *	COMPL_TIMED_OUT		the deadline came
 *	COMPL_REMOVED		a name, or the namespace, was removed during the wait
 *	COMPL_PRODUCER_DIED	a producer of a name has died, now or earlier, without completing it
 *	COMPL_DEAD_LOCK		only with COMPL_WAIT_DETECT, and without a deadline
 *	COMPL_INTERRUPTED	only with COMPL_WAIT_INTERRUPTIBLE or an escape
 *	COMPL_E_NO_NAME		only with COMPL_WAIT_EXISTING
 *	COMPL_E_LOCKED		only if the deadline had passed before the call: the lock could not
 *				be taken within a second
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAME, _NO_NAMESPACE, _FULL_NAMES, _FULL_WAITERS,
 * _FULL_DISK, _DAMAGED, _SYSTEM.
 *
 * If the deadline has passed before the call, the call takes what is there, and does not sleep for
 * a token.  A post that comes at the instant of the deadline is either taken (COMPL_OK) or left for
 * the next waiter. */
enum compl_result compl_wait(struct compl_space *c, const struct compl_request *req,
			     struct compl_outcome *out);

/* try_wait_for_completion(): compl_wait() with a deadline in the past; req->deadline_ns is ignored.
 * COMPL_TIMED_OUT also if there are tokens, but somebody stands in line for them.  The call never
 * stands in line itself. */
enum compl_result compl_try(struct compl_space *c, const struct compl_request *req,
			    struct compl_outcome *out);

/* completion_done(): COMPL_OK if the counter is above zero at this instant, else COMPL_NOT_DONE.
 * Takes nothing.  A name that does not exist is at zero.
 *
 * Fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_test(struct compl_space *c, const char *name);

/* How a signal handler of the caller ends compl_wait() in the same thread.  (A handler that only
 * sets a flag is too late if the signal comes just before the sleep.)  The handler looks at
 * `state`:
 *
 *	COMPL_ESCAPE_JUMP	it calls siglongjmp(env, 1)
 *	COMPL_ESCAPE_NOTE	it sets `wanted` to 1, and returns
 *	COMPL_ESCAPE_NONE	no wait is under way: it does as it likes
 *
 * compl_wait() then leaves the line and returns COMPL_INTERRUPTED, unless the wait has ended
 * otherwise at that moment.  The signal, and all signals that its handler blocks, must be in
 * request.hold.  One wait at a time uses an escape.
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
 * `env` is a pointer without a type, because strict C has no sigjmp_buf, and because the size of a
 * sigjmp_buf, which libc may change, should not be the size of this structure. */
enum compl_escape_state { COMPL_ESCAPE_NONE, COMPL_ESCAPE_NOTE, COMPL_ESCAPE_JUMP };

struct compl_escape {
	void *env; /* the caller's sigjmp_buf; NULL is COMPL_E_ARGUMENT */
	/* state: enum compl_escape_state, written by the call.  wanted: written by the handler, and
	   set to 0 when a wait begins. */
	volatile sig_atomic_t state, wanted;
	uint64_t reserved[2]; /* zero */
};

/* One name of a cycle of waits.  `waiter` is a descendant of `producer`.  It waits for the name of
 * the next link; in the last link, for the name of the first. */
struct compl_link {
	char name[COMPL_NAME_MAX + 1];
	pid_t producer;		       /* of this name */
	pid_t waiter;		       /* waits for the name of the next link */
	char host[COMPL_HOST_MAX + 1]; /* the machine of both processes; empty is this one */
	uint64_t reserved[4];	       /* zero */
};

/* A cycle of waits: what COMPL_DEAD_LOCK is about.  Of a cycle of more than COMPL_CYCLE_MAX names,
 * it has the last ones. */
#define COMPL_CYCLE_MAX 16
struct compl_cycle {
	size_t count;	      /* of links */
	uint64_t reserved[4]; /* zero */
	struct compl_link links[COMPL_CYCLE_MAX];
};

/* ---- producers ------------------------------------------------------------ */

/* A promise to complete a name, made by a thread.  Its fields are the library's, but for `hold`. */
struct compl_promise {
	uint64_t ticket;
	uint32_t entry;
	int hold; /* COMPL_PROMISE_HOLD; otherwise 0 */
	uint64_t spare[5];
};

enum compl_promise_flags {
	/* Do not promise if the name has another producer, or if anybody still has the descriptor
	   that an earlier one got by COMPL_PROMISE_HOLD: COMPL_TIMED_OUT. */
	COMPL_PROMISE_SINGLE = 1 << 0,
	/* Processes that the caller has started keep the promise.  The thread itself only waits for
	   their end or for a message of theirs.  COMPL_WAIT_DETECT finds dead-locks below such a
	   producer.  A producer without this flag counts as busy, unless it is in a wait itself,
	   or sleeps in wait4(2) or waitid(2). */
	COMPL_PROMISE_CHILD = 1 << 1,
	/* Also open a descriptor that stands for the promise, and store it in promise->hold.  As
	   long as anybody has a copy of it, whoever that is and whatever has become of the
	   producer, COMPL_PROMISE_SINGLE is refused, and the name exists.

	   It is a descriptor of the segment with a shared lock (fcntl(2), F_OFD_SETLK) on a byte of
	   the name's own, beyond the end of the file.  As with flock(1), fork() and exec hand the
	   lock on, and it ends with the last copy.  It can read the whole segment, and can write
	   nothing; whoever has it can take other locks on the file, too.  It is close-on-exec, and
	   is never 0, 1 or 2.  The caller gives copies to the processes that it starts, and closes
	   it: no call closes it, not even compl_close().

	   compl_remove() and compl_remove_all() let go of it: the next name of this name has
	   another byte.  compl_reinit() does not. */
	COMPL_PROMISE_HOLD = 1 << 2,
};

/* Makes the calling thread a producer of a name, and the name if there is none.  From now on, if
 * the thread ends (by _exit, exec or SIGKILL) before it has completed the name, the name is at
 * "all" with status COMPL_STATUS_PRODUCER_DIED, and every wait for it ends with
 * COMPL_PRODUCER_DIED.  That takes milliseconds; while the first in line is stopped, up to a
 * second; and up to ten seconds if that one was stopped just as it was woken, or if the thread is
 * not the first of its process and execs.
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
 * A name at "all" starts anew, unless another producer of it lives: counter, status and value are
 * set back to zero, and waiters keep their places in line.  flags: any of enum
 * compl_promise_flags.  command: what compl_list() shows, or NULL; cut if too long.  *promise
 * belongs to the caller, and needs no freeing.
 *
 *	COMPL_TIMED_OUT		with COMPL_PROMISE_SINGLE: the name has another producer, or is held
 *				(compl_holder())
 *	COMPL_E_SYSTEM		with COMPL_PROMISE_HOLD: errno is ENOLCK if the file system of the
 *				segment does not know locks of open file descriptions
 *	COMPL_E_ARGUMENT	a flag is unknown, or the handle lacks COMPL_ONE_THREAD
 *	COMPL_E_FULL_PRODUCERS	COMPL_PRODUCERS_MAX of the name live, or COMPL_PROMISES_MAX are open
 *				on the handle
 *	COMPL_E_FULL_WAITERS	a producer takes the room of a place in line, and there is none left
 *
 * Also fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _FULL_NAMES, _FULL_DISK, _DAMAGED, _SYSTEM. */
enum compl_result compl_promise(struct compl_space *c, const char *name, unsigned flags,
				const char *command, struct compl_promise *promise);

/* Keeps a promise: compl_done() by the producer.  `waiting` and `existing` of the post are
 * ignored.  In the same step the thread ceases to be a producer, unless it stays one.  A producer
 * that stays may post again with this promise.  Its death counts as long as the name is not at
 * "all"; so it counts again after a compl_reinit().
 *
 *	COMPL_REMOVED		the name has been removed meanwhile, even if somebody has made it
 *				anew.  Nothing is posted, and the promise is void.
 *	COMPL_E_ARGUMENT	the promise is void, or a field of the post is wrong
 *	COMPL_E_NO_NAMESPACE	the namespace has gone, and nothing is posted; compl_close() is all
 *				that is left to do with this handle.  If compl_is_unlinked() says
 *				so, open the namespace again, promise and keep there.
 *	COMPL_E_OVERFLOW	nothing is posted, and the promise remains
 *
 * Also fails with COMPL_E_BAD_VALUE, _DAMAGED, _SYSTEM. */
enum compl_result compl_keep(struct compl_space *c, struct compl_promise *promise,
			     struct compl_post *post, bool stays);

/* Breaks a promise: the thread ceases to be a producer without a post.  As its death would, this
 * brings the name to "all" with COMPL_STATUS_PRODUCER_DIED, unless the name is at "all" already.
 *
 *	COMPL_REMOVED		the name has been removed meanwhile; the promise is void
 *	COMPL_E_ARGUMENT	the promise is void
 *	COMPL_E_NO_NAMESPACE	the namespace has gone; compl_close() is all that is left to do
 *
 * Also fails with COMPL_E_DAMAGED, _SYSTEM. */
enum compl_result compl_break(struct compl_space *c, struct compl_promise *promise);

/* Looks for a process that has the descriptor of a promise with COMPL_PROMISE_HOLD of this name.
 *
 *	COMPL_OK		there is one.  *pid is its pid, or that of another one; or 0 if none
 *				is known but perhaps the caller: /proc shows the descriptors of a
 *				process only to those who may trace it (ptrace(2)), and only in
 *				their pid namespace.
 *	COMPL_E_NO_NAME		there is none, or there is no such name
 *
 * Also fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_holder(struct compl_space *c, const char *name, pid_t *pid);

/* ---- beyond the kernel: removing ----------------------------------------- */

/* Removes a name.  Its waits end with COMPL_REMOVED, except those that "all" has released already.
 *
 * Fails with COMPL_E_BAD_NAME, _NO_NAME, _NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_remove(struct compl_space *c, const char *name);

/* Removes a whole namespace, and unlinks its segment.  Its waits end with COMPL_REMOVED, except
 * those that "all" has released already.  From then on all calls on a handle of it fail with
 * COMPL_E_NO_NAMESPACE: close the handle, and open the namespace again.  COMPL_OK also if there is
 * no such namespace.
 *
 * force: also removes a file that cannot be used, if it is a regular one of the right owner: it is
 * damaged, of another version, or not compl's.  Nothing is written into a file that is not compl's.
 * Waiters in it notice within ten seconds.
 *
 *	COMPL_E_WRONG_OWNER	the owner or mode is not as it must be; or the caller may use the
 *				segment, but not unlink it
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAMESPACE, _WRONG_FILE, _WRONG_VERSION, _DAMAGED,
 * _SYSTEM. */
enum compl_result compl_remove_all(const struct compl_where *where, bool force);

/* ---- beyond the kernel: listing ------------------------------------------ */

/* Facts that an engine cannot always know.  If a bit is not set, its fields are zero and mean
 * nothing. */
enum compl_facts {
	COMPL_FACT_STOPPED = 1 << 0, /* compl_waiter.stopped; not in another pid namespace */
	COMPL_FACT_ORPHAN = 1 << 1,  /* compl_waiter.orphan; not in another pid namespace */
	COMPL_FACT_WAITS = 1 << 2,   /* compl_entry.waits, .waits_seconds, .waits_io_seconds */
};

/* A place in line. */
struct compl_waiter {
	pid_t pid;		       /* in the pid namespace of the waiter */
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32];	       /* NUL-terminated; cut if longer; any bytes */
	uint32_t need;		       /* tokens */
	bool io;		       /* COMPL_WAIT_IO */
	bool stopped;		       /* by a signal or a tracer, at the moment of the call */
	bool orphan;		       /* the process that started it has gone */
	unsigned facts;		       /* enum compl_facts: which of the last two are known */
	double seconds;		       /* in line so far */
};

struct compl_producer {
	pid_t pid;		       /* in the pid namespace of the producer */
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32];	       /* NUL-terminated; cut if longer; any bytes */
	double seconds;		       /* since it promised */
};

/* A name, with its waiters and producers, which are read with compl_waiter_at() and
 * compl_producer_at(). */
struct compl_entry {
	char name[COMPL_NAME_MAX + 1];
	uint32_t done;		      /* the counter; COMPL_ALL is "all" */
	bool initialised;	      /* permanent, by compl_init() */
	struct compl_payload payload; /* status and value */
	double age_seconds;	      /* since it was made, or was last set back to zero */
	size_t waiter_count, waiter_stride;
	const void *waiters; /* in the order of the line */
	size_t producer_count, producer_stride;
	const void *producers; /* those that live, in the order in which they came */
	unsigned facts;	       /* enum compl_facts: whether the next three are known */
	/* How many waits for this name slept and ended by themselves (not by a signal, a dead-lock
	   or the death of the waiter), since compl_init() or compl_reinit(); and how long they
	   slept: all of them, and those with COMPL_WAIT_IO. */
	uint64_t waits;
	double waits_seconds, waits_io_seconds;
};

/* The names of a namespace, which are read with compl_entry_at().
 *
 * A stride is the distance from one element to the next, in bytes.  The library may be newer than
 * the program, and its elements longer than the structures above. */
struct compl_listing {
	size_t count, stride;
	const void *entries; /* sorted by name, bytewise */
};

/* These return an entry of a listing, a waiter of an entry, and a producer of an entry.  All of
 * them live as long as the listing.  index is below the count.  The functions are
 * async-signal-safe. */
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

/* Stores a consistent snapshot of the namespace.  It outlives the handle.  The caller frees it with
 * compl_list_free(), which allows NULL.
 *
 * Fails with COMPL_E_NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_list(struct compl_space *c, struct compl_listing **list);
void compl_list_free(struct compl_listing *list);

/* ---- beyond the kernel: checking ----------------------------------------- */

/* What compl_check() calls for each fault.  fault: a line of text, without a newline, valid during
 * the call.  The function runs under the lock of the namespace: it must not call compl, and it must
 * unlock each robust mutex that it locks. */
typedef void compl_fault_fn(void *arg, const char *fault);

/* Checks the links, flags, status and value of every record of the segment.  Calls fault() for each
 * fault.  fault may be NULL.  COMPL_OK also if there are faults: *faults is their number.  What a
 * process left half done when it died is no fault: like any call, this one finishes that first.  It
 * is a fault that a waiter or a producer has died and nobody has noticed ("Every kind of death" in
 * compl(7)).
 *
 * Fails with COMPL_E_NO_NAMESPACE, _SYSTEM. */
enum compl_result compl_check(struct compl_space *c, compl_fault_fn *fault, void *arg,
			      size_t *faults);

/* Repairs what compl_check() finds, as far as that needs no guess: makes all links anew from the
 * names, counters and waiters that there are, without the dead.  If the place of a waiter in its
 * line cannot be told, its wait ends with COMPL_E_DAMAGED.
 *
 *	COMPL_E_DAMAGED		how many records there are is damaged, too, or the file system is
 *				full.  Only compl_remove_all() with force can help against damage.
 *
 * Also fails with COMPL_E_NO_NAMESPACE, _SYSTEM. */
enum compl_result compl_repair(struct compl_space *c);

/* Returns how many wake-ups were lost since the segment was made: how often only the watchdog has
 * ended a sleep that a wake should have ended (compl(7) says where there is one).  It is 0, unless
 * a death was noticed late ("Every kind of death" in compl(7)), or compl or the kernel has a
 * fault. */
uint32_t compl_lost_wakeups(struct compl_space *c);

#ifdef __cplusplus
}
#endif
#endif
