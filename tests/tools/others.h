/* SPDX-License-Identifier: ISC
 *
 * others - processes that wait beside the victim, and a few small helpers
 *
 * Whether all of them have settled is asked of the kernel and never of compl: a
 * command of compl's that takes the lock would repair, and hide a lost wake-up.
 */
#ifndef OTHERS_H
#define OTHERS_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Prints where we are, ends everything; see kill-stepper.c. */
_Noreturn void give_up(const char *why);

struct other {
	pid_t pid;
	bool ended;
	bool stopped; /* by us: at rest */
	int status;
	unsigned long switches;
};

static inline void
pause_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static inline int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* For a child: whatever it prints is of no interest. */
static inline void
silence(void)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (null > 2)
		close(null);
}

/* A small file of /proc/PID, as a string. */
static inline bool
read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* Sleeps in a futex call, or for its CMD in poll(2).  The state is read after the place: who was woken
 * meanwhile is running. */
static inline bool
is_asleep(pid_t pid)
{
	char wchan[64], stat[256], *state;

	if (!read_proc(pid, "wchan", wchan, sizeof wchan) ||
	    (!strstr(wchan, "futex") && !strstr(wchan, "poll")))
		return false;
	if (!read_proc(pid, "stat", stat, sizeof stat))
		return false;
	state = strrchr(stat, ')');
	return state && state[2] == 'S';
}

/* Sleeps on the lock of a segment: in a segment no other word that is slept on lies at 64 bytes
 * from a multiple of 128. */
static inline bool
is_at_lock(pid_t pid)
{
	unsigned long call, word;
	char text[256];

	return read_proc(pid, "syscall", text, sizeof text) &&
	       sscanf(text, "%lu 0x%lx", &call, &word) == 2 && call == SYS_futex &&
	       word % 128 == 64;
}

/* How often it has been put on a processor; where the kernel does not count that, how often it
 * has left one to sleep. */
static inline unsigned long
switches_of(pid_t pid)
{
	unsigned long count;
	char text[4096], *line;

	if (read_proc(pid, "schedstat", text, sizeof text) &&
	    sscanf(text, "%*s %*s %lu", &count) == 1)
		return count;
	if (!read_proc(pid, "status", text, sizeof text))
		return 0;
	line = strstr(text, "\nvoluntary_ctxt_switches:");
	return line ? strtoul(line + 25, NULL, 10) : 0;
}

static inline void
other_start(struct other *o, char *const argv[])
{
	cpu_set_t all;
	pid_t pid;

	memset(&all, 0xff, sizeof all);
	pid = fork();
	if (pid == 0) {
		sched_setaffinity(0, sizeof all, &all);
		silence();
		execv(argv[0], argv);
		_exit(127);
	}
	*o = (struct other){ .pid = pid };
	if (o->pid < 0)
		give_up("fork");
}

static inline void
other_reap(struct other *o, int flags)
{
	if (!o->ended && waitpid(o->pid, &o->status, flags) == o->pid)
		o->ended = true;
}

static inline void
other_kill(struct other *o)
{
	if (!o->ended)
		kill(o->pid, SIGKILL);
	while (!o->ended)
		other_reap(o, 0);
}

/* Stops it for good, or lets it go on. */
static inline void
other_stop(struct other *o, bool stop)
{
	char stat[256], *state;

	if (o->ended || o->stopped == stop)
		return;
	kill(o->pid, stop ? SIGSTOP : SIGCONT);
	o->stopped = stop;
	do {
		if (!read_proc(o->pid, "stat", stat, sizeof stat))
			return;
		state = strrchr(stat, ')');
	} while (state && (state[2] == 'T') != stop);
}

/* One look: everybody has ended or sleeps.  changed: somebody ran since the last
 * look. */
static inline bool
others_rest(struct other *o, size_t count, bool *changed)
{
	size_t i;

	for (i = 0; i < count; i++) {
		unsigned long switches;
		bool ended = o[i].ended;

		other_reap(&o[i], WNOHANG);
		*changed |= ended != o[i].ended;
		if (o[i].ended || o[i].stopped)
			continue;
		switches = switches_of(o[i].pid);
		if (!is_asleep(o[i].pid))
			return false;
		*changed |= switches != o[i].switches;
		o[i].switches = switches;
	}
	return true;
}

/* Waits until all have ended or sleep, with an instant at which that was so of all
 * together: two looks between which nobody ran.  False after ten seconds.  (They need the
 * processor more than we do.) */
static inline bool
others_settle(struct other *o, size_t count)
{
	int64_t end = now_us() + 10000000;
	long pause = 25;

	while (now_us() < end) {
		bool changed = false;

		if (!others_rest(o, count, &changed)) {
			pause_us(pause);
			pause = pause < 4000 ? pause * 2 : pause;
		} else if (!changed) {
			return true;
		}
	}
	return false;
}

#endif
