/* SPDX-License-Identifier: ISC
 *
 * deaths.c - threads of programs that die, and the kernel does not say so
 *
 * Two kinds: a process that is killed and loses its memory before the kernel goes along its robust
 * list (mrelease.h), and a thread that is not the first of its process and becomes another program.
 * Here the list is that of the libc.
 */
#include "internals.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "api/proc.h"
#include "mrelease.h"

static char a[] = "a", b[] = "b", c[] = "c"; /* names */

#define NO_NAMESPACE "may not make a pid namespace (CAP_SYS_ADMIN): unshare"

/* ---- the victims ------------------------------------------------------------------------ */

/* Waits for a token of the name, with a handle of its own. */
static int
waits(void *name)
{
	struct compl_space *own = space_open(0);

	NEED(own);
	return space_wait_ms(own, name, -1) == COMPL_OK ? 0 : 98;
}

/* Waits for three tokens of the name. */
static int
waits_for_three(void *name)
{
	struct compl_request r = {
		.names = (const char *[]){ name }, .count = 1, .need = 3, .deadline_ns = COMPL_NEVER
	};
	struct compl_space *own = space_open(0);
	struct compl_outcome out;

	NEED(own);
	return compl_wait(own, &r, &out) == COMPL_OK ? 0 : 98;
}

/* Waits for a token of the name, and looks for a dead-lock now and then. */
static int
waits_and_detects(void *name)
{
	struct compl_request r = { .names = (const char *[]){ name },
				   .count = 1,
				   .need = 1,
				   .flags = COMPL_WAIT_DETECT,
				   .deadline_ns = COMPL_NEVER };
	struct compl_space *own = space_open(0);
	struct compl_outcome out;

	NEED(own);
	return compl_wait(own, &r, &out) == COMPL_OK ? 0 : 98;
}

static bool
line_up(char *name, size_t *i)
{
	*i = child(waits, name);
	return child_sleeps(*i);
}

/* Waits for a token of each name. */
static int
waits_for_all(void *names)
{
	struct compl_request r = { .names = names, .count = 3, .deadline_ns = COMPL_NEVER };
	struct compl_space *own = space_open(0);
	struct compl_outcome out;

	NEED(own);
	return compl_wait(own, &r, &out) == COMPL_OK ? 0 : 98;
}

static void *
becomes_sleep(void *argument)
{
	(void)argument;
	execlp("sleep", "sleep", "1000", (char *)NULL);
	_exit(97);
}

static void
exec_sleep(int signal)
{
	(void)signal;
	becomes_sleep(NULL);
}

static void *
waits_in_thread(void *name)
{
	space_wait_ms(space_handle, name, -1);
	return NULL;
}

/* A second thread waits, and becomes another program in a signal handler. */
static int
waits_and_execs(void *name)
{
	pthread_t thread;

	space_handle = space_open(0);
	NEED(space_handle && signal(SIGUSR1, exec_sleep) != SIG_ERR);
	NEED(pthread_create(&thread, NULL, waits_in_thread, name) == 0);
	pthread_join(thread, NULL);
	return 98;
}

/* A second thread promises, and becomes another program when a byte comes. */
static int gate[2];

static void *
promises_in_thread(void *name)
{
	struct compl_space *own = space_open(COMPL_ONE_THREAD);
	struct compl_promise promise;
	char byte;

	NEED(own && compl_promise(own, name, 0, "test", &promise) == COMPL_OK);
	NEED(read(gate[0], &byte, 1) == 1);
	return becomes_sleep(NULL);
}

static int
promises_and_execs(void *name)
{
	pthread_t thread;

	NEED(pthread_create(&thread, NULL, promises_in_thread, name) == 0);
	pthread_join(thread, NULL);
	return 98;
}

/* A second thread borrows from "a" and "b", and does the same. */
static void *
borrows_in_thread(void *argument)
{
	struct compl_space *own = space_open(COMPL_ONE_THREAD);
	const char *names[] = { a, b };
	struct compl_loan loan;
	const struct compl_request request = { .names = names, .count = 2, .loan = &loan };
	struct compl_outcome out;
	char byte;

	(void)argument;
	NEED(own && compl_try(own, &request, &out) == COMPL_OK);
	NEED(read(gate[0], &byte, 1) == 1);
	return becomes_sleep(NULL);
}

static int
borrows_and_execs(void *argument)
{
	pthread_t thread;

	NEED(pthread_create(&thread, NULL, borrows_in_thread, argument) == 0);
	pthread_join(thread, NULL);
	return 98;
}

