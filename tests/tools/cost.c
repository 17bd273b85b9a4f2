/* SPDX-License-Identifier: ISC
 *
 * cost.c - counts what a run of a command costs
 *
 * Usage: cost faults COMMAND...		page faults, the least of a hundred runs
 *	cost instructions COMMAND...	of its own, not the kernel's, one by one
 *
 * The command is one that succeeds each time it is run.  The exit status is 1 if it does not.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

/* The kernel puts the stack at a random place, and at most of them a call reaches a page more. */
#define RUNS 100

static _Noreturn void
give_up(const char *what)
{
	fprintf(stderr, "cost: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Not by fork(): the faults of the copied process would count. */
static pid_t
spawn(char **argv)
{
	pid_t pid;

	errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno != 0)
		give_up(argv[0]);
	return pid;
}

static pid_t
trace(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (pid > 0)
		return pid;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
		execv(argv[0], argv);
	_exit(127);
}

static void
check(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	fprintf(stderr, "cost: the command ended with wait status %#x\n", (unsigned)status);
	exit(1);
}

static long
count_faults(char **argv)
{
	long least = 0;

	for (int i = 0; i < RUNS; i++) {
		struct rusage usage;
		int status;

		if (wait4(spawn(argv), &status, 0, &usage) < 0)
			give_up("wait4");
		check(status);
		if (i == 0 || usage.ru_minflt + usage.ru_majflt < least)
			least = usage.ru_minflt + usage.ru_majflt;
	}
	return least;
}

/* The first stop is that of execve(2), before the first instruction.  Without the vDSO the count is
 * the same each time, and it is not endless where a step takes long (process.h). */
static long
count_instructions(char **argv)
{
	pid_t pid = trace(argv);
	long count = -1;
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (++count == 0 && !process_hide_vdso(pid))
			give_up("the vDSO");
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
			give_up("ptrace");
	}
	check(status);
	return count;
}

int
main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "faults") == 0)
		printf("%ld\n", count_faults(argv + 2));
	else if (argc > 2 && strcmp(argv[1], "instructions") == 0)
		printf("%ld\n", count_instructions(argv + 2));
	else
		return 2;
	return 0;
}
