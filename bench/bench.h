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

/* Process groups of children that may be alive; whoever ends, ends them. */
static pid_t groups[4];

static inline void
end_groups(void)
{
	for (size_t i = 0; i < COUNT(groups); i++)
		if (groups[i] > 0)
			kill(-groups[i], SIGKILL);
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
	end_groups();
	exit(1);
}

static inline void
end_by_signal(int signal)
{
	end_groups();
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

/* group 0: a process group of its own. */
static inline pid_t
start(char *const *command, pid_t group)
{
	posix_spawnattr_t attr;
	pid_t pid;
	int error;

	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, group);
	error = posix_spawn(&pid, command[0], NULL, &attr, command, environ);
	posix_spawnattr_destroy(&attr);
	if (error)
		die("%s: %s", command[0], strerror(error));
	return pid;
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

#endif
