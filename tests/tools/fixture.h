/* SPDX-License-Identifier: ISC
 *
 * fixture.h - the processes and the namespace of one trial, and what was posted for certain
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
	uint32_t at_least; /* --at-least, or 0 */
	bool any, all, fail_fast, waiting;
	bool has_cmd;	     /* CMD */
	bool borrow;	     /* --borrow: what it takes comes back */
	bool readiness;	     /* a producer that is ready, and does not keep it when it ends */
	uint64_t generation; /* --generation, or 0 */
};

/* A command that takes part, and how it ended. */
struct command {
	struct request request;
	bool killed;	   /* by us */
	bool took_nothing; /* a wait that is known to have taken nothing */
	bool ended;	   /* of its own accord, */
	int status;	   /* with this exit status */
};

struct fixture {
	const char *program, *waiter; /* of the victims, of the bystanders */
	const char *holder;	      /* holds the lock: hold-lock */
	char space[COMPL_SPACE_MAX - 2];
	struct compl_space *c; /* our own handle, opened when first needed */
	bool apart; /* victims, posters and lock holders: each in a pid namespace of its own */
	size_t bystanders, victims;
	struct bystander bystander[BYSTANDERS];
	struct command bystander_command[BYSTANDERS];
	struct victim victim[VICTIMS];
	struct command victim_command[VICTIMS];
	int64_t posted[NAMES]; /* by us */
	unsigned all, removed; /* names, by us */
	bool has_deadline;     /* a victim has a deadline; it may have passed when we look */
	char generation[24];   /* of the last "ask", as text */
	ino_t inode;	       /* of the segment, once there is one */
	uint32_t held;	       /* the value of the lock while a bystander holds it, or 0 */
	char scope[128];       /* the file of the victim's scope, or "" */
};

/* "a" to "d". */
const char *fixture_name(unsigned n);

/* The name of the lowest bit.  There is one. */
const char *fixture_first_name(unsigned names);

/* Our own handle, opened when first needed. */
struct compl_space *fixture_open(struct fixture *f);

/* Gives up if a call of ours has failed. */
void fixture_must(enum compl_result result);

/* Starts a waiter, a producer, a poster, or a participant of a barrier. */
void fixture_start(struct fixture *f, const char *action);

/* Posts, and notes it for the sums. */
void fixture_post(struct fixture *f, unsigned name, uint32_t tokens, bool all);

/* Gives up if a bystander holds the lock, and somebody has taken it. */
void fixture_check_held(const struct fixture *f);

/* Kills the processes that hold the lock. */
void fixture_let_go(struct fixture *f);

/* Takes all actions that a scenario has before its victim. */
void fixture_begin(struct fixture *f, const struct scenario *scenario, const char *space);

/* Notes the file of the scope that a victim has made, while the victim lives. */
void fixture_note_scope(struct fixture *f, const struct victim *v);

/* Checks that the next scope sweeps what a killed scope has left, whether we saw that or not, and
 * that a scope which has ended leaves nothing.  (Another sweeper may be at it just then, perhaps
 * slowly: so several attempts are made.) */
void fixture_check_scope(struct fixture *f);

/* Kills all processes, and removes the segment. */
void fixture_end(struct fixture *f);

/* A new victim, stopped at its first moment.  slow: it will be stepped through, so SOON is
 * later. */
struct victim *fixture_victim(struct fixture *f, const char *line, bool slow);

/* Makes the waiter a victim when it wakes.  For a word that a dead process left, the kernel wakes
 * the sleeper that came first: so the others have to sleep anew, after this one. */
struct victim *fixture_seize(struct fixture *f, size_t waiter);

/* The victim has fallen asleep.  Takes the actions of the scenario, one by one, until something
 * wakes it; it may sleep again when we look.  False: there are none left, and it sleeps on.  (It
 * looks before the first action, too: the victim may have slept on the lock, which a bystander had
 * taken.  Once the victim has the lock it may stop at a breakpoint, and a post of ours would wait
 * for ever.) */
bool fixture_wake(struct fixture *f, struct victim *v, const char *const **action);

/* Notes how all processes ended. */
void fixture_count(struct fixture *f);

#endif
