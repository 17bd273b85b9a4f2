/* SPDX-License-Identifier: ISC
 *
 * fixture.h - one trial of a scenario: who waits, and what was posted for sure
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bystander.h"
#include "compl.h"
#include "scenario.h"
#include "victim.h"

#define NAMES	   4 /* a to d */
#define BYSTANDERS 8
#define VICTIMS	   2

/* What a command's arguments ask for. */
struct request {
	char verb[8];
	unsigned names; /* bits */
	uint32_t count;
	bool any, all, fail_fast, waiting;
	bool becomes; /* CMD */
};

/* One who takes part, and how it ended. */
struct command {
	struct request request;
	bool killed;  /* by us */
	bool untaken; /* a wait that is known to have taken nothing */
	bool ended;   /* of its own accord, */
	int status;   /* with this exit status */
};

struct fixture {
	const char *program, *waiter; /* the victims', the others' */
	const char *holder;	      /* of the lock */
	char space[COMPL_SPACE_MAX - 2];
	struct compl_space *c; /* our own way in, opened when first needed */
	size_t bystanders, victims;
	struct bystander bystander[BYSTANDERS];
	struct command bystander_command[BYSTANDERS];
	struct victim victim[VICTIMS];
	struct command victim_command[VICTIMS];
	int64_t posted[NAMES]; /* by us */
	unsigned all, removed; /* names, by us */
	bool hurried;	       /* a victim's deadline runs; it may have passed when we look */
	ino_t inode;	       /* of the segment, once there is one */
	char scope[128];       /* the file of the victim's, or "" */
};

/* "a" to "d". */
const char *fixture_name(unsigned n);

/* Our own way in, opened when first needed. */
struct compl_space *fixture_open(struct fixture *f);

/* Gives up if a call of ours has failed. */
void fixture_must(enum compl_result result);

/* Posts, and remembers it for the sums. */
void fixture_post(struct fixture *f, unsigned name, uint32_t tokens, bool all);

/* Those who hold the lock die. */
void fixture_let_go(struct fixture *f);

/* Does all that a scenario has before its victim. */
void fixture_begin(struct fixture *f, const struct scenario *scenario, const char *space);

/* The file of the scope that a victim has made, while it lives. */
void fixture_note_scope(struct fixture *f, const struct victim *v);

/* What a killed scope has left, seen by us or not, the next one sweeps, unless another sweeper is
 * at it just then, perhaps slowly; one that has ended leaves nothing. */
void fixture_check_scope(struct fixture *f);

/* Everybody off, and the segment. */
void fixture_end(struct fixture *f);

/* A new victim, stopped at its first moment.  slow: it will be stepped through, and what
 * is SOON comes later. */
struct victim *fixture_victim(struct fixture *f, const char *line, bool slow);

/* The waiter becomes a victim when it wakes.  The kernel wakes one sleeper of what a dead one has
 * left, the first to have come: so the others are to come again, behind it. */
struct victim *fixture_seize(struct fixture *f, size_t waiter);

/* The victim has fallen asleep.  Takes the actions of the scenario, one by one, until
 * something wakes it; it may sleep again when we look.  False: there are none left, and it
 * sleeps on.  (Before the first: it may have slept on the lock, for which one of the others was
 * quicker.  Once it has that it may stop at a breakpoint, and a post of ours would wait for
 * good.) */
bool fixture_wake(struct fixture *f, struct victim *v, const char *const **action);

/* How everybody ended. */
void fixture_count(struct fixture *f);

#endif
