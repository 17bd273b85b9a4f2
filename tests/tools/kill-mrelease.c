/* SPDX-License-Identifier: ISC
 *
 * kill-mrelease.c - kills processes by SIGKILL and process_mrelease(2)
 *
 * Usage: kill-mrelease PID...
 *
 * Without a PID it only says by its exit status whether the kernel has the call.
 */
#include <stdlib.h>

#include "mrelease.h"

int
main(int argc, char **argv)
{
	bool done = mrelease_is_there();

	for (int i = 1; i < argc; i++)
		done &= mrelease_kill((pid_t)atoi(argv[i]));
	return done ? 0 : 1;
}
