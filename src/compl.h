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
 *		    compl_reinit(c, "db-ready", true, NULL) != COMPL_OK)
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
 * and it is gone again as soon as it carries nothing (no token, no "all", no failure of a producer,
 * no waiter, no producer, no borrower), unless compl_init() has made it permanent.  A name that is
 * at "all" since an earlier run stays so until compl_reinit(), which the program therefore calls
 * first.
 *
 * Words.
 *
 *	counter		0 to 4294967294, or "all"
 *	token		one unit of the counter
 *	"all"		the counter after complete_all().  It covers every need, and waits do not
 *			use it up.
 *	settled		at "all".  Posts to a settled name succeed, and change nothing.
 *	ready		a name is ready while a producer of it is (compl_post.ready).  That covers
 *			every need, as "all" does, but stands beside the counter, and ends with the
 *			producer.
 *	failed		a name whose ready producer has failed, until the next producer, post or
 *			reinit
 *	status		0 to 255, with which waits end; 0 is success
 *	value		a text of up to 255 bytes of UTF-8, or none
 *	line		the waiters of a name, first come, first served: the kernel's wait queue
 *	place in line	what a wait has in the line of each of its names
 *	to post		to add tokens, or "all", to a name
 *	producer	a thread that has promised to complete a name (compl_promise())
 *	generation	a number below 2^53 that tells the lives of a name apart (compl_reinit())
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
 *	"somewhat like pthread_barrier"	compl_barrier()
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
 * compl_waiter_at(), compl_producer_at() and compl_borrower_at().  No call may be left by
 * longjmp(), except in the way that struct compl_escape describes.  A signal whose default action
 * ends the process ends a wait as death does, and needs no handler; but see compl_request.hold.
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

#define COMPL_PARTIES_MAX	   65535 /* of a barrier, at least 1 */
#define COMPL_PRODUCERS_MAX	   64	 /* of one name */
#define COMPL_PROMISES_MAX	   80	 /* of one handle, and names of its loans */
#define COMPL_STATUS_PRODUCER_DIED 121	 /* of a name whose producer died, if it had no other */

/* ---- results -------------------------------------------------------------- */