/* Takes the lock and keeps it. */
static int
keeps_the_lock(void *argument)
{
	struct session s;

	(void)argument;
	NEED(internals_lock(&s));
	while (pause() < 0)
		continue;
	return 0;
}

/* ---- looking ---------------------------------------------------------------------------- */

static void
count_faults(void *count, const char *fault)
{
	if (strstr(fault, "has died unnoticed"))
		++*(size_t *)count;
}

/* How many dead compl_check() finds; SIZE_MAX if it finds something else. */
static size_t
unnoticed(void)
{
	size_t count = 0, faults;

	if (compl_check(space(), count_faults, &count, &faults) != COMPL_OK || faults != count)
		return SIZE_MAX;
	return count;
}

static bool
is_zombie(size_t i)
{
	struct proc_stat stat;

	return proc_read_stat(children[i].pid, &stat) && stat.state == 'Z';
}

/* Kills so.  The process is a zombie then: the kernel has done for it what it does. */
static void
mrelease(size_t i)
{
	int64_t limit = in_ms(20000);

	mrelease_kill(children[i].pid);
	children[i].killed = true;
	while (!is_zombie(i) && in_ms(0) < limit)
		nap();
}

static bool
was_killed(size_t i)
{
	return child_status(i) == 128 + SIGKILL;
}

static bool
ends_within(size_t i, int ms, int status)
{
	int64_t begin = now_ns();

	return child_status(i) == status && now_ns() - begin < ms * INT64_C(1000000);
}

/* The id of the second thread of a process. */
static pid_t
second_thread(pid_t pid)
{
	char path[40];
	struct dirent *entry;
	pid_t found = 0;
	DIR *tasks;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	if ((tasks = opendir(path)) == NULL)
		return 0;
	while ((entry = readdir(tasks)) != NULL)
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != pid)
			found = (pid_t)atoi(entry->d_name);
	closedir(tasks);
	return found;
}

/* Starts a child whose second thread waits for the name, and lets it exec. */
static bool
line_up_and_exec(char *name, size_t *i)
{
	pid_t thread;

	*i = child(waits_and_execs, name);
	while (space_waiters(name) == 0 || (thread = second_thread(children[*i].pid)) == 0)
		nap();
	return syscall(SYS_tgkill, children[*i].pid, thread, SIGUSR1) == 0;
}

static bool
is_sleep(size_t i)
{
	char name[16];

	return proc_read(children[i].pid, "comm", name, sizeof name) && !strcmp(name, "sleep\n");
}

static void
await_sleep_program(size_t i)
{
	int64_t limit = in_ms(20000);

	while (!is_sleep(i) && in_ms(0) < limit)
		nap();
}

/* ---- waiters -------------------------------------------------------------------------------- */

static bool
a_post_passes_over_the_dead(void)
{
	size_t dead[3], w, i;

	for (i = 0; i < COUNT(dead); i++)
		CHECK(line_up(a, &dead[i]));
	CHECK(line_up(a, &w));
	for (i = 0; i < COUNT(dead); i++)
		mrelease(dead[i]);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(ends_within(w, 5000, 0));
	for (i = 0; i < COUNT(dead); i++)
		CHECK(was_killed(dead[i]));
	CHECK(space_names_left() == 0);
	return true;
}

static bool
try_and_ls_pass_over_the_dead(void)
{
	size_t dead;

	CHECK(line_up(a, &dead) && space_post("b", 1) == COMPL_OK);
	mrelease(dead);
	CHECK(space_waiters("a") == 0);
	CHECK(line_up(a, &dead));
	child_kill(dead, SIGSTOP); /* it does not take the token */
	CHECK(space_post("a", 1) == COMPL_OK);
	mrelease(dead);
	CHECK(space_try("a") == COMPL_OK);
	CHECK(space_try("b") == COMPL_OK);
	CHECK(space_names_left() == 0);
	return true;
}

/* A token is there, and nobody posts.  The first time the dead one is the first when the next
 * comes, and the second time it becomes the first later. */
static bool
the_next_one_looks_after_ten_seconds(void)
{
	size_t first = 0, dead, w, before;

	for (before = 0; before < 2; before++) {
		CHECK(before == 0 || line_up(a, &first));
		CHECK(line_up(a, &dead));
		child_kill(dead, SIGSTOP);
		CHECK(line_up(a, &w));
		CHECK(space_post("a", (uint32_t)before + 1) == COMPL_OK);
		CHECK(before == 0 || child_status(first) == 0);
		mrelease(dead);
		CHECK(ends_within(w, 13000, 0));
		CHECK(space_counter("a") <= 0);
	}
	return true;
}

