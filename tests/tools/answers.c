/* SPDX-License-Identifier: ISC
 *
 * answers.c - a storm of questions and late answers: no wait may be satisfied by an old answer
 *
 * Usage: answers NAMESPACE COMMAND QUESTIONS SEED
 *
 * Askers begin a name anew, publish its generation, and wait for an answer to it.  Answerers post
 * to generations that were published, now or earlier, once or several times; the value of each post
 * is the generation that it is meant for.  A part of the posts and of the questions is made by
 * COMMAND, the others are calls.  Meanwhile the namespace is removed again and again, and
 * participants are killed at random and replaced.
 *
 * A question is answered when a wait that is bound to its generation succeeds.  The value must be
 * that generation then.  Ends with 0 after QUESTIONS answers of which none was old, and with 1 at
 * an old answer, or if a generation has come back.  Ends with 2 if there is no answer for a minute.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "compl.h"

#define ASKERS	     2
#define PARTICIPANTS 6 /* the others answer */
#define PUBLISHED    64
#define MINUTE	     60
#define WORDS	     9 /* of a command, with the NULL */

/* Shared by all processes. */
static struct {
	uint64_t published[PUBLISHED];
	uint64_t latest; /* the largest generation that a question has got */
	uint32_t count;	 /* of published */
	uint32_t answers, others, late;
	uint32_t wrong;
} * shared;

static const char *space_name, *command;
static uint32_t seed;

static void
count(uint32_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static void
complain(const char *what, uint64_t wanted, const char *got)
{
	printf("VIOLATION: %s: asked %" PRIu64 ", got '%s'\n", what, wanted, got);
	fflush(stdout);
	count(&shared->wrong);
}

static struct compl_where
here(void)
{
	return (struct compl_where){ .space = space_name, .uid = geteuid() };
}

static int64_t
soon_ns(uint32_t us)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec + (int64_t)us * 1000;
}

/* ---- the command ------------------------------------------------------------------------ */

/* Runs the command, and reads the first line that it prints.  Returns its status, or -1. */
static int
run_command(const char *const *words, char *line, size_t size)
{
	char *argv[WORDS];
	int ends[2], status;
	ssize_t length;
	pid_t pid;

	memcpy(argv, words, sizeof(argv));
	if (pipe(ends) != 0 || (pid = fork()) < 0)
		_exit(3);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		execv(command, argv);
		_exit(127);
	}
	close(ends[1]);
	length = read(ends[0], line, size - 1);
	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	close(ends[0]);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- questions ------------------------------------------------------------------------- */

/* Notes a new generation.  It must be larger than every one that was noted before it was asked
 * for. */
static void
publish(uint64_t generation, uint64_t before)
{
	uint64_t latest = __atomic_load_n(&shared->latest, __ATOMIC_SEQ_CST);
	uint32_t at = __atomic_fetch_add(&shared->count, 1, __ATOMIC_SEQ_CST);

	if (generation <= before)
		complain("a generation has come back", before, "an older one");
	while (generation > latest &&
	       !__atomic_compare_exchange_n(&shared->latest, &latest, generation, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	__atomic_store_n(&shared->published[at % PUBLISHED], generation, __ATOMIC_SEQ_CST);
}

static void
judge(uint64_t generation, const char *value)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "%" PRIu64, generation);
	if (strcmp(value, wanted) != 0)
		complain("an old answer", generation, value);
	count(&shared->answers);
}

static void
ask_by_call(void)
{
	static const char *const name = "reply";
	uint64_t before = __atomic_load_n(&shared->latest, __ATOMIC_SEQ_CST), generation = 0;
	struct compl_where where = here();
	struct compl_payload payload;
	struct compl_outcome out;
	struct compl_space *c;
	enum compl_result result;

	if (compl_open(&c, &where, COMPL_CREATE) != COMPL_OK)
		return;
	for (uint32_t again = roll(&seed, 4) != 0 ? 0 : roll(&seed, 200) + 1;; again--) {
		result = compl_reinit(c, name, true, &generation);
		if (result != COMPL_OK || again == 0)
			break;
	}
	if (result == COMPL_OK) {
		struct compl_request request = { .names = &name,
						 .count = 1,
						 .deadline_ns = soon_ns(roll(&seed, 20000)),
						 .generation = generation,
						 .payloads = &payload };

		publish(generation, before);
		result = compl_wait(c, &request, &out);
		if (result == COMPL_OK)
			judge(generation, payload.value);
		else
			count(&shared->others);
	}
	compl_close(c);
}

