/* SPDX-License-Identifier: ISC
 *
 * stage.c - sets a stage, acts on it, and clears it
 */
#include "stage.h"

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
stage_name(unsigned n)
{
	static const char *const names[NAMES] = { "a", "b", "c", "d" };

	return names[n];
}

/* Splits "wait a b --count 2" into the arguments of program, in our namespace; "_" stands for a
 * space in an argument.  (The namespace is named first: there may be a CMD.  A scope has its
 * own.) */
static void
arguments_of(struct stage *s, const char *program, char *line, char *argv[ARGUMENTS])
{
	bool scope = !strncmp(line, "scope ", 6);
	char *word, *state, *gap;
	size_t n = 0;

	memset(argv, 0, ARGUMENTS * sizeof *argv);
	argv[n++] = (char *)(uintptr_t)program;
	argv[n++] = (char *)(uintptr_t)(scope ? "-q" : "-n");
	argv[n++] = scope ? (char *)(uintptr_t) "-q" : s->space;
	for (word = strtok_r(line, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
		argv[n++] = word;
		while ((gap = strchr(word, '_')))
			*gap = ' ';
	}
}

static struct wish
wish_of(char *const argv[])
{
	struct wish w = { .count = 1 };
	int i;

	snprintf(w.verb, sizeof w.verb, "%s", argv[3]);
	for (i = 4; argv[i] && strcmp(argv[i], "--"); i++) {
		if (islower((unsigned char)argv[i][0]) && !argv[i][1] &&
		    strncmp(argv[i - 1], "--v", 3))
			w.names |= 1u << (argv[i][0] - 'a');
		else if (!strcmp(argv[i], "--count") && argv[i + 1])
			w.count = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		w.any |= !strcmp(argv[i], "--any");
		w.all |= !strcmp(argv[i], "--all") || !strcmp(argv[i], "--ready");
		w.waiting |= !strcmp(argv[i], "--waiting");
		w.fail_fast |= !strcmp(argv[i], "--fail-fast");
	}
	w.becomes = argv[i] != NULL;
	if (!strcmp(w.verb, "rm") && w.all)
		w.names = (1u << NAMES) - 1;
	return w;
}

struct compl_space *
stage_open(struct stage *s)
{
	struct compl_where where = { .space = s->space, .uid = geteuid() };

	if (!s->c && compl_open(&s->c, &where, COMPL_CREATE) != COMPL_OK)
		give_up("opening the segment");
	return s->c;
}

void
stage_must(enum compl_result result)
{
	if (result != COMPL_OK)
		give_up(compl_strresult(result));
}

static void
stage_post_status(struct stage *s, unsigned name, uint32_t tokens, bool all, uint8_t status)
{
	struct compl_post post = { .tokens = tokens, .all = all, .status = status };

	stage_must(compl_done(stage_open(s), stage_name(name), &post));
	s->posted[name] += all ? 0 : tokens;
	s->all |= (unsigned)all << name;
}

void
stage_post(struct stage *s, unsigned name, uint32_t tokens, bool all)
{
	stage_post_status(s, name, tokens, all, 0);
}

/* A waiter, a producer, or a poster, who may have ended; as may a waiter have, if the victim it is
 * to sleep behind has timed out by then. */
static void
stage_start(struct stage *s, const char *action)
{
	char *argv[ARGUMENTS], text[128];
	size_t i = s->others++;

	snprintf(text, sizeof text, "%s", action);
	arguments_of(s, s->waiter, text, argv);
	s->cast[i] = (struct part){ .wish = wish_of(argv) };
	other_start(&s->other[i], argv);
	if (!others_settle(&s->other[i], 1) || (s->other[i].ended && !s->hurried))
		give_up("a waiter does not sleep");
}

/* Somebody takes the lock and keeps it; or waits for it, if a victim whose deadline has come was
 * quicker. */
static void
stage_hold(struct stage *s)
{
	char *argv[] = { (char *)(uintptr_t)s->holder, s->space, NULL };
	struct other *o = &s->other[s->others];
	uint32_t lock = 0;
	char path[SEGMENT_PATH_MAX];
	int fd;

	s->cast[s->others++] = (struct part){ .wish.verb = "hold" };
	other_start(o, argv);
	o->stopped = true; /* at rest, though not in a futex call */
	peek_file(path, sizeof path, s->space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while ((lock & FUTEX_TID_MASK) != (uint32_t)o->pid &&
	       !(s->hurried && process_is_at_lock(o->pid)))
		if (fd < 0 || pread(fd, &lock, sizeof lock, offsetof(struct layout_header, lock)) !=
				      sizeof lock)
			give_up("the lock cannot be seen");
	close(fd);
}

void
stage_let_go(struct stage *s)
{
	size_t i;

	for (i = 0; i < s->others; i++)
		if (!strcmp(s->cast[i].wish.verb, "hold")) {
			other_kill(&s->other[i]);
			s->cast[i].murdered = true;
		}
}

static void
stage_act(struct stage *s, const char *action)
{
	char verb[8], letter = 'a';
	unsigned count = 1, name;

	sscanf(action, "%7s %c %u", verb, &letter, &count);
	name = (unsigned)(letter - 'a');
	if (!strcmp(verb, "wait") || !strcmp(verb, "run") || !strcmp(verb, "done")) {
		stage_start(s, action);
	} else if (!strcmp(verb, "hold")) {
		stage_hold(s);
	} else if (!strcmp(verb, "post")) {
		stage_post(s, name, count, false);
	} else if (!strcmp(verb, "fail")) {
		stage_post_status(s, name, count, false, 3);
	} else if (!strcmp(verb, "all")) {
		stage_post(s, name, 1, true);
	} else if (!strcmp(verb, "init")) {
		stage_must(compl_init(stage_open(s), stage_name(name), false));
	} else if (!strcmp(verb, "rm")) {
		stage_must(compl_remove(stage_open(s), stage_name(name)));
		s->removed |= 1u << name;
	} else if (!strcmp(verb, "kill")) {
		other_kill(&s->other[letter - '0']);
		s->cast[letter - '0'].murdered = true;
	} else if (!strcmp(verb, "stop")) {
		other_stop(&s->other[letter - '0'], true);
	} else if (!strcmp(verb, "term")) {
		kill(s->victim[s->victims - 1].pid, SIGTERM);
	} else if (!strcmp(verb, "tstp")) {
		kill(s->victim[s->victims - 1].pid, SIGTSTP);
	} else {
		give_up(action);
	}
}

void
stage_begin(struct stage *s, const struct scene *scene, const char *space)
{
	size_t i;

	snprintf(s->space, sizeof s->space, "%s", space);
	for (i = 0; i < SCENE_ACTIONS && scene->before[i]; i++)
		stage_act(s, scene->before[i]);
	s->inode = peek_inode(s->space);
}

/* By whom it was opened: a lock of the open file, as who makes a scope has. */
static bool
is_locked(pid_t pid, int fd)
{
	char name[32], text[1024];

	snprintf(name, sizeof name, "fdinfo/%d", fd);
	return proc_read(pid, name, text, sizeof text) && strstr(text, "\nlock:");
}

void
stage_note_scope(struct stage *s, const struct victim *v)
{
	char link[64], path[sizeof s->scope];
	int fd;

	for (fd = 3; fd < 16 && v->state != VICTIM_ENDED; fd++) {
		ssize_t n;

		snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)v->pid, fd);
		n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		if (strstr(path, ".scope.") && !strchr(path, ' ') && is_locked(v->pid, fd))
			snprintf(s->scope, sizeof s->scope, "%s", path);
	}
}