/* The first needs more tokens than there are, so only the bound of its sleep makes the next one
 * ask.  A look for a dead-lock comes every ten seconds, too, and must not take its place. */
static bool
so_does_one_that_detects_dead_locks(void)
{
	size_t dead = child(waits_for_three, a), w;

	CHECK(child_sleeps(dead));
	w = child(waits_and_detects, a);
	CHECK(child_sleeps(w));
	CHECK(space_post("a", 1) == COMPL_OK);
	mrelease(dead);
	CHECK(ends_within(w, 13000, 0));
	CHECK(was_killed(dead));
	CHECK(space_counter("a") <= 0);
	return true;
}

static bool
a_wait_over_several_names_leaves_all_lines(void)
{
	char *names[] = { a, b, c };
	size_t dead = child(waits_for_all, names), w[3], i;

	CHECK(child_sleeps(dead));
	for (i = 0; i < COUNT(w); i++)
		CHECK(line_up(names[i], &w[i]));
	mrelease(dead);
	CHECK(space_post("c", 1) == COMPL_OK);
	CHECK(ends_within(w[2], 5000, 0));
	CHECK(unnoticed() == 0);
	CHECK(space_post("a", 1) == COMPL_OK && space_post("b", 1) == COMPL_OK);
	CHECK(child_status(w[0]) == 0 && child_status(w[1]) == 0);
	return true;
}

static bool
exec_in_a_handler_leaves_the_line(void)
{
	size_t dead, w;

	CHECK(line_up_and_exec(a, &dead));
	await_sleep_program(dead);
	CHECK(unnoticed() == 1);
	CHECK(line_up(a, &w));
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(ends_within(w, 5000, 0));
	child_kill(dead, SIGKILL);
	return true;
}

/* ---- borrowers ------------------------------------------------------------------------------ */

/* exec gives the process its new name a moment before it closes the descriptor of the loan. */
static bool
comes_back(const char *name)
{
	int64_t limit = in_ms(20000);
	enum compl_result result;

	while ((result = space_try(name)) != COMPL_OK && in_ms(0) < limit)
		nap();
	return result == COMPL_OK;
}

/* The call that finds the death at the name "a" reports it for "b", too. */
static bool
exec_of_a_borrower_gives_back(void)
{
	size_t dead, w;

	CHECK(pipe2(gate, O_CLOEXEC) == 0);
	CHECK(space_post(a, 1) == COMPL_OK && space_post(b, 1) == COMPL_OK);
	dead = child(borrows_and_execs, NULL);
	while (space_counter(a) != 0)
		nap();
	CHECK(space_try(a) == COMPL_TIMED_OUT && line_up(b, &w));
	CHECK(write(gate[1], "x", 1) == 1);
	await_sleep_program(dead);
	CHECK(comes_back(a));
	CHECK(ends_within(w, 5000, 0));
	close(gate[0]);
	close(gate[1]);
	child_kill(dead, SIGKILL);
	return true;
}

/* ---- producers ------------------------------------------------------------------------------ */

static bool
exec_of_a_producer_ends_waits(void)
{
	struct compl_promise promise;
	struct compl_space *own;
	size_t dead, w, early;

	CHECK(pipe2(gate, O_CLOEXEC) == 0);
	dead = child(promises_and_execs, a);
	while (space_names_left() == 0)
		nap();
	CHECK(line_up(a, &early));
	CHECK(write(gate[1], "x", 1) == 1);
	await_sleep_program(dead);
	w = child(waits, a);
	CHECK(child_status(w) == 98); /* COMPL_PRODUCER_DIED */
	CHECK(child_status(early) == 98);
	CHECK((own = space_open(COMPL_ONE_THREAD)));
	CHECK(compl_promise(own, "a", COMPL_PROMISE_SINGLE, "test", &promise) == COMPL_OK);
	CHECK(compl_break(own, &promise) == COMPL_OK);
	compl_close(own);
	close(gate[0]);
	close(gate[1]);
	child_kill(dead, SIGKILL);
	return true;
}

/* ---- the lock ------------------------------------------------------------------------------- */

static bool
the_lock_comes_back(void)
{
	struct compl_request r = { .names = (const char *[]){ "a" }, .count = 1 };
	struct compl_outcome out;
	size_t i, owner;

	for (i = 0; i < 2; i++) {
		space();
		owner = child(keeps_the_lock, NULL);
		while (!robust_owner(robust_load(&internals_header()->lock)))
			nap();
		mrelease(owner);
		if (i == 0)
			CHECK(space_post("a", 1) == COMPL_OK);
		else
			CHECK(compl_try(space(), &r, &out) == COMPL_OK);
		CHECK(was_killed(owner));
	}
	return true;
}

