/* SPDX-License-Identifier: ISC
 *
 * print-signals.c - prints the signals that it gets, a line each, until one is SIGALRM; a value
 * follows after "="
 *
 * Usage: print-signals [SIGNAL]
 *
 * It blocks all signals, so none stops it.  Before that it sends SIGNAL to its parent and to its
 * group.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	siginfo_t info;
	sigset_t all;
	int signal;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && (kill(getppid(), atoi(argv[1])) || kill(0, atoi(argv[1]))))
		return 1;
	puts("listens");
	while ((signal = sigwaitinfo(&all, &info)) != SIGALRM)
		if (signal > 0 && info.si_code == SI_QUEUE)
			printf("%d=%d\n", signal, info.si_value.sival_int);
		else if (signal > 0)
			printf("%d\n", signal);
	return 0;
}
