/* SPDX-License-Identifier: ISC
 *
 * fixture.c - sets up the processes of a trial, acts on them, and clears up
 */
#include "fixture.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../segment-path.h"
#include "api/proc.h"
#include "peek.h"
#include "process.h"
#include "shm/segment/layout.h"
#include "timing.h"

#define ARGUMENTS 24

const char *
fixture_name(unsigned n)
{
	static const char *const names[NAMES] = { "a", "b", "c", "d" };

	return names[n];
}

const char *
fixture_first_name(unsigned names)
{
	unsigned n = 0;

	while (!(names >> n & 1))
		n++;
	return fixture_name(n);
}

/* Splits "wait a b --count 2" into the arguments of program, in our namespace; "_" stands for a
 * space in an argument, "G" for the generation of the last "ask".  (The namespace is named first,
 * because there may be a CMD.  A scope has its own.) */
static void
arguments_of(struct fixture *f, const char *program, char *line, char *argv[ARGUMENTS])
{
	bool scope = !strncmp(line, "scope ", 6);
	char *word, *state, *gap;
	size_t n = 0;

	memset(argv, 0, ARGUMENTS * sizeof *argv);
	argv[n++] = (char *)(uintptr_t)program;
	argv[n++] = (char *)(uintptr_t)(scope ? "-q" : "-n");
	argv[n++] = scope ? (char *)(uintptr_t) "-q" : f->space;
	for (word = strtok_r(line, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
		argv[n++] = strcmp(word, "G") ? word : f->generation;
		while ((gap = strchr(word, '_')))
			*gap = ' ';
	}
}

static struct request
request_of(char *const argv[])
{
	struct request request = { .count = 1 };
	bool keeps = false;
	int i;

	snprintf(request.verb, sizeof request.verb, "%s", argv[3]);
	for (i = 4; argv[i] && strcmp(argv[i], "--"); i++) {
		if (islower((unsigned char)argv[i][0]) && !argv[i][1] &&
		    strncmp(argv[i - 1], "--v", 3))
			request.names |= 1u << (argv[i][0] - 'a');
		else if ((!strcmp(argv[i], "--count") || !strcmp(argv[i], "--parties")) &&
			 argv[i + 1])
			request.count = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--at-least") && argv[i + 1])
			request.at_least = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--generation") && argv[i + 1])
			request.generation = strtoull(argv[i + 1], NULL, 10);
		request.any |= !strcmp(argv[i], "--any");
		request.all |= !strcmp(argv[i], "--all") || !strcmp(argv[i], "--ready");
		request.readiness |= !strcmp(argv[i], "--ready");
		keeps |= !strcmp(argv[i], "--keep");
		request.waiting |= !strcmp(argv[i], "--waiting");
		request.fail_fast |= !strcmp(argv[i], "--fail-fast");
		request.borrow |= !strcmp(argv[i], "--borrow");
	}
	request.has_cmd = argv[i] != NULL;
	request.readiness &= !keeps;
	if (!strcmp(request.verb, "rm") && request.all)
		request.names = (1u << NAMES) - 1;
	return request;
}

struct compl_space *
fixture_open(struct fixture *f)
{
	struct compl_where where = { .space = f->space, .uid = geteuid() };

	if (!f->c && compl_open(&f->c, &where, COMPL_CREATE) != COMPL_OK)
		give_up("opening the segment");
	return f->c;
}

void
fixture_must(enum compl_result result)
{
	if (result != COMPL_OK)
		give_up(compl_strresult(result));
}

static void
fixture_post_status(struct fixture *f, unsigned name, uint32_t tokens, bool all, uint8_t status)
{
	struct compl_post post = { .tokens = tokens, .all = all, .status = status };

	fixture_must(compl_done(fixture_open(f), fixture_name(name), &post));
	f->posted[name] += all ? 0 : tokens;
	f->all |= (unsigned)all << name;
}

void
fixture_post(struct fixture *f, unsigned name, uint32_t tokens, bool all)
{
	fixture_post_status(f, name, tokens, all, 0);
}

/* A producer rests, too, before its CMD has said anything.  On a busy machine that can last until
 * the victim is dead, and then the name would become ready in the midst of the verdict. */
static void
await_readiness(struct fixture *f, unsigned names)
{
	int64_t end = now_us() + limit_s(10) * INT64_C(1000000);

	while (compl_test(fixture_open(f), fixture_first_name(names), 0) != COMPL_OK) {
		if (now_us() > end)
			give_up("a producer does not become ready");
		pause_us(200);
	}
}

/* A poster may end at once; so may a waiter, if the victim ahead of it has timed out by then; and
 * so may a participant of a barrier. */
void
fixture_start(struct fixture *f, const char *action)
{
	char *argv[ARGUMENTS], text[128];
	size_t i = f->bystanders++;

	snprintf(text, sizeof text, "%s", action);
	arguments_of(f, f->waiter, text, argv);
	f->bystander_command[i] = (struct command){ .request = request_of(argv) };
	bystander_start(&f->bystander[i], argv, f->apart && !strncmp(action, "done", 4));
	if (f->bystander_command[i].request.readiness)
		await_readiness(f, f->bystander_command[i].request.names);
	if (!bystanders_await_rest(&f->bystander[i], 1) ||
	    (f->bystander[i].ended && !f->has_deadline && strncmp(action, "barrier", 7)))
		give_up("a waiter does not sleep");
}

static uint32_t
lock_word(const struct fixture *f)
{
	uint32_t lock = 0;
	char path[SEGMENT_PATH_MAX];
	int fd;

	peek_file(path, sizeof path, f->space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 ||
	    pread(fd, &lock, sizeof lock, offsetof(struct layout_header, lock)) != sizeof lock)
		give_up("the lock cannot be seen");
	close(fd);
	return lock;
}

/* Starts a process that takes the lock and keeps it; or waits for it, if a victim whose deadline
 * has come was quicker. */
static void
fixture_hold(struct fixture *f)
{
	char *argv[] = { (char *)(uintptr_t)f->holder, f->space, NULL };
	struct bystander *o = &f->bystander[f->bystanders];

	f->bystander_command[f->bystanders++] = (struct command){ .request.verb = "hold" };
	bystander_start(o, argv, f->apart);
	o->stopped = true; /* at rest, though not in a futex call */
	while (!process_awaits_signal(o->pid))
		if (f->has_deadline && process_is_at_lock(o->pid))
			return;
	f->held = lock_word(f);
}

void
fixture_check_held(const struct fixture *f)
{
	if (f->held != 0 && lock_word(f) != f->held)
		give_up("the lock was taken from its living owner");
}

void
fixture_let_go(struct fixture *f)
{
	size_t i;

	for (i = 0; i < f->bystanders; i++)
		if (!strcmp(f->bystander_command[i].request.verb, "hold")) {
			bystander_kill(&f->bystander[i]);
			f->bystander_command[i].killed = true;
		}
	f->held = 0;
}

/* A question: the name begins anew. */
static void
fixture_ask(struct fixture *f, unsigned name)
{
	uint64_t generation;

	fixture_must(compl_reinit(fixture_open(f), fixture_name(name), true, &generation));
	snprintf(f->generation, sizeof f->generation, "%llu", (unsigned long long)generation);
}

static void
fixture_act(struct fixture *f, const char *action)
{
	char verb[8], letter = 'a';
	unsigned count = 1, name;

	sscanf(action, "%7s %c %u", verb, &letter, &count);
	name = (unsigned)(letter - 'a');
	if (!strcmp(verb, "wait") || !strcmp(verb, "run") || !strcmp(verb, "done") ||
	    !strcmp(verb, "barrier")) {
		fixture_start(f, action);
	} else if (!strcmp(verb, "hold")) {
		fixture_hold(f);
	} else if (!strcmp(verb, "post")) {
		fixture_post(f, name, count, false);
	} else if (!strcmp(verb, "fail")) {
		fixture_post_status(f, name, count, false, 3);
	} else if (!strcmp(verb, "all")) {
		fixture_post(f, name, 1, true);
	} else if (!strcmp(verb, "init")) {
		fixture_must(compl_init(fixture_open(f), fixture_name(name), false, 0));
	} else if (!strcmp(verb, "ask")) {
		fixture_ask(f, name);
	} else if (!strcmp(verb, "rm")) {
		fixture_must(compl_remove(fixture_open(f), fixture_name(name)));
		f->removed |= 1u << name;
	} else if (!strcmp(verb, "kill")) {
		bystander_kill(&f->bystander[letter - '0']);
		f->bystander_command[letter - '0'].killed = true;
	} else if (!strcmp(verb, "stop")) {
		bystander_stop(&f->bystander[letter - '0'], true);
	} else if (!strcmp(verb, "term")) {
		kill(f->victim[f->victims - 1].pid, SIGTERM);
	} else if (!strcmp(verb, "tstp")) {
		kill(f->victim[f->victims - 1].pid, SIGTSTP);
	} else {
		give_up(action);
	}
}

void
fixture_begin(struct fixture *f, const struct scenario *scenario, const char *space)
{
	size_t i;

	snprintf(f->space, sizeof f->space, "%s", space);
	for (i = 0; i < SCENARIO_ACTIONS && scenario->before[i]; i++)
		fixture_act(f, scenario->before[i]);
	f->inode = peek_inode(f->space);
}

/* Whether pid has a lock on the open file, as the maker of a scope has. */
static bool
is_locked(pid_t pid, int fd)
{
	char name[32], text[1024];

	snprintf(name, sizeof name, "fdinfo/%d", fd);
	return proc_read(pid, name, text, sizeof text) && strstr(text, "\nlock:");
}

void
fixture_note_scope(struct fixture *f, const struct victim *v)
{
	char link[64], path[sizeof f->scope];
	int fd;

	for (fd = 3; fd < 16 && v->state != VICTIM_ENDED; fd++) {
		ssize_t n;

		snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)v->pid, fd);
		n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		if (strstr(path, ".scope.") && !strchr(path, ' ') && is_locked(v->pid, fd))
			snprintf(f->scope, sizeof f->scope, "%s", path);
	}
}

