/* SPDX-License-Identifier: ISC
 *
 * sim.h - the simulated machine on which the code under test runs: clock, futexes, participants
 *
 * There is one thread.  The segments are those of sim-files.h, which no other process sees.
 * Nothing differs between runs: an input that fails once always fails.
 *
 * Time stands still, except that each look at the clock adds a microsecond.  No participant really
 * sleeps: one that would sleep calls sim_asleep() instead, in which the target lets others act.
 * When that returns, one of them has woken it, or its deadline has come.
 *
 * The library is compiled with -finstrument-functions, so that sim_at() can run an action at the
 * n-th function entry or exit from now.  So it can run between any two looks at the segment,
 * because the function that looks is one of those functions.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/os/futex.h"

/* Sets up the machine anew; each input begins with this. */
void sim_begin(void);

/* sim_asleep() is called when a wait would sleep in line; sleeps counts these calls since
 * sim_begin().  A participant that would sleep on the lock lets no other act: the owner of the lock
 * dies or releases it after some seconds.  If nothing ends a sleep without a deadline, sim_stuck()
 * is called, which does not return. */
extern void (*sim_asleep)(unsigned sleeps);
extern void (*sim_stuck)(void);

/* Wakes at most `count` sleepers of a word, as a poster or the kernel does. */
int sim_wake(uint32_t *word, int count);

#define SIM_LAST_TID (4 * 1024 * 1024) /* of participant 0; the others count down */

/* There are participants 0 to 7, each with a robust list of its own.  sim_act_as() sets which one
 * acts now.  sim_register_list() sets which list that one has registered; NULL: libc's. */
void sim_act_as(unsigned participant);
void sim_register_list(struct robust_list_head *head);

/* In sim_asleep(): ends the newest sleep as if a signal handler had run. */
void sim_signal(void);

/* Whether the kernel has futex_waitv(2). */
extern bool sim_has_waitv;

/* sim_sleepers() returns the number of sleepers.  sim_leave() forgets those after the first
 * `sleepers`, after a jump out of a sleep. */
size_t sim_sleepers(void);
void sim_leave(size_t sleepers);

/* sim_pass_time() lets so many nanoseconds pass.  sim_now() returns the time, and adds nothing to
 * it. */
void sim_pass_time(int64_t ns);
int64_t sim_now(void);

/* Calls act(argument) after this many events from now; false if there is no room. */
bool sim_at(unsigned events, void (*act)(void *), void *argument);

/* Forgets all actions that sim_at() has not called yet. */
void sim_cancel_acts(void);

/* Fails with a sentence. */
_Noreturn void sim_fail(const char *sentence);

#define REQUIRE(condition)                                  \
	do {                                                \
		if (!(condition))                           \
			sim_fail(__FILE__ ": " #condition); \
	} while (0)

#endif
