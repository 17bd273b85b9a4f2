/* SPDX-License-Identifier: ISC
 *
 * tap - what the C tests share: a table of sentences, a fresh namespace for each,
 * children, and the Test Anything Protocol
 *
 *	static bool remembers(void)
 *	{
 *		CHECK(post("a", 1) == COMPL_OK);
 *		return true;
 *	}
 *
 *	static const struct test tests[] = {
 *		{ "a token that comes first is remembered", remembers },
 *	};
 *
 *	int main(void) { return tap_run(tests, COUNT(tests)); }
 *
 * A test passes if its function returns true and if, after it, no child is left, the
 * segment is sound, and no seat belt was needed.
 */
#ifndef TAP_H
#define TAP_H

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compl.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct test {
	const char *sentence;
	bool (*run)(void);
	bool rough; /* rescues and faults are part of it */
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

/* ---- a namespace ------------------------------------------------------------ */

static char space_name[COMPL_SPACE_MAX + 1];

static inline struct compl_where
space_where(void)
{
	return (struct compl_where){ .space = space_name, .uid = geteuid() };
}

/* NULL on a failure. */
static inline struct compl_space *
space_open(unsigned flags)
{
	struct compl_where where = space_where();
	struct compl_space *c;

	return compl_open(&c, &where, COMPL_CREATE | flags) == COMPL_OK ? c : NULL;
}

/* The test's own handle, opened on first use. */
static struct compl_space *space_handle;

static inline struct compl_space *
space(void)
{
	if (!space_handle)
		space_handle = space_open(0);
	if (!space_handle) {
		printf("# the namespace cannot be opened\n");
		exit(1);
	}
	return space_handle;
}

static inline void
space_unlink(void)
{
	struct compl_where where = space_where();
	char path[COMPL_PATH_MAX];

	compl_close(space_handle);
	space_handle = NULL;
	if (compl_path(path, sizeof path, &where) == COMPL_OK)
		unlink(path);
}

/* ---- short forms of the calls ------------------------------------------------ */

static inline int64_t
in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec + ms * INT64_C(1000000);
}

static inline enum compl_result
post(const char *name, uint32_t tokens)
{
	struct compl_post p = { .tokens = tokens };

	return compl_done(space(), name, &p);
}

static inline enum compl_result
post_all(const char *name)
{
	struct compl_post p = { .all = true };

	return compl_done(space(), name, &p);
}

static inline enum compl_result
wait_ms(struct compl_space *c, const char *name, int ms)
{
	struct compl_request r = { .names = &name, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };

	r.deadline_ns = ms < 0 ? COMPL_NEVER : in_ms(ms);
	return compl_wait(c, &r, &out);
}

static inline enum compl_result
try_one(const char *name)
{
	struct compl_request r = { .names = &name, .count = 1, .need = 1 };
	struct compl_outcome out = { 0 };

	return compl_try(space(), &r, &out);
}

/* The counter, or -1 for a name that is not there. */
static inline int64_t
counter(const char *name)
{
	struct compl_listing *list;
	int64_t found = -1;
	size_t i;

	if (compl_list(space(), &list) != COMPL_OK)
		return -2;
	for (i = 0; i < list->count; i++)
		if (!strcmp(list->entries[i].name, name))
			found = list->entries[i].done;
	compl_list_free(list);
	return found;
}

/* How many wait for a name. */
static inline size_t
waiters(const char *name)
{
	struct compl_listing *list;
	size_t i, found = 0;

	if (compl_list(space(), &list) != COMPL_OK)
		return 0;
	for (i = 0; i < list->count; i++)
		if (!strcmp(list->entries[i].name, name))
			found = list->entries[i].waiter_count;
	compl_list_free(list);
	return found;
}

static inline size_t
names_left(void)
{
	struct compl_listing *list;
	size_t count;

	if (compl_list(space(), &list) != COMPL_OK)
		return SIZE_MAX;
	count = list->count;
	compl_list_free(list);
	return count;
}

/* ---- children ----------------------------------------------------------------- */

#define CHILDREN_MAX 4096

static struct {
	pid_t pid;
	bool ended, killed;
	int status;
} children[CHILDREN_MAX];
static size_t children_count;

/* Runs a function in a child, which ends with what it returns.  Returns its number. */
static inline size_t
child(int (*run)(void *), void *argument)
{
	size_t i = children_count++;

	if (i >= CHILDREN_MAX)
		abort();
	fflush(stdout);
	children[i].ended = children[i].killed = false;
	children[i].pid = fork();
	if (children[i].pid == 0) {
		alarm(0);
		_exit(run(argument));
	}
	return i;
}

