/* SPDX-License-Identifier: ISC
 *
 * fsuid.c - tests that a change of the user for files loses nothing of what the caller has set
 */
#include <errno.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "../segment-path.h"
#include "shm/os/fsuid.h"
#include "tap.h"

static int
death_signal(void)
{
	int signal = -1;

	prctl(PR_GET_PDEATHSIG, &signal);
	return signal;
}

static bool
goes_there_and_back(void)
{
	struct fsuid saved;
	uid_t before = fsuid_get();

	fsuid_enter(&saved, 65534);
	CHECK(fsuid_get() == (geteuid() == 0 ? 65534 : before));
	errno = EXDEV;
	fsuid_leave(&saved);
	CHECK(errno == EXDEV && fsuid_get() == before);
	return true;
}

/* The kernel makes a process that changes its user one that cannot be traced by that user. */
static bool
may_be_dumped_as_before(void)
{
	struct fsuid saved;

	CHECK(prctl(PR_GET_DUMPABLE) == 1);
	fsuid_enter(&saved, 65534);
	CHECK(geteuid() != 0 || prctl(PR_GET_DUMPABLE) != 1);
	fsuid_leave(&saved);
	CHECK(prctl(PR_GET_DUMPABLE) == 1);
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	fsuid_enter(&saved, 65534);
	fsuid_leave(&saved);
	CHECK(prctl(PR_GET_DUMPABLE) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	return true;
}

static int
wishes(void *argument)
{
	struct fsuid saved;

	(void)argument;
	NEED(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0);
	fsuid_enter(&saved, 65534);
	NEED(geteuid() != 0 || death_signal() == 0); /* what the kernel does to it */
	fsuid_leave(&saved);
	NEED(death_signal() == SIGUSR2);
	NEED(prctl(PR_SET_PDEATHSIG, 0) == 0);
	fsuid_enter(&saved, 65534);
	fsuid_leave(&saved);
	NEED(death_signal() == 0);
	return 0;
}

static bool
keeps_the_wish_for_a_signal(void)
{
	CHECK(child_status(child(wishes, NULL)) == 0);
	return true;
}

/* Forks a grandchild that changes the user, and dies before it has changed back.  The grandchild
 * tells its end through the pipe. */
static int
dies_in_between(void *argument)
{
	int *fds = argument;
	pid_t parent = getpid(), pid;
	struct fsuid saved;

	fflush(stdout);
	pid = fork();
	if (pid > 0) {
		close(fds[1]);
		for (;;)
			if (read(fds[0], &(char){ 0 }, 1) == 1)
				_exit(0); /* the grandchild has begun */
	}
	NEED(pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	fsuid_enter(&saved, 65534);
	prctl(PR_SET_PDEATHSIG, 0); /* as the kernel does for root */
	NEED(write(fds[1], "x", 1) == 1);
	while (getppid() == parent)
		nap();
	fsuid_leave(&saved);
	NEED(write(fds[1], "y", 1) == 1);
	return 0;
}

/* The pipe's end comes when nobody is left that could write. */
static bool
a_death_in_between_counts(void)
{
	char text[2];
	int fds[2];

	CHECK(pipe(fds) == 0);
	CHECK(child_status(child(dies_in_between, fds)) == 0);
	close(fds[1]);
	CHECK(read(fds[0], text, sizeof text) == 0);
	close(fds[0]);
	return true;
}

/* The thread acts on files as a user that is not the owner of the namespace. */
static bool
makes_no_file_of_another_user(void)
{
	struct compl_where where = space_where();
	char path[SEGMENT_PATH_MAX];
	struct compl_space *c;
	struct stat st;

	CHECK(segment_path(path, sizeof path, &where));
	setfsuid(65534);
	CHECK(compl_open(&c, &where, COMPL_CREATE) ==
	      (geteuid() == 0 ? COMPL_E_WRONG_OWNER : COMPL_OK));
	setfsuid(geteuid());
	compl_close(c);
	CHECK(geteuid() != 0 || lstat(path, &st) < 0);
	CHECK(compl_open(&c, &where, COMPL_CREATE) == COMPL_OK);
	compl_close(c);
	return true;
}

static const struct test tests[] = {
	{ "the user for files changes, and changes back", goes_there_and_back, false },
	{ "the process may be dumped as before", may_be_dumped_as_before, false },
	{ "PR_SET_PDEATHSIG stays in force", keeps_the_wish_for_a_signal, false },
	{ "a parent that dies meanwhile has its child get the signal", a_death_in_between_counts,
	  false },
	{ "a thread that acts on files as another user makes no namespace",
	  makes_no_file_of_another_user, false },
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