enum compl_result {
	/* Answers. */
	COMPL_OK = 0,
	COMPL_NOT_DONE,		/* compl_test(): the counter is 0, and the name is not ready */
	COMPL_TIMED_OUT,	/* the deadline came; compl_try(): it would have to wait */
	COMPL_REMOVED,		/* the name or the namespace was removed meanwhile */
	COMPL_PRODUCER_DIED,	/* a producer went away without completing the name, or, having been
				ready, is gone */
	COMPL_DEAD_LOCK,	/* the wait could never end */
	COMPL_INTERRUPTED,	/* a signal handler of the caller ended the wait */
	COMPL_OTHER_GENERATION, /* the name has another generation than was asked for, or none */

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
	COMPL_E_IN_USE,			  /* compl_barrier(): the name is no barrier now */
	COMPL_E_BARRIER,		  /* a barrier stands on the name */
	COMPL_E_PARTIES,		  /* compl_barrier(): those in it name another number */
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
	   open.  The handle is useless in another thread and after fork().  A child may close its
	   copy, which ends no promise and no loan of its parent.  A thread has one such handle at a
	   time (COMPL_E_SYSTEM, EBUSY).  In return, hostile bytes cannot lead a call astray, and
	   compl_promise() works. */
	COMPL_ONE_THREAD = 1 << 1,
	/* With COMPL_CREATE: create the segment even if the namespace's name begins with "scope.",
	   as the names of scopes do (compl_scope()).  Its maker decides when such a namespace ends.
	   Without this flag a call that does not find it fails with COMPL_E_SCOPE_ENDED. */
	COMPL_SCOPE = 1 << 2,
	/* The caller promises that nothing in the process closes or replaces a descriptor which it
	   has not opened itself.  In return, the descriptor may be any but 0, 1 and 2, which saves
	   two system calls.  For short programs, such as compl(1).  With COMPL_ONE_THREAD, the time
	   of the opening is taken for that of the first call. */
	COMPL_ANY_DESCRIPTOR = 1 << 4,
	/* The caller only looks: to compl_remove_idle() this is no use of the namespace. */
	COMPL_LOOK = 1 << 5,
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
 * Its loans end as they do at the end of the thread.  NULL is allowed.  No other thread may be in a
 * call on this handle.  errno is kept. */
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
 * compl_remove().  A name that has only waiters or producers is adopted, and they stay.  tokens: 0
 * to 4294967294; a name that carries nothing begins with so many, in the same step.
 *
 *	COMPL_E_EXISTS		the name is initialised already, or carries a token, "all", a
 *				status or a value.  With exist_ok it becomes permanent all the same,
 *				and keeps what it carries.
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAME, _NO_NAMESPACE, _BARRIER, _FULL_NAMES, _FULL_DISK,
 * _DAMAGED, _SYSTEM. */
enum compl_result compl_init(struct compl_space *c, const char *name, bool exist_ok,
			     uint32_t tokens);

/* reinit_completion(): sets counter, status and value back to zero, and takes back the readiness of
 * its producers.  Waiters keep their places in line, and living producers remain producers.  A name
 * that does not exist is at zero already: COMPL_OK.
 *
 * The name gets a new generation, as it does when it is made, when compl_init() makes it permanent,
 * and when compl_promise() begins it anew.  Numbers only grow.  The first of a namespace is the
 * microsecond of the wall clock, so no number comes back after compl_remove_all() or a reboot,
 * unless somebody sets that clock back.  A call that is bound to a generation (compl_request,
 * compl_post, compl_test()) does nothing to a name that has another one, so a late answer to an old
 * question cannot be taken for an answer to the new one.
 *
 * generation: NULL, or where the new generation is stored.  In that case the name also becomes
 * permanent, and is made if there is none.  Otherwise it might be gone, and its generation with it,
 * before the answer comes.
 *
 *	COMPL_E_BUSY		the counter is above zero, and there is a waiter that is not
 *				released yet: the tokens are meant for it.  With force they are
 *				taken away.
 *
 * Also fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _FULL_NAMES, _FULL_DISK, _DAMAGED, _SYSTEM. */
enum compl_result compl_reinit(struct compl_space *c, const char *name, bool force,
			       uint64_t *generation);

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
	bool ready;	      /* only compl_keep(): instead of a post, the producer is ready */
	uint64_t generation;  /* 0, or the one that the name must have */
	uint64_t reserved[3]; /* zero */
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
 *	COMPL_OTHER_GENERATION	post->generation is not 0, and the name has another one or does not
 *				exist; nothing is posted
 *	COMPL_E_NO_NAME		there is no such name, and `existing` is set
 *	COMPL_E_OVERFLOW	the counter would pass 4294967294
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAME, _BAD_VALUE, _NO_NAMESPACE, _BARRIER, _FULL_NAMES,
 * _FULL_DISK, _DAMAGED, _SYSTEM. */
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

/* What a wait has found at one of its names, and taken from it. */
struct compl_state {
	struct compl_payload payload; /* status and value, as the wait got them or would get them */
	uint32_t done;		      /* the counter, after taking; COMPL_ALL is "all" */
	uint32_t taken;		      /* tokens; 0 from a name at "all" or ready */
	uint32_t lent;		      /* tokens that others have borrowed */
	uint32_t parties;	      /* of the barrier that the name is used as, or 0 */
	uint32_t standing;	      /* in that barrier, as far as the call has counted them */
	uint64_t generation;	      /* 0: the name has none, because it does not exist */
	bool known;	    /* the wait has looked at the name; if not, all other fields are zero */
	bool exists;	    /* somebody else needs it, or has posted; or it is initialised */
	bool covered;	    /* this name would have let the wait go */
	bool ready;	    /* a producer of it is ready */
	bool failed;	    /* its last ready producer has failed */
	uint32_t producers; /* of the name */
	uint64_t reserved[3]; /* zero */
};

/* What a wait calls when it has queued, and then about every interval_ns, each time after it has
 * looked at its names: compl_request.states is as it found them.  The place in line is kept.  fn
 * runs without the lock, but signals are blocked; it must return soon, and must not call this
 * library. */
struct compl_tick {
	int64_t interval_ns; /* above 0 */
	void (*fn)(void *arg);
	void *arg;
	uint64_t reserved[2]; /* zero */
};

/* A request for a wait: for which names, for how many tokens of each, and until when. */
struct compl_request {
	const char *const *names; /* 1 to COMPL_NAMES_MAX, none twice */
	size_t count;		  /* of names */
	uint32_t need;		  /* tokens from each name: 1 to 4294967294 (0 is 1) */
	/* 1 to `count`: it is enough that so many names are done at the same instant.  The wait
	   takes from exactly so many, the first in the request.  A name that is removed, or whose
	   producer goes away, is not done, and ends the wait only when too few others are left.
	   0: all names, or one with COMPL_WAIT_ANY, which excludes this. */
	uint32_t at_least;
	unsigned flags;	     /* any of enum compl_wait_flags */
	int64_t deadline_ns; /* of CLOCK_MONOTONIC, in nanoseconds; or COMPL_NEVER */
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
	struct compl_loan *loan;	/* not NULL: the tokens come back (below) */
	bool *granted; /* an array of `count`: set for each name that was taken from, or that was
			  open; cleared for the others */
	struct compl_cycle *cycle; /* filled after COMPL_DEAD_LOCK, otherwise not touched (below) */
	/* 0, or the generation that the name must have, which is the only one of the request.  When
	   the name gets another one, the wait ends with COMPL_OTHER_GENERATION. */
	uint64_t generation;
	/* An array of `count`: all names, at the end of the wait, after it has taken its tokens.
	   Zeroed and filled whatever the call returns, but not touched after COMPL_E_ARGUMENT and
	   COMPL_E_BAD_NAME.

	   A wait that ends under the lock (it takes tokens, times out, or finds a reason to end)
	   looks in the same hold of the lock.  If a call of somebody else has ended it (a post, a
	   removal, a death), the names that this call was about are as that call left them, and the
	   others as they are a moment later; or, if "all" or readiness has released a wait for all
	   of several names, as this wait saw them before it slept.  The same is true if the wait
	   ended without the lock: by a signal; by its deadline, while the owner of the lock was
	   stopped; or because the namespace was removed. */
	struct compl_state *states;
	const struct compl_tick *tick; /* what is called while the wait sleeps (below), or NULL */
	uint64_t reserved[3];	       /* zero */
};

/* How a wait has ended.  Each compl_wait() and compl_try() writes it whole, whatever was in it
 * before and whatever the call returns. */
struct compl_outcome {
	/* The index of a name.  With COMPL_WAIT_ANY: the name that was done.  After COMPL_REMOVED,
	   COMPL_PRODUCER_DIED, COMPL_E_NO_NAME, COMPL_E_BARRIER and a fast failure: the name that
	   ended the wait.  After COMPL_DEAD_LOCK: the name of the cycle that is waited for.  If all
	   names were done: the first of them whose status is not 0.  With at_least: the same of
	   those that it took from, or the first of those if all have status 0.  In all other cases
	   0. */
	size_t which;
	uint8_t status; /* of that name */
	/* A status has ended the wait, and nothing was taken: with COMPL_WAIT_FAIL_FAST, or because
	   the last ready producer of a name has failed. */
	bool failed_fast;
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
 *	COMPL_PRODUCER_DIED	a producer of a name has died, now or earlier, without completing
 *				it; or its last ready producer was killed, now or earlier, or has
 *				ended while the wait stood in line
 *	COMPL_DEAD_LOCK		only with COMPL_WAIT_DETECT, and without a deadline
 *	COMPL_INTERRUPTED	only with COMPL_WAIT_INTERRUPTIBLE or an escape
 *	COMPL_OTHER_GENERATION	only with req->generation: the name has another one, gets another
 *				one during the wait, or does not exist
 *	COMPL_E_NO_NAME		only with COMPL_WAIT_EXISTING
 *	COMPL_E_LOCKED		only if the deadline had passed before the call: the lock could not
 *				be taken within a second
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAME, _NO_NAMESPACE, _BARRIER, _FULL_NAMES, _FULL_WAITERS,
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

/* Tokens that come back.  If request.loan is not NULL, the wait borrows what it takes.  After
 * COMPL_OK, if the loan's `entry` is not 0, `hold` is a descriptor that stands for the tokens, as
 * with COMPL_PROMISE_HOLD: they are in use as long as the calling thread lives or anybody has a
 * copy of the descriptor.  The caller gives copies to the processes that it starts, closes its own,
 * and calls compl_give_back() when they have ended.
 *
 * A name that is at "all", or ready, lends nothing.  If the status is not 0, the wait takes
 * nothing: the tokens and their status are left to the next wait.  If nothing is lent, or after any
 * other result, `entry` is 0 and there is no descriptor.
 *
 * If the thread ends first (by _exit, exec or SIGKILL), the tokens come back when nobody has the
 * descriptor any more: within a second, or as soon as any call looks at the name.  A name exists as
 * long as something of it is borrowed.  compl_reinit(), a promise that begins the name anew, and
 * compl_remove() forget what is lent: it does not come back.
 *
 *	COMPL_E_ARGUMENT	the handle lacks COMPL_ONE_THREAD
 *	COMPL_E_FULL_PRODUCERS	the open promises of the handle and the names of its loans would be
 *				more than COMPL_PROMISES_MAX
 *	COMPL_E_SYSTEM		errno is ENOLCK if the file system of the segment does not know
 *				locks of open file descriptions */
struct compl_loan {
	uint64_t ticket;
	uint32_t entry;
	int hold;
	uint64_t spare[5];
};

/* Gives back what was borrowed.  The caller has closed loan->hold.
 *
 *	COMPL_NOT_DONE		a process still has the descriptor; the tokens come back when it has
 *				ended, without a further call
 *	COMPL_E_ARGUMENT	the loan is over, or has never begun
 *	COMPL_E_NO_NAMESPACE	the namespace has gone
 *
 * Also fails with COMPL_E_DAMAGED, _SYSTEM. */
enum compl_result compl_give_back(struct compl_space *c, struct compl_loan *loan);

/* completion_done(): COMPL_OK if the counter is above zero at this instant, or the name is ready;
 * else COMPL_NOT_DONE.  Takes nothing.  A name that does not exist is at zero.
 * generation: 0, or the one that the name must have.  COMPL_OTHER_GENERATION: it has another one,
 * or does not exist.
 *
 * Fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_test(struct compl_space *c, const char *name, uint64_t generation);

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
 *		    compl_reinit(c, "never", true, NULL) != COMPL_OK)
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

/* ---- beyond the kernel: barriers ------------------------------------------ */

/* A round of a barrier. */
struct compl_round {
	/* How many make a round: 1 to COMPL_PARTIES_MAX.  After COMPL_E_PARTIES the call has
	   written the number that those who stand in the barrier have named. */
	uint32_t parties;
	uint32_t place;	      /* written by the call: 1 to parties, each once in a round; or 0 */
	uint64_t reserved[4]; /* zero */
};

/* Waits until `parties` threads stand in the barrier of this name; then all of them go at once.
 * The next of them form the next round, at once, on the same name.  pthread_barrier_wait() between
 * processes; the one with place 1 can do what one of them has to do.
 *
 * Of the request it uses one name, deadline_ns, hold, escape, command, states, tick, and of the
 * flags COMPL_WAIT_INTERRUPTIBLE.  need, generation and reserved must be 0.  states[0].standing is
 * known after COMPL_TIMED_OUT and in each tick: how many stand in the barrier, the caller included.
 *
 *	COMPL_OK		the round is complete.  Whatever deadline or signal comes then, all
 *				of its participants pass.  In all other cases the caller has left,
 *				and the others need one more.
 *	COMPL_TIMED_OUT		the deadline came
 *	COMPL_REMOVED		the name, or the namespace, was removed
 *	COMPL_INTERRUPTED	only with COMPL_WAIT_INTERRUPTIBLE or an escape
 *	COMPL_E_PARTIES		others stand in the barrier, for another number: round->parties
 *	COMPL_E_IN_USE		the name has a token, "all", a status, a value, a producer or a
 *				waiter
 *
 * A participant that dies has left.  One that is stopped (SIGSTOP) has come: it counts, the others
 * pass, and it passes when it goes on.  If the deadline has passed before the call, the call does
 * not sleep, but may complete the round.
 *
 * While somebody stands in the barrier, COMPL_E_BARRIER is the result of compl_wait() for the name,
 * and of compl_done(), compl_promise() and compl_init().  compl_try() times out, compl_test() says
 * COMPL_NOT_DONE, and compl_reinit() changes nothing.
 *
 * The memory of the participants is in order: what each of them wrote before it called, all of them
 * can read after COMPL_OK.
 *
 * Also fails with COMPL_E_ARGUMENT, _BAD_NAME, _NO_NAMESPACE, _FULL_NAMES, _FULL_WAITERS,
 * _FULL_DISK, _LOCKED, _DAMAGED, _SYSTEM. */
enum compl_result compl_barrier(struct compl_space *c, const struct compl_request *req,
				struct compl_round *round);

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
	/* If no other producer lives, the name starts anew whatever its counter is, not only if it
	   is settled or failed.  For a producer that will post "all", or be ready: to it the tokens
	   of an earlier life mean nothing. */
	COMPL_PROMISE_ANEW = 1 << 3,
	/* The producer will say that it is ready (compl_post.ready).  compl_list() shows that, for
	   people; nothing else depends on it. */
	COMPL_PROMISE_READY = 1 << 4,
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
 * A name at "all", or one that has failed, starts anew, unless another producer of it lives:
 * counter, status and value are set back to zero, and waiters keep their places in line.  flags:
 * any of enum compl_promise_flags.  command: what compl_list() shows, or NULL; cut if too long.
 * *promise belongs to the caller, and needs no freeing.
 *
 *	COMPL_TIMED_OUT		with COMPL_PROMISE_SINGLE: the name has another producer, or is held
 *				(compl_holder())
 *	COMPL_E_SYSTEM		with COMPL_PROMISE_HOLD: errno is ENOLCK if the file system of the
 *				segment does not know locks of open file descriptions
 *	COMPL_E_ARGUMENT	a flag is unknown, or the handle lacks COMPL_ONE_THREAD
 *	COMPL_E_FULL_PRODUCERS	COMPL_PRODUCERS_MAX of the name live, or the open promises of the
 *				handle and the names of its loans are COMPL_PROMISES_MAX
 *	COMPL_E_FULL_WAITERS	a producer takes the room of a place in line, and there is none left
 *
 * Also fails with COMPL_E_BAD_NAME, _NO_NAMESPACE, _BARRIER, _FULL_NAMES, _FULL_DISK, _DAMAGED,
 * _SYSTEM. */
enum compl_result compl_promise(struct compl_space *c, const char *name, unsigned flags,
				const char *command, struct compl_promise *promise);

/* Keeps a promise: compl_done() by the producer.  `waiting` and `existing` of the post are
 * ignored.  In the same step the thread ceases to be a producer, unless it stays one.  A producer
 * that stays may post again with this promise.  Its death counts as long as the name is not at
 * "all"; so it counts again after a compl_reinit().
 *
 * With post->ready, and stays, nothing is posted: the producer is ready from now on.  `all`,
 * `tokens` and `status` are zero.  If it is ready already, nothing changes.  While a producer is
 * ready, so is the name: every wait is covered, and takes nothing.  The name has status 0 and the
 * value of the producer that has become ready last.  What compl_done() posts meanwhile, or has
 * posted since the promise, stays in the counter, and takes effect when no producer is ready any
 * more.  compl_reinit() takes the readiness back; the producer may be ready again.  compl_end()
 * ends it in order.  The death of the producer, or compl_break(), ends it too: if no other producer
 * lives and the counter is 0, the name has failed with COMPL_STATUS_PRODUCER_DIED, and waits end
 * with COMPL_PRODUCER_DIED, until somebody promises or posts, or until a compl_reinit().
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

/* Whether the producer that has made this promise is ready.  False if it has not said so yet, if a
 * compl_reinit() has taken that back since, or if the name has been removed.  Nothing tells the
 * producer of these, so one that could be ready again looks now and then.  Takes no lock. */
bool compl_is_ready(const struct compl_space *c, const struct compl_promise *promise);

/* Ends the promise of a ready producer, with the status that its work has ended with.  If another
 * producer of the name lives, or somebody has posted, that is all.  Otherwise nobody is left who
 * could complete the name, and the waits in its line (for several names: the others are released)
 * end.  With status 0 they end with COMPL_PRODUCER_DIED, and a later wait waits for the next
 * producer.  With another status the name has failed: these waits, and all later ones, end with
 * COMPL_OK, this status and outcome.failed_fast, and take nothing, until somebody promises or
 * posts, or until a compl_reinit().
 *
 *	COMPL_NOT_DONE		the producer is not ready, or compl_reinit() has taken that back.
 *				The promise remains.
 *	COMPL_REMOVED		the name has been removed meanwhile; the promise is void
 *	COMPL_E_ARGUMENT	the promise is void
 *	COMPL_E_NO_NAMESPACE	the namespace has gone; compl_close() is all that is left to do
 *
 * Also fails with COMPL_E_DAMAGED, _SYSTEM. */
enum compl_result compl_end(struct compl_space *c, struct compl_promise *promise, uint8_t status);

/* Breaks a promise: the thread ceases to be a producer without a post.  As its death would, this
 * brings the name to "all" with COMPL_STATUS_PRODUCER_DIED, unless the name is at "all" already, or
 * ready by another producer.  If this producer was ready itself, see compl_keep().
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

/* Removes a namespace that is idle: for so long no call has opened it (except with COMPL_LOOK), and
 * no name of it has changed; and nobody waits, produces or borrows in it, and no name is
 * initialised.  All this is looked at under the lock.  A scope whose maker lives is never idle.
 * idle_ns: a length of time, 0 or more.  While the machine is suspended no time passes.
 * *removed: whether it was idle, and is gone now.
 *
 * COMPL_OK also if it is not idle, or there is none.  COMPL_E_LOCKED: its lock could not be taken
 * within a second.  Also fails with COMPL_E_ARGUMENT, _BAD_NAMESPACE, _WRONG_OWNER, _WRONG_FILE,
 * _WRONG_VERSION, _DAMAGED, _SYSTEM. */
enum compl_result compl_remove_idle(const struct compl_where *where, int64_t idle_ns,
				    bool *removed);

/* ---- beyond the kernel: listing ------------------------------------------ */

/* Facts that an engine cannot always know.  If a bit is not set, its fields are zero and mean
 * nothing. */
enum compl_facts {
	COMPL_FACT_STOPPED = 1 << 0, /* compl_waiter.stopped; not in another pid namespace */
	COMPL_FACT_ORPHAN = 1 << 1,  /* compl_waiter.orphan; not in another pid namespace */
	COMPL_FACT_WAITS = 1 << 2,   /* compl_entry.waits, .waits_seconds, .waits_io_seconds */
};

/* Of the structures below: `pid` is a number of the process's own pid namespace, whose inode (that
 * of /proc/PID/ns/pid) `pid_namespace` is, or 0 if it is not known.  `foreign`: the process is not
 * known to be of the caller's pid namespace, so the caller may know another one by this pid. */

/* A place in line. */
struct compl_waiter {
	pid_t pid;
	bool foreign;
	uint64_t pid_namespace;
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32];	       /* NUL-terminated; cut if longer; any bytes */
	uint64_t wait; /* the number of the wait, which all its places have, and no other */
	uint32_t
		place; /* which one of the wait's places it is, in the order of its names: from 0 */
	uint32_t need; /* tokens */
	bool io;       /* COMPL_WAIT_IO */
	bool stopped;  /* by a signal or a tracer, at the moment of the call */
	bool orphan;   /* the process that started it has gone */
	unsigned facts; /* enum compl_facts: which of the last two are known */
	double seconds; /* in line so far */
};

struct compl_producer {
	pid_t pid;
	bool foreign;
	uint64_t pid_namespace;
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32];	       /* NUL-terminated; cut if longer; any bytes */
	bool will_be_ready;	       /* COMPL_PROMISE_READY */
	bool ready;		       /* compl_post.ready */
	double seconds;		       /* since it promised */
};

