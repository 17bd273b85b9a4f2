/* SPDX-License-Identifier: ISC
 *
 * full.c - fills a namespace to its limits, and keeps it full until it is killed
 *
 * Usage: full NAMESPACE
 *
 * It makes all names that there can be, n1 and so on, and uses all entries: threads wait for 64
 * names each, out of the first half of the names.  Then it prints "ready".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/clock.h"
#include "shm/names/segment_lock.h"

#define THREADS (LAYOUT_ENTRIES / COMPL_NAMES_MAX)

static struct compl_space *space;

static _Noreturn void
die(const char *what, enum compl_result result)
{
	fprintf(stderr, "full: %s: %s\n", what, compl_strresult(result));
	exit(1);
}

static void *
waits(void *argument)
{
	char texts[COMPL_NAMES_MAX][12];
	const char *names[COMPL_NAMES_MAX];
	size_t from = (size_t)argument * COMPL_NAMES_MAX % (LAYOUT_COMPLETIONS / 2);
	struct compl_request request = {
		.names = names, .count = COMPL_NAMES_MAX, .need = 1, .deadline_ns = COMPL_NEVER
	};
	struct compl_outcome outcome = { 0 };

	for (size_t i = 0; i < COMPL_NAMES_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "n%zu", from + i + 1);
		names[i] = texts[i];
	}
	die("a wait has ended", compl_wait(space, &request, &outcome));
}

static void
fill_names(void)
{
	enum compl_result result;
	char name[12];

	for (unsigned i = 1; i <= LAYOUT_COMPLETIONS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		if ((result = compl_init(space, name, false, 0)) != COMPL_OK)
			die(name, result);
	}
}

/* Returns how many entries there are. */
static uint32_t
count_places(void)
{
	enum compl_result result;
	struct session s;
	uint32_t made;

	if ((result = session_begin(&s, space, NULL)) != COMPL_OK ||
	    (result = segment_lock(&s, CLOCK_NEVER)) != COMPL_OK)
		die("a look", result);
	made = s.entries;
	segment_unlock(&s);
	return made;
}

/* Starts the threads one by one.  If a thousand of them wanted the lock at once, one that was woken
 * for it might not get a processor for seconds, and that would count as a lost wake-up. */
static void
fill_places(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (size_t i = 0; i < THREADS; i++) {
		if (pthread_create(&thread, &attr, waits, (void *)i) != 0)
			die("a thread", COMPL_E_SYSTEM);
		while (count_places() < (i + 1) * COMPL_NAMES_MAX)
			usleep(100);
	}
}

int
main(int argc, char **argv)
{
	struct compl_where where = { .space = argv[1], .uid = geteuid() };

	if (argc != 2 || compl_open(&space, &where, COMPL_CREATE) != COMPL_OK)
		return 1;
	fill_names();
	fill_places();
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
