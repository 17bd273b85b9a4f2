/* SPDX-License-Identifier: ISC
 *
 * inside.c - measures what the library costs a program that calls it
 *
 * Usage: inside ROUNDS EMPTY FULL	(two namespaces; FULL has a name n1)
 *
 * Each round measures, one after the other:
 *	done+try	post a token and take it, with a name that compl_init() has made permanent
 *	unnamed		the same with another name, which is made and removed each time
 *	libc-list	the same as done+try, with a handle without COMPL_ONE_THREAD
 *	test		compl_test()
 *	open		compl_open() and compl_close() of each of the two namespaces
 *	mutex		lock and unlock a robust mutex of libc, shared by processes, twice
 *	ping-pong	two processes hand over to each other: by compl, by libc's robust mutex and
 *			condition variables, by bare futex words
 *	apart, together	the same, with one processor for each process, with one for both
 * At the end it counts the system calls of done+try, by ptrace(2).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "compl.h"
#include "word.h"

#define PAIRS	   20000
#define OPENINGS   500
#define HAND_OVERS 4000
#define WARM_UP	   200

static struct compl_space *
open_space(const char *name, unsigned flags)
{
	struct compl_where where = { .space = name, .uid = geteuid() };
	struct compl_space *c;
	enum compl_result result = compl_open(&c, &where, COMPL_CREATE | flags);

	if (result != COMPL_OK)
		bench_die("%s: %s", name, compl_strresult(result));
	return c;
}

static void
post(struct compl_space *c, const char *name)
{
	struct compl_post one = { .tokens = 1 };

	if (compl_done(c, name, &one) != COMPL_OK)
		bench_die("done failed");
}

static void
take(struct compl_space *c, const char *name, int64_t deadline_ns)
{
	struct compl_request request = {
		.names = &name, .count = 1, .need = 1, .deadline_ns = deadline_ns
	};
	struct compl_outcome outcome;

	if (compl_wait(c, &request, &outcome) != COMPL_OK)
		bench_die("a wait failed");
}

static void
sample(const char *series, double us, size_t count)
{
	printf("%s ns %.2f\n", series, us * 1e3 / (double)count);
}

/* ---- one process ---------------------------------------------------------------------------- */

static void
pairs(struct compl_space *c, const char *name, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		post(c, name);
		take(c, name, 0);
	}
}

static void
measure_pairs(const char *space, const char *name, unsigned flags, const char *series)
{
	struct compl_space *c = open_space(space, flags);
	double begin;

	pairs(c, name, WARM_UP);
	begin = bench_now_us();
	pairs(c, name, PAIRS);
	sample(series, bench_now_us() - begin, PAIRS);
	compl_close(c);
}

static void
measure_test(const char *space)
{
	struct compl_space *c = open_space(space, COMPL_ONE_THREAD);
	double begin = bench_now_us();

	for (size_t i = 0; i < PAIRS; i++)
		if (compl_test(c, "named", 0) != COMPL_NOT_DONE)
			bench_die("test failed");
	sample("inside/test", bench_now_us() - begin, PAIRS);
	compl_close(c);
}

static void
measure_open(const char *space, const char *series)
{
	double begin = bench_now_us();

	for (size_t i = 0; i < OPENINGS; i++)
		compl_close(open_space(space, COMPL_ONE_THREAD));
	sample(series, bench_now_us() - begin, OPENINGS);
}

/* ---- two processes --------------------------------------------------------------------------- */

/* What libc offers for a hand-over. */
struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t posted[2];
	unsigned tokens[2];
};

static struct shared *
make_shared(void)
{
	struct shared *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t robust;
	pthread_condattr_t shared;

	if (s == MAP_FAILED)
		bench_die("%s", strerror(errno));
	pthread_mutexattr_init(&robust);
	pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &robust);
	pthread_condattr_init(&shared);
	pthread_condattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->posted[0], &shared);
	pthread_cond_init(&s->posted[1], &shared);
	return s;
}

static void
measure_mutex(struct shared *s)
{
	double begin = bench_now_us();

	for (size_t i = 0; i < 2 * PAIRS; i++)
		if (pthread_mutex_lock(&s->mutex) != 0 || pthread_mutex_unlock(&s->mutex) != 0)
			bench_die("a mutex failed");
	sample("inside/mutex", bench_now_us() - begin, PAIRS);
}

static void
shared_post(struct shared *s, int whose)
{
	pthread_mutex_lock(&s->mutex);
	s->tokens[whose]++;
	pthread_cond_signal(&s->posted[whose]);
	pthread_mutex_unlock(&s->mutex);
}

static void
shared_take(struct shared *s, int whose)
{
	pthread_mutex_lock(&s->mutex);
	while (s->tokens[whose] == 0)
		pthread_cond_wait(&s->posted[whose], &s->mutex);
	s->tokens[whose]--;
	pthread_mutex_unlock(&s->mutex);
}

/* On which processors the two processes run. */
enum processors {
	ANY_PROCESSOR,
	ONE_FOR_BOTH,
	ONE_FOR_EACH,
};

/* One of the two processes.  They hand over by `c`, or by `shared` if c is NULL, or by `words` if
 * both are NULL. */
struct side {
	struct compl_space *c;
	struct shared *shared;
	uint32_t *words;
	int ours; /* which of two names, counters or words we wait for: 0 or 1 */
	enum processors processors;
	cpu_set_t allowed;
};

/* Binds the process to the last of the allowed processors; with ONE_FOR_EACH the second process
 * to the first one. */