/* ---- repair --------------------------------------------------------------------------------- */

/* Two line up at "a", and the first dies a death that the kernel does not report.  Without
 * CAP_SYS_NICE it may be an ordinary death (mrelease.h); then two others line up. */
static bool
kill_first_of_two(size_t *dead, size_t *w)
{
	for (int i = 0; i < 100; i++) {
		CHECK(line_up(a, dead) && line_up(a, w));
		mrelease(*dead);
		if (unnoticed() == 1)
			return true;
		CHECK(unnoticed() == 0);
		CHECK(was_killed(*dead));
		child_kill(*w, SIGKILL);
		CHECK(was_killed(*w));
	}
	return false;
}

static bool
check_tells_and_repair_mends(void)
{
	size_t dead, w;

	CHECK(kill_first_of_two(&dead, &w));
	CHECK(was_killed(dead));
	CHECK(unnoticed() == 1);
	CHECK(compl_repair(space()) == COMPL_OK);
	CHECK(unnoticed() == 0);
	CHECK(space_waiters("a") == 1);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(w) == 0);
	return true;
}

/* ---- the living ----------------------------------------------------------------------------- */

/* Whether everybody who asks finds a stopped waiter of "a" alive. */
static bool
lives_on(size_t w)
{
	CHECK(unnoticed() == 0);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_try("a") == COMPL_TIMED_OUT);
	CHECK(space_waiters("a") == 1);
	CHECK(compl_repair(space()) == COMPL_OK);
	CHECK(space_waiters("a") == 1);
	child_kill(w, SIGCONT);
	CHECK(child_status(w) == 0);
	CHECK(space_counter("a") <= 0);
	return true;
}

static bool
a_stopped_one_is_alive(void)
{
	size_t w;

	CHECK(line_up(a, &w));
	child_kill(w, SIGSTOP);
	return lives_on(w);
}

/* A thread that has waited for long, and has the same age as its process. */
static bool
a_stopped_thread_is_alive(void)
{
	size_t w = child(waits_and_execs, a);

	while (space_waiters("a") == 0)
		nap();
	child_kill(w, SIGSTOP);
	CHECK(unnoticed() == 0);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_try("a") == COMPL_TIMED_OUT);
	child_kill(w, SIGCONT);
	CHECK(child_status(w) == 98);
	return true;
}

/* Another user's process: nobody may ask about its list. */
static int
waits_as_nobody(void *name)
{
	NEED(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	return space_wait_ms(space_handle, name, -1) == COMPL_OK ? 0 : 98;
}

static int
looks_as_nobody(void *argument)
{
	(void)argument;
	NEED(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	NEED(unnoticed() == 0);
	NEED(space_post("a", 1) == COMPL_OK);
	NEED(space_try("a") == COMPL_TIMED_OUT);
	return 0;
}

static bool
one_that_must_not_be_asked_for_is_alive(void)
{
	size_t w, looks;

	if (geteuid() != 0)
		return tap_skip("needs root");
	space();
	CHECK(line_up(a, &w));
	child_kill(w, SIGSTOP);
	looks = child(looks_as_nobody, NULL);
	CHECK(child_status(looks) == 0);
	child_kill(w, SIGCONT);
	CHECK(child_status(w) == 0);
	w = child(waits_as_nobody, a);
	while (space_waiters("a") == 0 && !child_try_reap(w))
		nap();
	child_kill(w, SIGSTOP);
	return lives_on(w);
}

/* A child in another pid namespace goes on with our handle. */
static int
goes_elsewhere(void *name)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID) != 0)
		return 77;
	if ((pid = fork()) == 0)
		_exit(space_wait_ms(space_handle, name, -1) == COMPL_OK ? 0 : 98);
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
one_in_another_namespace_is_alive(void)
{
	int64_t limit = in_ms(20000);
	size_t w;

	space();
	w = child(goes_elsewhere, a);
	while (space_waiters("a") == 0 && !child_try_reap(w) && in_ms(0) < limit)
		nap();
	if (child_try_reap(w) && child_status(w) == 77)
		return tap_skip(NO_NAMESPACE);
	CHECK(internals_header()->mixed == ROBUST_MIXED);
	CHECK(unnoticed() == 0);
	CHECK(compl_repair(space()) == COMPL_OK);
	CHECK(space_waiters("a") == 1);
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(child_status(w) == 0);
	return true;
}

