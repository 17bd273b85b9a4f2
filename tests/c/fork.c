/* SPDX-License-Identifier: ISC
 *
 * fork.c - a host program forks while its threads wait
 *
 * The child goes on with the handle that it inherited, and ends as it likes.  The entries of the
 * parent's threads stay in the queue.
 */
#include "tap.h"

#include <pthread.h>
#include <sys/mman.h>

#define THREADS 4

/* Shared with children. */
static struct notes {
	uint32_t order; /* how many threads have ended their waits */
	uint32_t went[THREADS];
	uint32_t wrong;
	uint32_t posted;
} * notes;

static bool
share_notes(void)
{
	notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	return notes != MAP_FAILED;
}

static void
note_wrong(void)
{
	__atomic_add_fetch(&notes->wrong, 1, __ATOMIC_SEQ_CST);
}

/* ---- threads in line ---------------------------------------------------------------------- */

static pthread_t thread[THREADS];
static unsigned thread_number[THREADS];

static void *
waits_in_line(void *argument)
{
	unsigned i = *(unsigned *)argument;

	if (space_wait_ms(space_handle, "a", 60000) != COMPL_OK)
		note_wrong();
	notes->went[i] = __atomic_add_fetch(&notes->order, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Starts them one after the other, so that their order is known. */
static bool
line_up(void)
{
	unsigned i;

	space();
	for (i = 0; i < THREADS; i++) {
		thread_number[i] = i;
		CHECK(pthread_create(&thread[i], NULL, waits_in_line, &thread_number[i]) == 0);
		while (space_waiters("a") <= i)
			nap();
	}
	return true;
}

/* The threads wait as before, and are released in their order. */
static bool
go_in_order(void)
{
	unsigned i;

	CHECK(space_waiters("a") == THREADS);
	CHECK(notes->order == 0);
	for (i = 0; i < THREADS; i++) {
		CHECK(space_post("a", 1) == COMPL_OK);
		pthread_join(thread[i], NULL);
		CHECK(notes->went[i] == i + 1);
	}
	CHECK(notes->wrong == 0);
	CHECK(space_names_left() == 0);
	return true;
}

/* ---- children, with the inherited handle ----------------------------------------------------- */

static void *
waits_in_the_child(void *argument)
{
	(void)argument;
	if (space_wait_ms(space_handle, "c", -1) != COMPL_OK)
		note_wrong();
	return NULL;
}

/* Does all that a program may do with a handle. */
static int
uses_it(void *argument)
{
	pthread_t one, two;

	(void)argument;
	NEED(space_try("a") == COMPL_TIMED_OUT);
	NEED(space_waiters("a") == THREADS);
	NEED(space_post("b", 2) == COMPL_OK);
	NEED(space_wait_ms(space_handle, "b", -1) == COMPL_OK);
	NEED(space_try("b") == COMPL_OK);
	NEED(space_wait_ms(space_handle, "b", 3) == COMPL_TIMED_OUT);
	NEED(space_wait_ms(space_handle, "a", 3) == COMPL_TIMED_OUT);
	NEED(pthread_create(&one, NULL, waits_in_the_child, NULL) == 0);
	NEED(pthread_create(&two, NULL, waits_in_the_child, NULL) == 0);
	while (space_waiters("c") < 2)
		nap();
	NEED(space_post_all("c") == COMPL_OK);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	NEED(compl_reinit(space_handle, "c", false, NULL) == COMPL_OK);
	return 0;
}

/* (A leak check at exit reports what is left of the parent's threads after a fork.) */
static int
uses_it_and_exits(void *argument)
{
#ifdef __SANITIZE_ADDRESS__
	_exit(uses_it(argument));
#else
	exit(uses_it(argument));
#endif
}

static int
uses_it_and_closes(void *argument)
{
	int status = uses_it(argument);

	compl_close(space_handle);
	return status;
}

/* It is killed while it sleeps in the parent's queue, after the parent's threads. */
static int
sleeps_until_killed(void *argument)
{
	(void)argument;
	space_wait_ms(space_handle, "a", -1);
	return 98;
}

static int
becomes_another(void *argument)
{
	NEED(uses_it(argument) == 0);
	execl("/bin/sh", "sh", "-c", "! ls -l /proc/$$/fd | grep -q /dev/shm/compl", (char *)NULL);
	return 98;
}

/* Its own child inherits the inherited handle. */
static int
forks_again(void *argument)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(uses_it(argument));
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return uses_it(argument);
}

static bool
children_of_all_kinds(void)
{
	int (*const kinds[])(void *) = { uses_it, uses_it_and_exits, uses_it_and_closes,
					 becomes_another, forks_again };
	size_t i, w;

	CHECK(share_notes() && line_up());
	for (i = 0; i < COUNT(kinds); i++) {
		w = child(kinds[i], NULL);
		CHECK(child_status(w) == 0);
	}
	w = child(sleeps_until_killed, NULL);
	CHECK(child_sleeps(w));
	while (space_waiters("a") < THREADS + 1)
		nap();
	child_kill(w, SIGKILL);
	CHECK(child_status(w) == 137);
	return go_in_order();
}

/* ---- the parent dies first ------------------------------------------------------------------- */

static pid_t *heir;

static int
has_threads_and_a_child(void *argument)
{
	(void)argument;
	NEED(line_up());
	*heir = fork();
	if (*heir == 0) {
		NEED(space_wait_ms(space_handle, "a", -1) == COMPL_OK);
		NEED(space_post("b", 1) == COMPL_OK);
		_exit(0);
	}
	for (;;)
		pause();
}

static bool
parent_dies_first(void)
{
	size_t w;

	CHECK(share_notes());
	heir = (pid_t *)&notes->posted;
	space();
	w = child(has_threads_and_a_child, NULL);
	while (space_waiters("a") < THREADS + 1)
		nap();
	child_kill(w, SIGKILL);
	CHECK(child_status(w) == 137);
	while (space_waiters("a") > 1)
		nap();
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_wait_ms(space_handle, "b", 20000) == COMPL_OK);
	CHECK(space_names_left() == 0);
	return true;
}