/* A process that has borrowed tokens. */
struct compl_borrower {
	pid_t pid; /* of a stray: 0 if it is not known */
	bool foreign;
	uint64_t pid_namespace;
	char host[COMPL_HOST_MAX + 1]; /* its machine; empty is this one */
	char command[32]; /* the borrower's, or the name of a stray whose pid is known; as above */
	uint32_t count;	  /* tokens */
	bool stray;	  /* the borrower has gone; a process that it started holds the tokens */
	double seconds;	  /* since they were taken */
};

/* A name, with its waiters, producers and borrowers, which are read with compl_waiter_at(),
 * compl_producer_at() and compl_borrower_at(). */
struct compl_entry {
	char name[COMPL_NAME_MAX + 1];
	uint32_t done;		      /* the counter; COMPL_ALL is "all" */
	bool initialised;	      /* permanent, by compl_init() or compl_reinit() */
	uint64_t generation;	      /* from 1 to 2^53 - 1 */
	bool ready;		      /* a producer of it is ready */
	bool failed;		      /* its last ready producer has failed */
	uint32_t lent;		      /* tokens that borrowers have */
	struct compl_payload payload; /* status and value, as a wait would get them now */
	double age_seconds;	      /* since it was made, or was last set back to zero */
	double changed_seconds;	      /* since its counter, status, value or readiness changed */
	size_t waiter_count, waiter_stride;
	const void *waiters; /* in the order of the line */
	size_t producer_count, producer_stride;
	const void *producers; /* those that live, in the order in which they came */
	size_t borrower_count, borrower_stride;
	const void *borrowers; /* in the order in which they came */
	unsigned facts;	       /* enum compl_facts: whether the next three are known */
	/* How many waits for this name slept and ended by themselves (not by a signal, a dead-lock
	   or the death of the waiter), since compl_init() or compl_reinit(); and how long they
	   slept: all of them, and those with COMPL_WAIT_IO. */
	uint64_t waits;
	double waits_seconds, waits_io_seconds;
	uint32_t parties; /* how many make a round of the barrier in which the waiters stand; or 0:
			     none stands */
	bool held;	  /* no producer lives, but what one has started still holds the name: so
			     COMPL_PROMISE_SINGLE fails */
	pid_t holder;	  /* a process that does, as of the caller's /proc; or 0: not known */
	char holder_command[32]; /* its name; NUL-terminated; cut if longer; any bytes */
};

