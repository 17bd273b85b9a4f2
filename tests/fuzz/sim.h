/* SPDX-License-Identifier: ISC
 *
 * sim.h - the simulated machine on which the code under test runs: clock, futexes, participants
 *
 * There is one thread, the segments are those of sim-files.h, which no other process sees; nothing
 * differs from run to run: an input that fails, fails again.
 *
 * Time stands still, except that each look at the clock adds a microsecond.  Nobody sleeps: a
 * participant that would sleep calls sim_asleep() instead, in which the target lets others act.
 * When that returns, one of them has woken it, or its deadline has come.
 *
 * The library is compiled with -finstrument-functions, so that sim_at() can have something
 * done at the n-th entry or exit of a function from now.  That is between any two looks at the
 * segment, because the function that looks is one of those functions.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/os/futex.h"

/* Each input begins with this. */
void sim_begin(void);

/* sim_asleep() is called when a wait would sleep in line; sleeps counts these calls since
 * sim_begin().  A participant that would sleep on the lock lets no other act: the owner of the lock
 * dies or releases it after some seconds.  If nothing ends a sleep without a deadline, sim_stuck()
 * is called, which does not return. */
extern void (*sim_asleep)(unsigned sleeps);
extern void (*sim_stuck)(void);

/* Wakes at most `count` sleepers of a word, as a poster or the kernel does. */
int sim_wake(uint32_t *word, int count);

/* Participants, 0 to 7, each with a robust list of its own: which one acts now, and which list it
 * has registered; NULL for libc's. */
void sim_turn(unsigned participant);
void sim_list(struct robust_list_head *head);

/* In sim_asleep(): a signal handler has run. */
void sim_signal(void);

/* Whether the kernel has futex_waitv(2). */
extern bool sim_has_waitv;

/* The number of sleepers; and forgets those after the first `sleepers`, which is for a jump out of
 * a sleep. */
size_t sim_sleepers(void);
void sim_leave(size_t sleepers);

void sim_pass(int64_t ns);
int64_t sim_now(void);

/* Calls act(argument) after this many events from now; false if there is no room. */
bool sim_at(unsigned events, void (*act)(void *), void *argument);
void sim_nothing_more(void);

/* Fails with a sentence. */
_Noreturn void sim_fail(const char *sentence);

#define REQUIRE(condition)                                  \
	do {                                                \
		if (!(condition))                           \
			sim_fail(__FILE__ ": " #condition); \
	} while (0)

#endif