static void
bind_to_processor(const struct side *s)
{
	cpu_set_t one;
	size_t number = CPU_SETSIZE;

	if (s->processors == ANY_PROCESSOR)
		return;
	CPU_ZERO(&one);
	if (s->processors == ONE_FOR_EACH && s->ours == 1)
		for (number = 0; !CPU_ISSET(number, &s->allowed);)
			number++;
	else
		for (number--; !CPU_ISSET(number, &s->allowed);)
			number--;
	CPU_SET(number, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		bench_die("sched_setaffinity: %s", strerror(errno));
}

static void
hand_over(const struct side *s)
{
	static const char *const names[] = { "ping", "pong" };

	if (s->c != NULL)
		post(s->c, names[!s->ours]);
	else if (s->shared != NULL)
		shared_post(s->shared, !s->ours);
	else
		word_post(&s->words[16 * !s->ours], 1);
}

static void
await_turn(const struct side *s)
{
	static const char *const names[] = { "ping", "pong" };

	if (s->c != NULL)
		take(s->c, names[s->ours], COMPL_NEVER);
	else if (s->shared != NULL)
		shared_take(s->shared, s->ours);
	else
		word_take(&s->words[16 * s->ours]);
}

static _Noreturn void
run_second(struct side s, const char *space)
{
	s.ours = 1;
	bind_to_processor(&s);
	if (space != NULL)
		s.c = open_space(space, COMPL_ONE_THREAD);
	for (size_t i = 0; i < (WARM_UP + HAND_OVERS) / 2; i++) {
		await_turn(&s);
		hand_over(&s);
	}
	_exit(0);
}

static void
play(const struct side *s, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		hand_over(s);
		await_turn(s);
	}
}

/* By compl if space is not NULL, by libc if shared is not NULL, else by bare futex words. */
static void
measure_ping_pong(enum processors processors, const char *space, struct shared *shared,
		  const char *series)
{
	struct side s = { .shared = shared, .processors = processors };
	double begin;
	pid_t child;

	s.words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.words == MAP_FAILED || sched_getaffinity(0, sizeof(s.allowed), &s.allowed) != 0 ||
	    (child = fork()) < 0)
		bench_die("%s", strerror(errno));
	if (child == 0)
		run_second(s, space);
	bind_to_processor(&s);
	if (space != NULL)
		s.c = open_space(space, COMPL_ONE_THREAD);
	play(&s, WARM_UP);
	begin = bench_now_us();
	play(&s, HAND_OVERS);
	sample(series, bench_now_us() - begin, HAND_OVERS);
	bench_reap(child, series);
	compl_close(s.c);
	munmap(s.words, 4096);
	sched_setaffinity(0, sizeof(s.allowed), &s.allowed);
}

/* ---- system calls ---------------------------------------------------------------------------- */

static _Noreturn void
be_counted(const char *space, unsigned flags, size_t count)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	pairs(open_space(space, flags), "named", count);
	_exit(0);
}

/* Counts all system calls of a process that opens the namespace, posts and takes so many tokens,
 * and ends. */
static size_t
count_calls(const char *space, unsigned flags, size_t count)
{
	pid_t child = fork();
	size_t stops = 0;
	int status;

	if (child == 0)
		be_counted(space, flags, count);
	while (waitpid(child, &status, 0) == child && !WIFEXITED(status)) {
		if (WIFSIGNALED(status) || ptrace(PTRACE_SYSCALL, child, NULL, NULL) < 0)
			bench_die("ptrace: %s", strerror(errno));
		stops++;
	}
	if (WEXITSTATUS(status) != 0)
		bench_die("the process whose calls are counted failed");
	return stops / 2;
}

/* Prints the system calls of one post and one take: those of a hundred more, divided. */
static void
measure_calls(const char *space, unsigned flags, const char *series)
{
	size_t few = count_calls(space, flags, 100), many = count_calls(space, flags, 200);

	printf("%s calls %.2f\n", series, (double)(many - few) / 100);
}

/* ---------------------------------------------------------------------------------------------- */

static void
measure(const char *empty, const char *full, struct shared *shared)
{
	alarm(LIMIT_SECONDS);
	measure_pairs(empty, "named", COMPL_ONE_THREAD, "inside/done+try");
	measure_pairs(empty, "unnamed", COMPL_ONE_THREAD, "inside/unnamed");
	measure_pairs(empty, "named", 0, "inside/libc-list");
	measure_test(empty);
	measure_open(empty, "open/empty");
	measure_open(full, "open/full");
	measure_mutex(shared);
	measure_ping_pong(ANY_PROCESSOR, empty, NULL, "ping-pong/compl");
	measure_ping_pong(ANY_PROCESSOR, NULL, shared, "ping-pong/condition");
	measure_ping_pong(ANY_PROCESSOR, NULL, NULL, "ping-pong/bare");
	measure_ping_pong(ONE_FOR_EACH, empty, NULL, "apart/compl");
	measure_ping_pong(ONE_FOR_EACH, NULL, shared, "apart/condition");
	measure_ping_pong(ONE_FOR_EACH, NULL, NULL, "apart/bare");
	measure_ping_pong(ONE_FOR_BOTH, empty, NULL, "together/compl");
	measure_ping_pong(ONE_FOR_BOTH, NULL, shared, "together/condition");
	measure_ping_pong(ONE_FOR_BOTH, NULL, NULL, "together/bare");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct shared *shared = make_shared();
	struct compl_space *c;

	bench_prepare_to_end();
	if (argc != 4)
		bench_die("usage: inside ROUNDS EMPTY FULL");
	c = open_space(argv[2], 0);
	if (compl_init(c, "named", true, 0) != COMPL_OK)
		bench_die("init failed");
	compl_close(c);
	for (size_t round = 0; round < bench_number(argv[1]); round++)
		measure(argv[2], argv[3], shared);
	measure_calls(argv[2], COMPL_ONE_THREAD, "inside/done+try-calls");
	measure_calls(argv[2], 0, "inside/libc-list-calls");
	return 0;
}
