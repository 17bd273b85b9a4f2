/* SPDX-License-Identifier: ISC
 *
 * bench.h - what the measuring programs share: clock, random numbers, child processes and their end
 *
 * A sample is a line `SERIES UNIT VALUE`.  The n-th samples of two series belong to the same round.
 * A crowd is many waiters that are started together and released together.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define LIMIT_SECONDS 120 /* more than any single measurement takes */

/* Children that may be alive.  A program that ends, for whatever reason, kills them first.  They
 * are process groups and a crowd.  The crowd is in our own process group: when a process of
 * another group ends, the kernel looks for living members of that group, over all members that
 * are not reaped yet.  The total would grow with the square of the size of the crowd. */
extern pid_t bench_groups[4], *bench_crowd;
extern size_t bench_crowd_count;

/* Kills all of these children. */
void bench_end_children(void);

/* Prints a message, kills the children, and exits with 1. */
__attribute__((format(printf, 1, 2))) _Noreturn void bench_die(const char *format, ...);

/* Every program calls this first.  From then on a signal that ends it kills the children, too. */
void bench_prepare_to_end(void);

/* CLOCK_MONOTONIC, in microseconds. */
double bench_now_us(void);

/* Reads a number from the command line, or dies. */
size_t bench_number(const char *text);

/* Returns a random number less than `below`.  Each run draws the same numbers. */
size_t bench_draw(size_t below);

/* Fills order[] with 0 to count - 1, in random order.  In a fixed order each would always follow
 * the same one, and would be slow or fast because of what that one leaves in the caches. */
void bench_shuffle(size_t *order, size_t count);

/* Starts a command in a process group of its own.  The caller stores it in bench_groups[]. */
pid_t bench_start(char *const *command);

/* Makes an empty crowd for at most `room` processes; starts one more process in it. */
void bench_make_crowd(size_t room);
void bench_join_crowd(char *const *command);

/* Waits for a child to end; dies if its exit status is not 0. */
void bench_reap(pid_t pid, const char *who);

/* Returns the text of /proc/PID/FILE; an empty text if it cannot be read. */
const char *bench_read_proc(pid_t pid, const char *file);

bool bench_is_asleep(pid_t pid);

/* Waits until a child sleeps in a futex call. */
void bench_await_futex(pid_t pid, const char *who);

/* Waits until every process of the crowd sleeps in a futex call.  It looks twice, because a process
 * may sleep only for a moment, while another one holds a lock. */
void bench_await_crowd(const char *who);

#endif
