/* SPDX-License-Identifier: ISC
 *
 * tap.c - runs the tests of a table
 */
#include "tap.h"

static const char *tap_sentence, *tap_reason;

bool
tap_skip(const char *reason)
{
	tap_reason = reason;
	return true;
}

static void
tap_hangs(int signal)
{
	static const char text[] = "# the test hangs: ";

	(void)signal;
	(void)!write(1, text, sizeof text - 1);
	(void)!write(1, tap_sentence, strlen(tap_sentence));
	(void)!write(1, "\n", 1);
	_exit(1);
}

void
tap_fault(void *argument, const char *fault)
{
	(void)argument;
	printf("# check: %s\n", fault);
}

static bool
tap_check(const struct test *test)
{
	struct compl_where where = space_where();
	struct compl_space *c;
	enum compl_result result = compl_open(&c, &where, 0);
	size_t faults = 0;
	bool sound = true;

	if (test->rough)
		compl_close(c);
	if (result == COMPL_E_NO_NAMESPACE || test->rough)
		return true;
	if (result != COMPL_OK) {
		printf("# opened again: %s\n", compl_strresult(result));
		return false;
	}
	sound = compl_check(c, tap_fault, NULL, &faults) == COMPL_OK && faults == 0;
	if (compl_lost_wakeups(c)) {
		printf("# %u lost wake-ups\n", (unsigned)compl_lost_wakeups(c));
		sound = false;
	}
	compl_close(c);
	return sound;
}

int
tap_run(const struct test *tests, size_t count)
{
	bool passed, all = true;
	size_t i;

	signal(SIGALRM, tap_hangs);
	printf("1..%zu\n", count);
	for (i = 0; i < count; i++) {
		snprintf(space_name, sizeof space_name, "c%d.%zu", (int)getpid(), i);
		tap_sentence = tests[i].sentence;
		tap_reason = NULL;
		alarm(limit_s(120));
		passed = tests[i].run();
		passed &= children_end();
		passed &= tap_check(&tests[i]);
		space_unlink();
		alarm(0);
		printf("%sok %zu - %s%s%s\n", passed ? "" : "not ", i + 1, tests[i].sentence,
		       tap_reason ? " # SKIP " : "", tap_reason ? tap_reason : "");
		fflush(stdout);
		all &= passed;
	}
	return all ? 0 : 1;
}