/* The names of a namespace, which are read with compl_entry_at().
 *
 * A stride is the distance from one element to the next, in bytes.  The library may be newer than
 * the program, and its elements longer than the structures above. */
struct compl_listing {
	size_t count, stride;
	const void *entries; /* sorted by name, bytewise */
};

/* These return an entry of a listing, and a waiter, a producer and a borrower of an entry.  All of
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

static inline const struct compl_borrower *
compl_borrower_at(const struct compl_entry *entry, size_t index)
{
	const void *at = (const char *)entry->borrowers + index * entry->borrower_stride;

	return (const struct compl_borrower *)at;
}

/* Stores a consistent snapshot of the namespace.  It outlives the handle.  The caller frees it with
 * compl_list_free(), which allows NULL.
 *
 * Fails with COMPL_E_NO_NAMESPACE, _DAMAGED, _SYSTEM. */
enum compl_result compl_list(struct compl_space *c, struct compl_listing **list);

enum compl_list_flags {
	/* Read only the segment, and ask nobody for what is known of the processes in it: no waiter
	   is known to be stopped or an orphan, and no stray or holder is known by its pid. */
	COMPL_LIST_BRIEF = 1 << 0,
};

/* Does what compl_list() does, but waits for the lock until a deadline (CLOCK_MONOTONIC, in
 * nanoseconds).  flags: any of enum compl_list_flags.  COMPL_TIMED_OUT: it did not get the lock by
 * then.  Also fails with COMPL_E_ARGUMENT. */
enum compl_result compl_list_until(struct compl_space *c, int64_t deadline_ns, unsigned flags,
				   struct compl_listing **list);

void compl_list_free(struct compl_listing *list);

/* Returns a number that is another one after each change under the lock.  A program that shows a
 * listing reads it before compl_list(), and lists again when it has changed, and now and then: a
 * waiter that leaves at its deadline, and a death, change it late or not at all.  It costs no
 * system call. */
uint32_t compl_changes(const struct compl_space *c);

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
 * fault.  (If the thread runs later than a millisecond after the watchdog, it does not count: a
 * wake may have come in between.) */
uint32_t compl_lost_wakeups(struct compl_space *c);

#ifdef __cplusplus
}
#endif
#endif
