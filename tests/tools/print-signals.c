/* SPDX-License-Identifier: ISC
 *
 * hear [SIGNAL] - prints the signals that it gets, a line each, until one is SIGALRM; nothing
 * stops it; sends SIGNAL to its parent and to its group before
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	sigset_t all;
	int signal;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && (kill(getppid(), atoi(argv[1])) || kill(0, atoi(argv[1]))))
		return 1;
	puts("listens");
	while ((signal = sigwaitinfo(&all, NULL)) != SIGALRM)
		if (signal > 0)
			printf("%d\n", signal);
	return 0;
}
