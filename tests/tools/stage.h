/* SPDX-License-Identifier: ISC
 *
 * stage.h - one performance of a scene: who waits, and what was posted for sure
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compl.h"
#include "others.h"
#include "scenes.h"
#include "victim.h"

#define NAMES	4 /* a to d */
#define OTHERS	8
#define VICTIMS 2

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

/* "a" to "d". */
const char *stage_name(unsigned n);

/* Our own way in, opened when first needed. */
struct compl_space *stage_open(struct stage *s);

/* Gives up if a call of ours has failed. */
void stage_must(enum compl_result result);

/* Posts, and remembers it for the sums. */
void stage_post(struct stage *s, unsigned name, uint32_t tokens, bool all);

/* Those who hold the lock die. */
void stage_let_go(struct stage *s);

/* Does all that a scene has before its victim. */
void stage_begin(struct stage *s, const struct scene *scene, const char *space);

/* The file of the scope that a victim has made, while it lives. */
void stage_note_scope(struct stage *s, const struct victim *v);

/* What a killed scope has left, seen by us or not, the next one sweeps, unless another sweeper is
 * at it just then, perhaps slowly; one that has ended leaves nothing. */
void stage_check_scope(struct stage *s);

/* Everybody off, and the segment. */
void stage_end(struct stage *s);

/* A new victim, stopped at its first moment.  slow: it will be stepped through, and what
 * is SOON comes later. */
struct victim *stage_victim(struct stage *s, const char *line, bool slow);

/* The waiter becomes a victim when it wakes.  The kernel wakes one sleeper of what a dead one has
 * left, the first to have come: so the others are to come again, behind it. */
struct victim *stage_seize(struct stage *s, size_t waiter);

/* The victim has fallen asleep.  Takes the actions of the scene, one by one, until
 * something wakes it; it may sleep again when we look.  False: there are none left, and it
 * sleeps on.  (Before the first: it may have slept on the lock, for which one of the others was
 * quicker.  Once it has that it may stop at a breakpoint, and a post of ours would wait for
 * good.) */
bool stage_rouse(struct stage *s, struct victim *v, const char *const **action);

/* How everybody ended. */
void stage_count(struct stage *s);

#endif