static void
fixture_sweep(struct fixture *f)
{
	char line[] = "scope -- true", *argv[ARGUMENTS];
	struct bystander sweeper;

	arguments_of(f, f->program, line, argv);
	bystander_start(&sweeper, argv, false);
	while (!sweeper.ended)
		bystander_reap(&sweeper, 0);
	if (sweeper.status)
		give_up("the next scope fails");
}

void
fixture_check_scope(struct fixture *f)
{
	bool sweeps =
		!strcmp(f->victim_command[0].request.verb, "scope") && !f->victim_command[0].ended;
	int64_t end = now_us() + limit_s(10) * INT64_C(1000000);

	if (sweeps)
		fixture_sweep(f);
	while (*f->scope && !access(f->scope, F_OK)) {
		if (!sweeps || now_us() > end)
			give_up("a scope is left");
		pause_us(10000);
		fixture_sweep(f);
	}
}

void
fixture_end(struct fixture *f)
{
	char path[SEGMENT_PATH_MAX];
	size_t i;

	for (i = 0; i < f->bystanders; i++)
		bystander_kill(&f->bystander[i]);
	for (i = 0; i < f->victims; i++)
		victim_kill(&f->victim[i]);
	compl_close(f->c);
	peek_file(path, sizeof path, f->space);
	unlink(path);
}

