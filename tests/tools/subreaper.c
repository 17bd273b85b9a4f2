/* SPDX-License-Identifier: ISC
 *
 * subreaper.c - becomes a command that is the reaper of orphaned processes below it
 *
 * Usage: subreaper COMMAND...
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
		fputs("usage: subreaper COMMAND...\n", stderr);
		return 125;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