static void
stage_sweep(struct stage *s)
{
	char line[] = "scope -- true", *argv[ARGUMENTS];
	struct other sweeper;

	arguments_of(s, s->program, line, argv);
	other_start(&sweeper, argv);
	while (!sweeper.ended)
		other_reap(&sweeper, 0);
	if (sweeper.status)
		give_up("the next scope fails");
}

void
stage_check_scope(struct stage *s)
{
	bool sweeps = !strcmp(s->dead[0].wish.verb, "scope") && !s->dead[0].ended;
	int64_t end = now_us() + 10000000;

	if (sweeps)
		stage_sweep(s);
	while (*s->scope && !access(s->scope, F_OK)) {
		if (!sweeps || now_us() > end)
			give_up("a scope is left");
		pause_us(10000);
		stage_sweep(s);
	}
}

void
stage_end(struct stage *s)
{
	char path[SEGMENT_PATH_MAX];
	size_t i;

	for (i = 0; i < s->others; i++)
		other_kill(&s->other[i]);
	for (i = 0; i < s->victims; i++)
		victim_kill(&s->victim[i]);
	compl_close(s->c);
	peek_file(path, sizeof path, s->space);
	unlink(path);
}

struct victim *
stage_victim(struct stage *s, const char *line, bool slow)
{
	char *argv[ARGUMENTS], text[128], *deadline;
	size_t i = s->victims++, k;

	snprintf(text, sizeof text, "%s", line);
	deadline = strstr(text, "SOON");
	if (!deadline)
		deadline = strstr(text, "LATE");
	s->hurried |= deadline != NULL;
	if (deadline)
		memcpy(deadline, slow ? "1.50" : *deadline == 'L' ? "0.25" : "0.03", 4);
	arguments_of(s, s->program, text, argv);
	s->dead[i] = (struct part){ .wish = wish_of(argv) };
	if (s->dead[i].wish.waiting)
		for (k = 0, s->dead[i].wish.count = 0; k < s->others; k++)
			s->dead[i].wish.count += s->cast[k].wish.count;
	victim_start(&s->victim[i], argv);
	return &s->victim[i];
}

struct victim *
stage_seize(struct stage *s, size_t waiter)
{
	size_t i = s->victims++, k;

	s->dead[i] = s->cast[waiter];
	s->cast[waiter].murdered = true;
	s->other[waiter].ended = true; /* to those who look after the others */
	s->other[waiter].status = SIGKILL;
	victim_seize(&s->victim[i], s->other[waiter].pid);
	for (k = 0; k < s->others; k++) {
		if (s->other[k].stopped || strcmp(s->cast[k].wish.verb, "wait"))
			continue;
		other_stop(&s->other[k], true);
		other_stop(&s->other[k], false);
	}
	return &s->victim[i];
}

/* Looks at a victim that was asleep, when the others have settled: true if it sleeps on. */
static bool
stage_sleeps_on(struct stage *s, struct victim *v, unsigned long switches)
{
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	victim_await(v, false);
	return v->state == VICTIM_ASLEEP && v->switches == switches;
}

bool
stage_rouse(struct stage *s, struct victim *v, const char *const **action)
{
	unsigned long switches = v->switches;

	while (**action) {
		if (!stage_sleeps_on(s, v, switches))
			return true;
		stage_act(s, *(*action)++);
	}
	return !stage_sleeps_on(s, v, switches);
}

void
stage_count(struct stage *s)
{
	size_t i;

	for (i = 0; i < s->others; i++) {
		int status = s->other[i].status;

		s->cast[i].ended = s->other[i].ended;
		s->cast[i].status =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	for (i = 0; i < s->victims; i++) {
		s->dead[i].ended = WIFEXITED(s->victim[i].status);
		s->dead[i].status = WEXITSTATUS(s->victim[i].status);
	}
}
