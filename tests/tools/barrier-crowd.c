/* SPDX-License-Identifier: ISC
 *
 * barrier-crowd.c - a round of many participants, and how often each of them was woken
 *
 * Usage: barrier-crowd NAMESPACE PARTIES
 *
 * Each participant is a process.  They come one after the other, each when the one before it
 * sleeps.  This process is the last.  Every time a participant goes to sleep is a voluntary context
 * switch; so it was woken once if it has made none between its sleep in the barrier and the end of
 * the call.
 *
 * Prints how many have passed, how many different places they have got, and how often they have
 * gone to sleep again.  Ends with 0 unless it could not do its work.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/proc.h"
#include "compl.h"
#include "process.h"
#include "timing.h"

#define LIMIT_MS ((int)limit_s(60) * 1000)

/* Shared: each participant writes its own. */
static struct participant {
	pid_t pid;
	uint32_t place;
	long asleep, returned; /* voluntary context switches until then */
} * crowd;

static const char *space_name;
static uint32_t parties;

static _Noreturn void
give_up(const char *why)
{
	fprintf(stderr, "barrier-crowd: %s\n", why);
	exit(2);
}

static void
join(struct participant *p)
{
	static const char *const name = "round";
	const struct compl_where where = { .space = space_name, .uid = geteuid() };
	const struct compl_request request = { .names = &name,
					       .count = 1,
					       .deadline_ns = in_ms(LIMIT_MS) };
	struct compl_round round = { .parties = parties };
	struct compl_space *c;
	struct rusage used;

	if (compl_open(&c, &where, COMPL_CREATE) != COMPL_OK)
		_exit(3);
	if (compl_barrier(c, &request, &round) == COMPL_OK)
		p->place = round.place;
	getrusage(RUSAGE_SELF, &used);
	p->returned = used.ru_nvcsw;
}

/* Its voluntary context switches so far. */
static long
switches(pid_t pid)
{
	char text[4096], *line;

	if (!proc_read(pid, "status", text, sizeof text) ||
	    (line = strstr(text, "\nvoluntary_ctxt_switches:")) == NULL)
		give_up("no voluntary_ctxt_switches in /proc/PID/status");
	return strtol(strchr(line, ':') + 1, NULL, 10);
}

static void
start(struct participant *p)
{
	int64_t end = in_ms(LIMIT_MS);
	pid_t pid = fork();

	if (pid < 0)
		give_up("cannot fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		join(p);
		_exit(0);
	}
	p->pid = pid;
	while (!process_is_asleep(pid) || process_is_at_lock(pid)) {
		if (now_ns() > end)
			give_up("a participant does not sleep");
		pause_us(50);
	}
}

int
main(int argc, char **argv)
{
	uint32_t passed = 0, places = 0;
	long again = 0;
	bool *given;

	if (argc != 3 || (parties = (uint32_t)strtoul(argv[2], NULL, 10)) == 0)
		return 2;
	space_name = argv[1];
	crowd = mmap(NULL, parties * sizeof *crowd, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	given = calloc(parties + 1, sizeof *given);
	if (crowd == MAP_FAILED || given == NULL)
		give_up("no memory");
	for (struct participant *p = crowd; p < crowd + parties - 1; p++)
		start(p);
	for (struct participant *p = crowd; p < crowd + parties - 1; p++)
		p->asleep = switches(p->pid);
	join(&crowd[parties - 1]);
	while (wait(NULL) > 0)
		;
	for (struct participant *p = crowd; p < crowd + parties; p++) {
		passed += p->place != 0;
		if (p->place >= 1 && p->place <= parties && !given[p->place]) {
			given[p->place] = true;
			places++;
		}
		if (p->pid != 0)
			again += p->returned - p->asleep;
	}
	printf("%u passed, %u places, slept again %ld times\n", passed, places, again);
	free(given);
	return 0;
}
