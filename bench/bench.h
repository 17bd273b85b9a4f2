/* SPDX-License-Identifier: ISC
 *
 * bench.h - what the measuring programs share: the clock, samples, children, and their end
 *
 * A sample is a line `SERIES UNIT VALUE`.  The n-th samples of two series belong to one round.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define LIMIT_SECONDS 120 /* no single measurement takes as long */

/* Children that may be alive; whoever ends, ends them: process groups, and a crowd of our own
 * group.  (In a group of their own, each that ends would have the kernel look for members that
 * live, over all that are not reaped yet, and those who start last and end first would pay for
 * the square of their number.) */
extern pid_t bench_groups[4], *bench_crowd;
extern size_t bench_crowd_count;

/* Kills them. */
void bench_end_children(void);

/* Says why, and ends all. */
__attribute__((format(printf, 1, 2))) _Noreturn void bench_die(const char *format, ...);

/* In every program, first of all. */
void bench_prepare_to_end(void);

/* CLOCK_MONOTONIC */
double bench_now_us(void);

/* A number of the command line. */
size_t bench_number(const char *text);

/* A random number; the same ones in each run. */
size_t bench_draw(size_t below);

/* In random order: in a fixed one everybody would always come behind the same neighbour,
 * and be slow or fast by what that one leaves in the caches. */
void bench_shuffle(size_t *order, size_t count);

/* In a process group of its own, to be noted in bench_groups[]. */
pid_t bench_start(char *const *command);

/* A crowd of so many at most, and one more in it. */
void bench_make_crowd(size_t room);
void bench_join_crowd(char *const *command);

/* Waits for a child, which must end with 0. */
void bench_reap(pid_t pid, const char *who);

/* The text of /proc/PID/FILE; empty if it cannot be read. */
const char *bench_read_proc(pid_t pid, const char *file);

bool bench_is_asleep(pid_t pid);

/* Waits until a child sleeps in a futex call. */
void bench_await_futex(pid_t pid, const char *who);

/* Waits until all of the crowd do.  One that sleeps because another has a lock sleeps no more a
 * moment later, so this looks twice. */
void bench_await_crowd(const char *who);

#endif
