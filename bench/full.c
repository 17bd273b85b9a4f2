/* SPDX-License-Identifier: ISC
 *
 * full.c - fills a namespace to its ceilings, and keeps it so
 *
 * Usage: full NAMESPACE
 *
 * 16,384 names, n1 and so on, and 65,536 places: threads that wait for 64 names each, out of the first
 * half of the names.  Then a line `ready`.  Ends, and everything with it, at the end of its input.
 */
#include "bench.h"

#include <pthread.h>

#include "clock.h"
#include "repair.h"

#define THREADS (LAYOUT_PLACES / COMPL_NAMES_MAX)

static struct compl_space *space;

static void *
waits(void *argument)
{
	static char texts[THREADS][COMPL_NAMES_MAX][12];
	const char *names[COMPL_NAMES_MAX];
	size_t self = (size_t)(uintptr_t)argument;
	size_t from = self * COMPL_NAMES_MAX % (LAYOUT_COMPLETIONS / 2);
	struct compl_request request = {
		.names = names, .count = COMPL_NAMES_MAX, .need = 1, .deadline_ns = COMPL_NEVER
	};
	struct compl_outcome outcome;

	for (size_t i = 0; i < COMPL_NAMES_MAX; i++) {
		snprintf(texts[self][i], sizeof(texts[self][i]), "n%zu", from + i + 1);
		names[i] = texts[self][i];
	}
	die("a waiter came back: %s", compl_strresult(compl_wait(space, &request, &outcome)));
}

static void
fill_names(void)
{
	char name[12];

	for (unsigned i = 1; i <= LAYOUT_COMPLETIONS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		if (compl_init(space, name, false) != COMPL_OK)
			die("no room for name %u", i);
	}
}

static void
fill_places(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&thread, &attr, waits, (void *)i) != 0)
			die("no thread %zu", (size_t)i);
}

static void
await_full(void)
{
	struct session s;
	uint32_t made = 0;

	while (made < LAYOUT_PLACES) {
		usleep(1000);
		if (session_begin(&s, space, NULL) != COMPL_OK ||
		    repair_enter(&s, CLOCK_NEVER) != COMPL_OK)
			die("the namespace is not there any more");
		made = s.places;
		repair_leave(&s);
	}
	usleep(100000);
}

int
main(int argc, char **argv)
{
	struct compl_where where = { .space = argv[1], .uid = geteuid() };
	char byte;

	prepare_to_end();
	alarm(LIMIT_SECONDS);
	if (argc != 2 || compl_open(&space, &where, COMPL_CREATE) != COMPL_OK)
		die("usage: full NAMESPACE");
	fill_names();
	fill_places();
	await_full();
	alarm(0);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}