static inline void
nap(void)
{
	struct timespec t = { 0, 300000 };

	nanosleep(&t, NULL);
}

static inline bool
child_has_ended(size_t i)
{
	if (!children[i].ended &&
	    waitpid(children[i].pid, &children[i].status, WNOHANG) == children[i].pid)
		children[i].ended = true;
	return children[i].ended;
}

/* Waits for its end, 20 seconds at most; 128+n for a signal, -1 if it does not end. */
static inline int
child_status(size_t i)
{
	int64_t limit = in_ms(20000);

	while (!child_has_ended(i)) {
		if (in_ms(0) > limit)
			return -1;
		nap();
	}
	return WIFSIGNALED(children[i].status) ? 128 + WTERMSIG(children[i].status)
					       : WEXITSTATUS(children[i].status);
}

static inline bool
pid_is_asleep(pid_t pid)
{
	char path[64], wchan[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/wchan", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, wchan, sizeof wchan - 1);
	close(fd);
	wchan[n > 0 ? n : 0] = '\0';
	return strstr(wchan, "futex") != NULL;
}

/* Sleeps in a futex call, soon; false if it ends instead. */
static inline bool
child_sleeps(size_t i)
{
	int64_t limit = in_ms(20000);

	while (!child_has_ended(i) && in_ms(0) < limit) {
		if (pid_is_asleep(children[i].pid))
			return true;
		nap();
	}
	return false;
}

static inline void
child_kill(size_t i, int signal)
{
	if (!child_has_ended(i))
		kill(children[i].pid, signal);
	children[i].killed |= signal == SIGKILL;
}

/* Whoever is left is killed; true if there was nobody.  Who has been killed may take a moment to
 * go: those who wait for him are told before he can be waited for. */
static inline bool
children_end(void)
{
	bool none = true;
	size_t i;

	for (i = 0; i < children_count; i++) {
		if (child_has_ended(i) || (children[i].killed && child_status(i) >= 0))
			continue;
		printf("# child %zu was left\n", i);
		none = false;
		kill(children[i].pid, SIGKILL);
		waitpid(children[i].pid, &children[i].status, 0);
	}
	children_count = 0;
	return none;
}

/* ---- running -------------------------------------------------------------------- */

static const char *tap_sentence;

static inline void
tap_hangs(int signal)
{
	static const char text[] = "# it hangs: ";

	(void)signal;
	(void)!write(1, text, sizeof text - 1);
	(void)!write(1, tap_sentence, strlen(tap_sentence));
	(void)!write(1, "\n", 1);
	_exit(1);
}

static inline void
tap_fault(void *argument, const char *fault)
{
	(void)argument;
	printf("# check: %s\n", fault);
}

static inline bool
tap_is_sound(const struct test *test)
{
	struct compl_where where = space_where();
	struct compl_space *c;
	enum compl_result result = compl_open(&c, &where, 0);
	size_t faults = 0;
	bool sound = true;

	if (test->rough)
		compl_close(c);
	if (result == COMPL_E_NO_SEGMENT || test->rough)
		return true;
	if (result != COMPL_OK) {
		printf("# opened again: %s\n", compl_strresult(result));
		return false;
	}
	sound = compl_check(c, tap_fault, NULL, &faults) == COMPL_OK && faults == 0;
	if (compl_rescues(c)) {
		printf("# %u rescues\n", (unsigned)compl_rescues(c));
		sound = false;
	}
	compl_close(c);
	return sound;
}

static inline int
tap_run(const struct test *tests, size_t count)
{
	bool passed, all = true;
	size_t i;

	signal(SIGALRM, tap_hangs);
	printf("1..%zu\n", count);
	for (i = 0; i < count; i++) {
		snprintf(space_name, sizeof space_name, "c%d.%zu", (int)getpid(), i);
		tap_sentence = tests[i].sentence;
		alarm(120);
		passed = tests[i].run();
		passed &= children_end();
		passed &= tap_is_sound(&tests[i]);
		space_unlink();
		alarm(0);
		printf("%sok %zu - %s\n", passed ? "" : "not ", i + 1, tests[i].sentence);
		fflush(stdout);
		all &= passed;
	}
	return all ? 0 : 1;
}

#endif
