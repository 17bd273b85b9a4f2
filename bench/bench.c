/* SPDX-License-Identifier: ISC
 *
 * bench.c - clock, random numbers and child processes; however a program ends, no child is left
 */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/proc.h"

extern char **environ;

/* ---- the end ------------------------------------------------------------------------- */

pid_t bench_groups[4], *bench_crowd;
size_t bench_crowd_count;

void
bench_end_children(void)
{
	for (size_t i = 0; i < COUNT(bench_groups); i++)
		if (bench_groups[i] > 0)
			kill(-bench_groups[i], SIGKILL);
	for (size_t i = 0; i < bench_crowd_count; i++)
		if (bench_crowd[i] > 0)
			kill(bench_crowd[i], SIGKILL);
}

_Noreturn void
bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	bench_end_children();
	exit(1);
}

static void
end_by_signal(int signal)
{
	bench_end_children();
	_exit(128 + signal);
}

void
bench_prepare_to_end(void)
{
	const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };

	for (size_t i = 0; i < COUNT(signals); i++)
		signal(signals[i], end_by_signal);
}

/* ---- numbers --------------------------------------------------------------------------- */

double
bench_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

size_t
bench_number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		bench_die("%s: not a number", text);
	return n;
}

/* The generator is xorshift64. */
size_t
bench_draw(size_t below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % below);
}

void
bench_shuffle(size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t j = bench_draw(i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

/* ---- children ----------------------------------------------------------------------------- */

static pid_t
start_with(char *const *command, short flags)
{
	posix_spawnattr_t attr;
	pid_t pid;
	int error;

	if (command[0] == NULL)
		bench_die("a command is empty");
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, flags);
	error = posix_spawn(&pid, command[0], NULL, &attr, command, environ);
	posix_spawnattr_destroy(&attr);
	if (error)
		bench_die("%s: %s", command[0], strerror(error));
	return pid;
}

pid_t
bench_start(char *const *command)
{
	return start_with(command, POSIX_SPAWN_SETPGROUP);
}

void
bench_make_crowd(size_t room)
{
	bench_crowd_count = 0;
	bench_crowd = calloc(room, sizeof(*bench_crowd));
	if (bench_crowd == NULL)
		bench_die("%s", strerror(errno));
}

void
bench_join_crowd(char *const *command)
{
	bench_crowd[bench_crowd_count] = start_with(command, 0);
	bench_crowd_count++;
}

void
bench_reap(pid_t pid, const char *who)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_die("waitpid: %s", strerror(errno));
	if (status != 0)
		bench_die("%s: a command ended with wait status %#x", who, (unsigned)status);
}

const char *
bench_read_proc(pid_t pid, const char *file)
{
	static char text[4096];

	if (!proc_read(pid, file, text, sizeof(text)))
		text[0] = '\0';
	return text;
}

bool
bench_is_asleep(pid_t pid)
{
	const char *state = strrchr(bench_read_proc(pid, "stat"), ')');

	return state != NULL && strncmp(state, ") S", 3) == 0;
}

static bool
is_asleep_in_futex(pid_t pid)
{
	long number;

	if (!bench_is_asleep(pid))
		return false;
	number = strtol(bench_read_proc(pid, "syscall"), NULL, 10);
#ifdef SYS_futex_waitv
	if (number == SYS_futex_waitv)
		return true;
#endif
	return number == SYS_futex;
}

void
bench_await_futex(pid_t pid, const char *who)
{
	double give_up = bench_now_us() + LIMIT_SECONDS * 1e6;

	while (!is_asleep_in_futex(pid)) {
		if (bench_now_us() > give_up)
			bench_die("%s did not go to sleep in a futex", who);
		usleep(200);
	}
}

void
bench_await_crowd(const char *who)
{
	for (int look = 0; look < 2; look++) {
		for (size_t i = 0; i < bench_crowd_count; i++)
			bench_await_futex(bench_crowd[i], who);
		usleep(100000);
	}
}
