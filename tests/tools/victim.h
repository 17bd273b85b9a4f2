/* SPDX-License-Identifier: ISC
 *
 * victim.h - a command under ptrace
 *
 * It runs freely until its first open of a segment has returned: before that, it makes nothing that
 * outlives it.  From there on a *moment* is a point of its run at which it can be killed: before
 * the nth execution of the instruction at an address, or in its nth sleep in a futex call.
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
	uint64_t breakpoint;	/* address of a breakpoint, or 0 */
	long word;		/* what was there */
	int signal;		/* to be delivered when it goes on */
	bool between_moments;	/* stopped by a signal, a fork or an exec, not at a moment */
	bool is_cmd;		/* it has become CMD */
};

struct moment {
	uint64_t address; /* 0: asleep */
	unsigned nth;
	unsigned step; /* the number of victim_step() from the start */
	bool inside;   /* a repeated instruction, not its first round */
	bool changed;  /* just before it, something that outlives the victim changed */
	bool matters;  /* not only entries of a log that is not committed changed */
	bool ran;      /* another process ran since the last change */
	bool holds;    /* it has the lock */
};

/* Binds this process, and so the victim, to one processor: they take turns, which is several times
 * as fast there. */
void victim_share_processor(void);

/* Starts it, and stops it where its first open of a segment has returned.  apart: see
 * process_fork(). */
void victim_start(struct victim *v, char *const argv[], bool apart);

/* Waits for the victim to stop, to end, or to fall asleep: the timer interrupts
 * waitpid().  anew: it was asleep, and has to fall asleep again. */
void victim_await(struct victim *v, bool anew);

/* Goes to the next moment, or looks again at a sleeper. */
void victim_step(struct victim *v);

/* Goes that many moments on, unless it falls asleep. */
void victim_steps(struct victim *v, unsigned steps);

/* The address of the instruction before which it is stopped; 0: it is not. */
uint64_t victim_address(const struct victim *v);

/* Removes the breakpoint of victim_go() if the victim has stopped at it.  Returns whether it has.
 * */
bool victim_take_hit(struct victim *v);

/* Lets it run to the next execution of the instruction at an address (0: none), or
 * until it ends or falls asleep. */
void victim_go(struct victim *v, uint64_t address);

/* Makes a victim of a process that sleeps in a futex call: it sleeps on, and stops when it
 * wakes.  (Asked to stop, it leaves the call and begins it again.) */
void victim_seize(struct victim *v, pid_t pid);

/* Waits until a seized victim is asleep, has stopped or has ended.  Returns whether it has woken;
 * then it is stopped where it woke, without a breakpoint.  (It may have found at once that it
 * should not sleep: between a poster's store and its wake.) */
bool victim_take_wake(struct victim *v);

/* Sends it a signal, wherever it is, and waits until it has ended by that. */
void victim_end_by(struct victim *v, int signal);

/* Kills it, by SIGKILL, wherever it is. */
void victim_kill(struct victim *v);

/* Whether victim_kill() also takes the memory of the victim away (mrelease.h), and whether it has
 * done so in this trial.  If the victim had the lock in a short call, the lock comes back when a
 * sleeper has slept for a second: so a process that sleeps on the lock is not at rest then, and a
 * wake-up may count as lost. */
extern bool victim_is_released, victim_was_released;

#endif
