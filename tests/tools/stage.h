/* SPDX-License-Identifier: ISC
 *
 * stage - one performance of a scene: who waits, and what was posted for sure
 */
#ifndef STAGE_H
#define STAGE_H

#include <ctype.h>
#include <stddef.h>

#include "compl.h"
#include "shm/segment/layout.h"
#include "others.h"
#include "peek.h"
#include "scenes.h"
#include "victim.h"

#define NAMES	  4 /* a to d */
#define OTHERS	  8
#define VICTIMS	  2
#define ARGUMENTS 24

/* What a command's arguments ask for. */
struct wish {
	char verb[8];
	unsigned names; /* bits */
	uint32_t count;
	bool any, all, fail_fast, waiting;
	bool becomes; /* CMD */
};

/* One who takes part, and how it ended. */
struct part {
	struct wish wish;
	bool murdered; /* by us */
	bool untaken;  /* a wait that is known to have taken nothing */
	bool ended;    /* of its own accord, */
	int status;    /* with this exit status */
};

struct stage {
	const char *program, *waiter; /* the victims', the others' */
	const char *holder;	      /* of the lock */
	char space[COMPL_SPACE_MAX - 2];
	struct compl_space *c; /* our own way in, opened when first needed */
	size_t others, victims;
	struct other other[OTHERS];
	struct part cast[OTHERS];
	struct victim victim[VICTIMS];
	struct part dead[VICTIMS];
	int64_t posted[NAMES]; /* by us */
	unsigned all, removed; /* names, by us */
	bool hurried;	       /* a victim's deadline runs; it may have passed when we look */
	ino_t inode;	       /* of the segment, once there is one */
	char scope[128];       /* the file of the victim's, or "" */
};

static inline const char *
name_of(unsigned n)
{
	static const char *const names[NAMES] = { "a", "b", "c", "d" };

	return names[n];
}

/* Splits "wait a b --count 2" into the arguments of program, in our namespace; "_" stands for a
 * space in an argument.  (The namespace is named first: there may be a CMD.  A scope has its
 * own.) */
static inline void
arguments_of(struct stage *s, const char *program, char *line, char *argv[ARGUMENTS])
{
	bool scope = !strncmp(line, "scope ", 6);
	char *word, *state, *gap;
	size_t n = 0;

	argv[n++] = (char *)(uintptr_t)program;
	argv[n++] = (char *)(uintptr_t)(scope ? "-q" : "-n");
	argv[n++] = scope ? (char *)(uintptr_t) "-q" : s->space;
	for (word = strtok_r(line, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
		argv[n++] = word;
		while ((gap = strchr(word, '_')))
			*gap = ' ';
	}
	argv[n] = NULL;
}

static inline struct wish
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

static inline struct compl_space *
stage_open(struct stage *s)
{
	struct compl_where where = { .space = s->space, .uid = geteuid() };

	if (!s->c && compl_open(&s->c, &where, COMPL_CREATE) != COMPL_OK)
		give_up("opening the segment");
	return s->c;
}

static inline void
must(enum compl_result result)
{
	if (result != COMPL_OK)
		give_up(compl_strresult(result));
}

static inline void
stage_post_status(struct stage *s, unsigned name, uint32_t tokens, bool all, uint8_t status)
{
	struct compl_post post = { .tokens = tokens, .all = all, .status = status };

	must(compl_done(stage_open(s), name_of(name), &post));
	s->posted[name] += all ? 0 : tokens;
	s->all |= (unsigned)all << name;
}

static inline void
stage_post(struct stage *s, unsigned name, uint32_t tokens, bool all)
{
	stage_post_status(s, name, tokens, all, 0);
}

/* A waiter, a producer, or a poster, who may have ended; as may a waiter have, if the victim it is to
 * sleep behind has timed out by then. */
static inline void
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
static inline void
stage_hold(struct stage *s)
{
	char *argv[] = { (char *)(uintptr_t)s->holder, s->space, NULL };
	struct other *o = &s->other[s->others];
	uint32_t lock = 0;
	char path[COMPL_PATH_MAX];
	int fd;

	s->cast[s->others++] = (struct part){ .wish.verb = "hold" };
	other_start(o, argv);
	o->stopped = true; /* at rest, though not in a futex call */
	segment_file(path, sizeof path, s->space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while ((lock & FUTEX_TID_MASK) != (uint32_t)o->pid && !(s->hurried && is_at_lock(o->pid)))
		if (fd < 0 || pread(fd, &lock, sizeof lock, offsetof(struct layout_header, lock)) !=
				      sizeof lock)
			give_up("the lock cannot be seen");
	close(fd);
}

/* Those who hold the lock die. */
static inline void
stage_let_go(struct stage *s)
{
	size_t i;

	for (i = 0; i < s->others; i++)
		if (!strcmp(s->cast[i].wish.verb, "hold")) {
			other_kill(&s->other[i]);
			s->cast[i].murdered = true;
		}
}

static inline void
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
		must(compl_init(stage_open(s), name_of(name), false));
	} else if (!strcmp(verb, "rm")) {
		must(compl_remove(stage_open(s), name_of(name)));
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

static inline void
stage_begin(struct stage *s, const struct scene *scene, const char *space)
{
	size_t i;

	snprintf(s->space, sizeof s->space, "%s", space);
	for (i = 0; i < SCENE_ACTIONS && scene->before[i]; i++)
		stage_act(s, scene->before[i]);
	s->inode = segment_inode(s->space);
}

/* By whom it was opened: a lock of the open file, as who makes a scope has. */
static inline bool
is_locked(pid_t pid, int fd)
{
	char name[32], text[1024];

	snprintf(name, sizeof name, "fdinfo/%d", fd);
	return read_proc(pid, name, text, sizeof text) && strstr(text, "\nlock:");
}

/* The file of the scope that a victim has made, while it lives. */
static inline void
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

static inline void
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

/* What a killed scope has left, seen by us or not, the next one sweeps, unless another sweeper is at
 * it just then, perhaps slowly; one that has ended leaves nothing. */
static inline void
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

/* Everybody off, and the segment. */
static inline void
stage_end(struct stage *s)
{
	char path[COMPL_PATH_MAX];
	size_t i;

	for (i = 0; i < s->others; i++)
		other_kill(&s->other[i]);
	for (i = 0; i < s->victims; i++)
		victim_kill(&s->victim[i]);
	compl_close(s->c);
	segment_file(path, sizeof path, s->space);
	unlink(path);
}

/* A new victim, stopped at its first moment.  slow: it will be stepped through, and what
 * is SOON comes later. */
static inline struct victim *
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

/* The waiter becomes a victim when it wakes.  The kernel wakes one sleeper of what a dead one has
 * left, the first to have come: so the others are to come again, behind it. */
static inline struct victim *
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
static inline bool
stage_sleeps_on(struct stage *s, struct victim *v, unsigned long switches)
{
	if (!others_settle(s->other, s->others))
		give_up("the others do not settle");
	victim_await(v, false);
	return v->state == VICTIM_ASLEEP && v->switches == switches;
}

/* The victim has fallen asleep.  Takes the actions of the scene, one by one, until
 * something wakes it; it may sleep again when we look.  False: there are none left, and it
 * sleeps on.  (Before the first: it may have slept on the lock, for which one of the others was
 * quicker.  Once it has that it may stop at a breakpoint, and a post of ours would wait for good.) */
static inline bool
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

/* How everybody ended. */
static inline void
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

#endif