static void
ask_by_command(void)
{
	uint64_t before = __atomic_load_n(&shared->latest, __ATOMIC_SEQ_CST), generation;
	char space[COMPL_SPACE_MAX + 8], line[300], bound[40];
	const char *const reinit[WORDS] = { "compl",   "reinit", "reply", "--print",
					    "--force", space,	 NULL };
	const char *const wait[WORDS] = { "compl", "wait", "reply", "--print", "-t",
					  "20ms",  bound,  space,   NULL };

	snprintf(space, sizeof(space), "-n%s", space_name);
	if (run_command(reinit, line, sizeof(line)) != 0)
		return;
	generation = strtoull(line, NULL, 10);
	snprintf(bound, sizeof(bound), "--generation=%" PRIu64, generation);
	publish(generation, before);
	if (run_command(wait, line, sizeof(line)) == 0)
		judge(generation, line);
	else
		count(&shared->others);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void
answer_by_call(uint64_t generation, const char *value)
{
	struct compl_post post = { .all = roll(&seed, 2),
				   .value = value,
				   .generation = generation };
	struct compl_where where = here();
	struct compl_space *c;

	if (compl_open(&c, &where, 0) != COMPL_OK)
		return;
	for (uint32_t times = 1 + roll(&seed, 3); times > 0; times--)
		if (compl_done(c, "reply", &post) == COMPL_OTHER_GENERATION)
			count(&shared->late);
	compl_close(c);
}

static void
answer_by_command(uint64_t generation, const char *value)
{
	char space[COMPL_SPACE_MAX + 8], bound[40], text[48], line[8];
	const char *const done[WORDS] = { "compl", "done", "reply", bound, text, space, NULL };

	snprintf(space, sizeof(space), "-n%s", space_name);
	snprintf(bound, sizeof(bound), "--generation=%" PRIu64, generation);
	snprintf(text, sizeof(text), "--value=%s", value);
	if (run_command(done, line, sizeof(line)) == 123)
		count(&shared->late);
}

/* Mostly the latest question, otherwise an older one. */
static void
answer(void)
{
	uint32_t last = __atomic_load_n(&shared->count, __ATOMIC_SEQ_CST) + PUBLISHED - 1;
	uint32_t at = last - (roll(&seed, 3) == 0 ? roll(&seed, PUBLISHED) : 0);
	uint64_t generation = __atomic_load_n(&shared->published[at % PUBLISHED], __ATOMIC_SEQ_CST);
	char value[32];

	if (generation == 0)
		return;
	snprintf(value, sizeof(value), "%" PRIu64, generation);
	if (roll(&seed, 4) == 0)
		answer_by_command(generation, value);
	else
		answer_by_call(generation, value);
}

/* ---- the storm ----------------------------------------------------------------------------- */

static pid_t
start(unsigned participant)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	seed = (seed ^ (uint32_t)getpid() * 2654435761u) | 1;
	for (;;) {
		if (participant >= ASKERS)
			answer();
		else if (roll(&seed, 4) == 0)
			ask_by_command();
		else
			ask_by_call();
	}
}

static void
nap(void)
{
	const struct timespec ts = { .tv_nsec = 1000 * (1 + (long)roll(&seed, 5000)) };

	nanosleep(&ts, NULL);
}

/* Kills a participant, or removes the namespace. */
static void
disturb(pid_t pids[PARTICIPANTS], uint32_t *kills, uint32_t *removals)
{
	unsigned victim = roll(&seed, PARTICIPANTS);
	struct compl_where where = here();

	nap();
	if (roll(&seed, 3) == 0) {
		compl_remove_all(&where, false);
		++*removals;
		return;
	}
	kill(pids[victim], SIGKILL);
	waitpid(pids[victim], NULL, 0);
	pids[victim] = start(victim);
	++*kills;
}

int
main(int argc, char **argv)
{
	uint32_t questions, kills = 0, removals = 0;
	struct compl_where where;
	pid_t pids[PARTICIPANTS];
	int64_t end;

	if (argc != 5)
		return 2;
	space_name = argv[1];
	command = argv[2];
	questions = (uint32_t)strtoul(argv[3], NULL, 10);
	seed = (uint32_t)strtoul(argv[4], NULL, 10) | 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 2;
	end = soon_ns(MINUTE * 1000000);
	for (unsigned i = 0; i < PARTICIPANTS; i++)
		pids[i] = start(i);
	for (uint32_t last = 0; shared->answers < questions && shared->wrong == 0;) {
		disturb(pids, &kills, &removals);
		if (shared->answers != last)
			end = soon_ns(MINUTE * 1000000);
		last = shared->answers;
		if (soon_ns(0) > end)
			break;
	}
	for (unsigned i = 0; i < PARTICIPANTS; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	where = here();
	compl_remove_all(&where, false);
	printf("%u answers, %u questions without one, %u late answers refused, %u kills, "
	       "%u removals\n",
	       shared->answers, shared->others, shared->late, kills, removals);
	if (shared->wrong != 0)
		return 1;
	return shared->answers >= questions ? 0 : 2;
}