/* ---- an id that is in use again ------------------------------------------------------------ */

/* Makes a child with this id, in a pid namespace in which nobody else makes processes. */
static bool
child_with_id(pid_t id, int (*run)(void *), void *argument, size_t *i)
{
	FILE *last = fopen("/proc/sys/kernel/ns_last_pid", "we");

	CHECK(last && fprintf(last, "%d", (int)id - 1) > 0 && fclose(last) == 0);
	*i = child(run, argument);
	return children[*i].pid == id;
}

static int
sleeps(void *argument)
{
	(void)argument;
	while (pause() < 0)
		continue;
	return 0;
}

/* A dead waiter, and so much later that its age tells, its id is free. */
static bool
leave_an_id(pid_t *id)
{
	size_t dead;

	CHECK(line_up(a, &dead));
	*id = children[dead].pid;
	pause_us(250000);
	mrelease(dead);
	return was_killed(dead);
}

/* A bystander has the id: one that asks thoroughly finds the death. */
static bool
reuse_by_a_bystander(void)
{
	size_t other, w;
	pid_t id;

	CHECK(leave_an_id(&id));
	CHECK(child_with_id(id, sleeps, NULL, &other));
	CHECK(unnoticed() == 1);
	CHECK(line_up(a, &w));
	CHECK(space_post("a", 1) == COMPL_OK);
	CHECK(space_try("a") == COMPL_TIMED_OUT);
	CHECK(ends_within(w, 5000, 0));
	child_kill(other, SIGKILL);
	return was_killed(other);
}

/* A waiter has the id, and stands in the same line. */
static bool
reuse_by_a_waiter(void)
{
	size_t other;
	pid_t id;

	CHECK(leave_an_id(&id));
	CHECK(child_with_id(id, waits, a, &other));
	CHECK(child_sleeps(other));
	CHECK(unnoticed() == 1);
	CHECK(compl_repair(space()) == COMPL_OK);
	CHECK(unnoticed() == 0);
	CHECK(space_waiters("a") == 1);
	CHECK(child_sleeps(other));
	CHECK(space_post("a", 1) == COMPL_OK);
	return child_status(other) == 0;
}

/* As process 1 of a pid namespace with its own /proc. */
static int
reuses_ids(void *argument)
{
	(void)argument;
	children_count = 0;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) != 0)
		return 77;
	return reuse_by_a_bystander() && reuse_by_a_waiter() ? 0 : 98;
}

static int
in_a_namespace(void *run)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
		return 77;
	if ((pid = fork()) == 0)
		_exit(reuses_ids(run));
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
a_reused_id_is_told_from_the_dead(void)
{
	int status = child_status(child(in_a_namespace, NULL));

	return status == 77 ? tap_skip(NO_NAMESPACE) : status == 0;
}

static const struct test tests[] = {
	{ "a post passes over waiters that died without a report", a_post_passes_over_the_dead,
	  false },
	{ "so do try and a listing", try_and_ls_pass_over_the_dead, false },
	{ "if a token is there and nobody posts, the next in line looks within ten seconds",
	  the_next_one_looks_after_ten_seconds, true },
	{ "and so does one that looks for dead-locks", so_does_one_that_detects_dead_locks, true },
	{ "a dead wait over several names leaves all lines",
	  a_wait_over_several_names_leaves_all_lines, false },
	{ "a thread that execs in a signal handler during its wait leaves the line",
	  exec_in_a_handler_leaves_the_line, false },
	{ "a thread that execs gives back what it has borrowed", exec_of_a_borrower_gives_back,
	  true },
	{ "a thread that execs breaks its promise", exec_of_a_producer_ends_waits, true },
	{ "the lock of a dead owner comes back within a second or two", the_lock_comes_back, true },
	{ "check tells of the dead, and a repair removes them", check_tells_and_repair_mends,
	  false },
	{ "a stopped waiter is alive", a_stopped_one_is_alive, false },
	{ "a stopped thread is alive", a_stopped_thread_is_alive, false },
	{ "a waiter of another user is alive", one_that_must_not_be_asked_for_is_alive, false },
	{ "a waiter in another pid namespace is alive, with an inherited handle too",
	  one_in_another_namespace_is_alive, true },
	{ "an id that is in use again is told from that of the dead",
	  a_reused_id_is_told_from_the_dead, true },
};

int
main(void)
{
	if (!mrelease_is_there()) {
		printf("1..0 # SKIP this kernel has no process_mrelease(2)\n");
		return 0;
	}
	return tap_run(tests, COUNT(tests));
}
