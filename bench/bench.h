/* SPDX-License-Identifier: ISC
 *
 * bench - what the measuring programs share: the clock, samples, children, and their end
 *
 * A sample is a line `SERIES UNIT VALUE`.  The n-th samples of two series belong to one round.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define LIMIT_SECONDS 120 /* no single measurement takes as long */

extern char **environ;

/* ---- the end ------------------------------------------------------------------------- */

/* Children that may be alive; whoever ends, ends them: process groups, and a crowd of our own
 * group.  (In a group of their own, each that ends would have the kernel look for members that
 * live, over all that are not reaped yet, and those who start last and end first would pay for
 * the square of their number.) */
static pid_t groups[4], *crowd;
static size_t crowd_count;

static inline void
end_children(void)
{
	for (size_t i = 0; i < COUNT(groups); i++)
		if (groups[i] > 0)
			kill(-groups[i], SIGKILL);
	for (size_t i = 0; i < crowd_count; i++)
		if (crowd[i] > 0)
			kill(crowd[i], SIGKILL);
}

__attribute__((format(printf, 1, 2))) static inline _Noreturn void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	end_children();
	exit(1);
}

static inline void
end_by_signal(int signal)
{
	end_children();
	_exit(128 + signal);
}

/* In every program, first of all. */
static inline void
prepare_to_end(void)
{
	const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };

	for (size_t i = 0; i < COUNT(signals); i++)
		signal(signals[i], end_by_signal);
}

/* ---- numbers --------------------------------------------------------------------------- */

static inline double
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static inline size_t
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		die("%s: not a number", text);
	return n;
}

/* xorshift64, always with the same seed. */
static inline size_t
draw(size_t below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % below);
}

/* In random order: in a fixed one everybody would always come behind the same neighbour,
 * and be slow or fast by what that one leaves in the caches. */
static inline void
shuffle(size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t j = draw(i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

/* ---- children ----------------------------------------------------------------------------- */

static inline pid_t
start_with(char *const *command, short flags)
{
	posix_spawnattr_t attr;
	pid_t pid;
	int error;

	if (command[0] == NULL)
		die("a command is empty");
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, flags);
	error = posix_spawn(&pid, command[0], NULL, &attr, command, environ);
	posix_spawnattr_destroy(&attr);
	if (error)
		die("%s: %s", command[0], strerror(error));
	return pid;
}

/* In a process group of its own, to be noted in groups[]. */
static inline pid_t
start(char *const *command)
{
	return start_with(command, POSIX_SPAWN_SETPGROUP);
}

static inline void
make_crowd(size_t room)
{
	crowd_count = 0;
	crowd = calloc(room, sizeof(*crowd));
	if (crowd == NULL)
		die("%s", strerror(errno));
}

static inline void
join_crowd(char *const *command)
{
	crowd[crowd_count] = start_with(command, 0);
	crowd_count++;
}

static inline void
reap(pid_t pid, const char *who)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid: %s", strerror(errno));
	if (status != 0)
		die("%s: a command ended with wait status %#x", who, (unsigned)status);
}

/* The text of /proc/PID/FILE; empty if it cannot be read. */
static inline const char *
read_proc(pid_t pid, const char *file)
{
	static char text[4096];
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline bool
is_asleep(pid_t pid)
{
	const char *state = strrchr(read_proc(pid, "stat"), ')');

	return state != NULL && strncmp(state, ") S", 3) == 0;
}

static inline bool
is_asleep_in_futex(pid_t pid)
{
	long number;

	if (!is_asleep(pid))
		return false;
	number = strtol(read_proc(pid, "syscall"), NULL, 10);
#ifdef SYS_futex_waitv
	if (number == SYS_futex_waitv)
		return true;
#endif
	return number == SYS_futex;
}

static inline void
await_futex(pid_t pid, const char *who)
{
	double give_up = now_us() + LIMIT_SECONDS * 1e6;

	while (!is_asleep_in_futex(pid)) {
		if (now_us() > give_up)
			die("%s did not go to sleep in a futex", who);
		usleep(200);
	}
}

/* All of the crowd are.  Who sleeps because somebody else has a lock sleeps no more a moment
 * later, so this looks twice. */
static inline void
await_crowd(const char *who)
{
	for (int look = 0; look < 2; look++) {
		for (size_t i = 0; i < crowd_count; i++)
			await_futex(crowd[i], who);
		usleep(100000);
	}
}

#endif
