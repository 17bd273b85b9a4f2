/* SPDX-License-Identifier: ISC
 *
 * world - what the code under test finds instead of the machine
 *
 * One thread, segments that nobody else sees (ground.h), and nothing that differs from run to run:
 * an input that fails, fails again.
 *
 * Time stands still but for a microsecond at each look at the clock.  Nobody sleeps: who
 * would, calls world_asleep() instead, where the target lets others act; then it has been
 * woken by one of them, or its deadline has come.
 *
 * The library is compiled with -finstrument-functions, so that world_at() can have something
 * done at the n-th entry or exit of a function from now: between any two looks at the
 * segment, for the function that looks is one of those.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/os/futex.h"

/* Each input begins with this. */
void world_begin(void);

/* Called by who would sleep in line; sleeps counts how often since world_begin().  Who would
 * sleep on the lock is alone with it: its owner, whoever that is, dies or goes on after some
 * seconds.  An endless sleep that nobody has ended is handed to world_stuck(), which does not
 * return. */
extern void (*world_asleep)(unsigned sleeps);
extern void (*world_stuck)(void);

/* Wakes so many sleepers of a word, as a poster does, or the kernel. */
int world_wake(uint32_t *word, int count);

/* Participants, 0 to 7, each with a robust list of its own: whose turn it is, and which list
 * it has registered; NULL for libc's. */
void world_turn(unsigned participant);
void world_list(struct robust_list_head *head);

/* In world_asleep(): a signal handler has run. */
void world_signal(void);

/* Whether the kernel has futex_waitv(2). */
extern bool world_has_waitv;

/* Forgets sleepers beyond the first so many: who jumps out of a sleep says so. */
size_t world_sleepers(void);
void world_leave(size_t sleepers);

void world_pass(int64_t ns);
int64_t world_now(void);

/* Calls act(argument) at the event so many from now; false if there is no room. */
bool world_at(unsigned events, void (*act)(void *), void *argument);
void world_nothing_more(void);

/* Fails with a sentence. */
_Noreturn void world_fail(const char *sentence);

#define REQUIRE(condition)                                    \
	do {                                                  \
		if (!(condition))                             \
			world_fail(__FILE__ ": " #condition); \
	} while (0)

#endif
