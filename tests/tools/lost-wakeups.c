/* SPDX-License-Identifier: ISC
 *
 * lost-wakeups.c - prints how often the watchdog of a namespace found a lost wake-up
 *
 * Usage: lost-wakeups NAMESPACE
 */
#include <stdio.h>
#include <unistd.h>

#include "compl.h"

int
main(int argc, char **argv)
{
	struct compl_where where = { .space = argv[1], .uid = geteuid() };
	enum compl_result result;
	struct compl_space *c;

	if (argc != 2)
		return 2;
	result = compl_open(&c, &where, 0);
	if (result == COMPL_E_NO_NAMESPACE) {
		puts("0");
		return 0;
	}
	if (result != COMPL_OK) {
		fprintf(stderr, "lost-wakeups: %s: %s\n", argv[1], compl_strresult(result));
		return 1;
	}
	printf("%u\n", (unsigned)compl_lost_wakeups(c));
	compl_close(c);
	return 0;
}