struct victim *
fixture_victim(struct fixture *f, const char *line, bool slow)
{
	char *argv[ARGUMENTS], text[128], *deadline;
	size_t i = f->victims++, k;

	snprintf(text, sizeof text, "%s", line);
	deadline = strstr(text, "SOON");
	if (!deadline)
		deadline = strstr(text, "LATE");
	f->has_deadline |= deadline != NULL;
	if (deadline)
		memcpy(deadline, slow ? "1.50" : *deadline == 'L' ? "0.25" : "0.03", 4);
	arguments_of(f, f->program, text, argv);
	f->victim_command[i] = (struct command){ .request = request_of(argv) };
	if (f->victim_command[i].request.waiting)
		for (k = 0, f->victim_command[i].request.count = 0; k < f->bystanders; k++)
			f->victim_command[i].request.count += f->bystander_command[k].request.count;
	victim_start(&f->victim[i], argv, f->apart);
	return &f->victim[i];
}

struct victim *
fixture_seize(struct fixture *f, size_t waiter)
{
	size_t i = f->victims++, k;

	f->victim_command[i] = f->bystander_command[waiter];
	f->bystander_command[waiter].killed = true;
	f->bystander[waiter].ended = true; /* for functions that walk over the bystanders */
	f->bystander[waiter].status = SIGKILL;
	victim_seize(&f->victim[i], f->bystander[waiter].pid);
	for (k = 0; k < f->bystanders; k++) {
		if (f->bystander[k].stopped || strcmp(f->bystander_command[k].request.verb, "wait"))
			continue;
		bystander_stop(&f->bystander[k], true);
		bystander_stop(&f->bystander[k], false);
	}
	return &f->victim[i];
}

/* Looks at a victim that was asleep, when the bystanders rest: true if it sleeps on. */
static bool
fixture_sleeps_on(struct fixture *f, struct victim *v, unsigned long switches)
{
	if (!bystanders_await_rest(f->bystander, f->bystanders))
		give_up("the bystanders do not come to rest");
	victim_await(v, false);
	return v->state == VICTIM_ASLEEP && v->switches == switches;
}

bool
fixture_wake(struct fixture *f, struct victim *v, const char *const **action)
{
	unsigned long switches = v->switches;

	while (**action) {
		if (!fixture_sleeps_on(f, v, switches))
			return true;
		fixture_act(f, *(*action)++);
	}
	return !fixture_sleeps_on(f, v, switches);
}

void
fixture_count(struct fixture *f)
{
	size_t i;

	for (i = 0; i < f->bystanders; i++) {
		int status = f->bystander[i].status;

		f->bystander_command[i].ended = f->bystander[i].ended;
		f->bystander_command[i].status =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	for (i = 0; i < f->victims; i++) {
		f->victim_command[i].ended = WIFEXITED(f->victim[i].status);
		f->victim_command[i].status = WEXITSTATUS(f->victim[i].status);
	}
}
