/* SPDX-License-Identifier: ISC
 *
 * ending.c - runs a command and prints how it ended, "exit 3" or "signal 15"
 *
 * Usage: ending [-p FILE] CMD...
 *
 * A shell cannot tell these two apart.  With -p it writes the pid of CMD to a file.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const char *file = NULL;
	int status;
	pid_t pid;

	argv++;
	if (argc > 3 && !strcmp(*argv, "-p")) {
		file = argv[1];
		argv += 2;
	}
	if (!*argv)
		return 2;
	pid = fork();
	if (pid == 0) {
		execvp(*argv, argv);
		_exit(127);
	}
	if (pid < 0)
		return 1;
	if (file) {
		FILE *f = fopen(file, "w");

		if (!f || fprintf(f, "%d\n", (int)pid) < 0 || fclose(f))
			return 1;
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
	return 0;
}