/* ---- forks in the middle of everything ------------------------------------------------------- */

static void *
passes_on(void *argument)
{
	unsigned i = *(unsigned *)argument;
	char mine[3] = { 'r', (char)('0' + i) }, next[3] = { 'r', (char)('0' + (i + 1) % THREADS) };
	struct compl_post p = { .tokens = 1 };
	int rounds;

	for (rounds = 0; rounds < 400; rounds++)
		if (space_wait_ms(space_handle, mine, 60000) != COMPL_OK ||
		    compl_done(space_handle, next, &p) != COMPL_OK)
			note_wrong();
	return NULL;
}

/* It is not known which thread of the parent holds the lock at the moment of the fork. */
static int
posts_and_waits(void *argument)
{
	bool killed = *(bool *)argument;

	NEED(space_post("x", 1) == COMPL_OK);
	__atomic_add_fetch(&notes->posted, 1, __ATOMIC_SEQ_CST);
	if (killed)
		space_wait_ms(space_handle, "never", -1);
	if (space_wait_ms(space_handle, "r0", 1) == COMPL_OK)
		NEED(space_post("r0", 1) == COMPL_OK);
	return 0;
}

static bool
forks_under_way(void)
{
	bool killed;
	unsigned i;
	size_t w;

	CHECK(share_notes());
	space();
	for (i = 0; i < THREADS; i++) {
		thread_number[i] = i;
		CHECK(pthread_create(&thread[i], NULL, passes_on, &thread_number[i]) == 0);
	}
	CHECK(space_post("r0", 1) == COMPL_OK);
	for (i = 0; i < 150; i++) {
		killed = i % 3 == 0;
		children_count = 0;
		w = child(posts_and_waits, &killed);
		if (killed)
			CHECK(child_sleeps(w));
		if (killed)
			child_kill(w, SIGKILL);
		CHECK(child_status(w) == (killed ? 137 : 0));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	CHECK(notes->wrong == 0);
	CHECK(space_counter("r0") == 1);
	CHECK(space_counter("x") >= notes->posted && space_counter("x") <= 150);
	return true;
}

static const struct test tests[] = {
	{ "children of all kinds use the handle while the parent's threads wait",
	  children_of_all_kinds, false },
	{ "the parent is killed while its threads wait, and the child goes on", parent_dies_first,
	  false },
	{ "forks while other threads take and post lose nothing", forks_under_way, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
