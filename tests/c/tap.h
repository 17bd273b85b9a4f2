/* SPDX-License-Identifier: ISC
 *
 * tap.h - what the C tests share: a table of sentences, a fresh namespace for each, children, and
 * TAP
 *
 *	static bool remembers(void)
 *	{
 *		CHECK(space_post("a", 1) == COMPL_OK);
 *		return true;
 *	}
 *
 *	static const struct test tests[] = {
 *		{ "a token that comes first is remembered", remembers },
 *	};
 *
 *	int main(void) { return tap_run(tests, COUNT(tests)); }
 *
 * A test passes if its function returns true and if, after it, no child is left, the segment is
 * sound, and no wake-up was lost.
 */
#ifndef TAP_H
#define TAP_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "compl.h"
#include "space.h"
#include "timing.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct test {
	const char *sentence;
	bool (*run)(void);
	bool rough; /* lost wake-ups and faults are part of the test */
};

#define CHECK(condition)                                                         \
	do {                                                                     \
		if (!(condition)) {                                              \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			fflush(stdout);                                          \
			return false;                                            \
		}                                                                \
	} while (0)

/* In a child: ends it with a status that no test expects. */
#define NEED(condition)                                                                   \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_exit(99);                                                        \
		}                                                                         \
	} while (0)

/* Prints what compl_check() finds. */
void tap_fault(void *argument, const char *fault);

/* For a test that cannot be run: says so with the reason.  Returns true. */
bool tap_skip(const char *reason);

/* Runs all tests; returns the exit status of the program. */
int tap_run(const struct test *tests, size_t count);

#endif
