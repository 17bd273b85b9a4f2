/* SPDX-License-Identifier: ISC
 *
 * victim.h - a command under ptrace
 *
 * It runs freely until its first open of a segment has returned: before that,
 * nothing of it outlives it.  From there on a *moment* is a place in its
 * run where it can be killed: before the nth execution of the instruction at an
 * address, or in its nth sleep in a futex call.
 *
 * victim_step() goes from one moment to the next and sees every one of them, which is slow.
 * victim_go() goes to one, with a breakpoint.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __x86_64__
#define VICTIM_BREAKPOINTS 1
#else
#define VICTIM_BREAKPOINTS 0 /* single steps then */
#endif

enum victim_state { VICTIM_STOPPED, VICTIM_ASLEEP, VICTIM_ENDED };

struct victim {
	pid_t pid;
	enum victim_state state;
	int status;		/* of waitpid(), once it has ended */
	unsigned long switches; /* when it was last seen asleep */
	uint64_t planted;	/* address of a breakpoint, or 0 */
	long word;		/* what was there */
	int signal;		/* to be delivered when it goes on */
	bool aside;		/* stopped for a signal or an exec, not at a moment */
	bool became;		/* CMD */
};

struct moment {
	uint64_t address; /* 0: asleep */
	unsigned nth;
	unsigned step; /* that many of victim_step() from the start */
	bool inside;   /* an instruction that repeats itself: not the first round */
	bool changed;  /* something that outlives the victim, just before */
	bool matters;  /* to who repairs, too: not only entries of a log to be */
	bool ran;      /* somebody else did, since the last change */
	bool holds;    /* the lock */
};

/* Tracer and victim take turns: on one processor that is several times as fast. */
void victim_share_processor(void);

/* Starts it, and stops it where its first open of a segment has returned. */
void victim_start(struct victim *v, char *const argv[]);

/* Waits for the victim to stop, to end, or to fall asleep: the ticking of a timer
 * interrupts waitpid().  Of one that was asleep: to fall asleep anew. */
void victim_await(struct victim *v, bool anew);

/* One moment on, or a new look at a sleeper. */
void victim_step(struct victim *v);

/* So many moments on, unless it falls asleep. */
void victim_steps(struct victim *v, unsigned steps);

/* The instruction before which it is stopped; 0: it is not. */
uint64_t victim_address(const struct victim *v);

/* It has stopped before the instruction that victim_go() was told. */
bool victim_hit(struct victim *v);

/* Lets it run to the next execution of the instruction at an address (0: none), or
 * until it ends or falls asleep. */
void victim_go(struct victim *v, uint64_t address);

/* Makes a victim of a process that sleeps in a futex call: it sleeps on, and stops when it
 * wakes.  (Asked to stop, it leaves the call and begins it again.) */
void victim_seize(struct victim *v, pid_t pid);

/* The same that has been seized: does it wake?  Then it is stopped where it does.  (It may have
 * found at once that it should not sleep: between a poster's store and its wake.) */
bool victim_wakes(struct victim *v);

/* A signal, wherever it is, of which it is to end without further ado. */
void victim_end_by(struct victim *v, int signal);

/* Kills it, by SIGKILL, wherever it is. */
void victim_kill(struct victim *v);

#endif
