/* SPDX-License-Identifier: ISC
 *
 * garbage.c - runs all commands on segments of bad bytes
 *
 * Usage: garbage COMPL NAMESPACE SEED ROUNDS
 *
 * Each round takes the bytes of a good segment (names, values, waiters that are dead by now),
 * corrupts them in one of several ways, and runs every command on a fresh copy.  A command may
 * answer what it likes, but it must answer: it must not die by a signal, end with a status that is
 * not documented, or hang.  On a failure this program prints seed and round, and leaves the file
 * that caused it as garbage.bin.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../segment-path.h"
#include "compl.h"
#include "shm/segment/layout.h"

#define EXTENTS 32

/* The parts of the file that hold data. */
static struct {
	off_t at;
	size_t size;
	unsigned char *good, *bad;
} extent[EXTENTS];
static size_t extents, total;
static off_t length;

static const char *program, *name;
static char path[SEGMENT_PATH_MAX];
static unsigned seed, round_number;

static _Noreturn void
fail(const char *why)
{
	printf("# garbage: seed %u, round %u: %s\n", seed, round_number, why);
	exit(1);
}

/* Starts a command without output. */
static pid_t
start(const char *line)
{
	static char text[256];
	char *argv[20], *word;
	size_t n = 0;
	pid_t pid;

	snprintf(text, sizeof text, "%s", line);
	argv[n++] = (char *)(uintptr_t)program;
	argv[n++] = (char *)(uintptr_t) "-n";
	argv[n++] = (char *)(uintptr_t)name;
	for (word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execv(program, argv);
		_exit(127);
	}
	return pid;
}

/* Waits, for 12 seconds at most: several names may each wait a second for the lock. */
static int
finish(pid_t pid, const char *line)
{
	struct timespec nap = { 0, 200000 };
	int status, i;

	for (i = 0; i < 60000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&nap, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	fprintf(stderr, "# the command hangs: %s\n", line);
	return -1;
}

static int
run(const char *line)
{
	return finish(start(line), line);
}

/* Makes a good segment with all kinds of records. */
static void
make_good(void)
{
	static const char *const lines[] = {
		"init a b long/name/with:many@characters",
		"done a --count 3 --status 2 --value a-value",
		"done c d --value x",
		"done e --all --value everybody",
	};
	static const char *const waits[] = { "wait w1", "wait w1 w2", "wait w2 w3 --any",
					     "wait a b", "wait b --count 7" };
	pid_t pid[sizeof waits / sizeof *waits];
	struct timespec nap = { 0, 30000000 };
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++)
		if (run(lines[i]) != 0)
			fail(lines[i]);
	for (i = 0; i < sizeof waits / sizeof *waits; i++)
		pid[i] = start(waits[i]);
	nanosleep(&nap, NULL);
	for (i = 0; i < sizeof waits / sizeof *waits; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
}

static void
read_good(void)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	off_t at = 0;

	if (fd < 0 || fstat(fd, &st))
		fail("no segment to begin with");
	length = st.st_size;
	while (extents < EXTENTS && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(fd, at, SEEK_HOLE);
		size_t size = (size_t)(end - at), i = extents++;

		extent[i].at = at;
		extent[i].size = size;
		extent[i].good = malloc(size);
		extent[i].bad = malloc(size);
		if (!extent[i].good || !extent[i].bad ||
		    pread(fd, extent[i].good, size, at) != (ssize_t)size)
			fail("the segment cannot be read");
		total += size;
		at = end;
	}
	close(fd);
}

static void
write_bad(const char *to)
{
	int fd = open(to, O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t i;

	if (fd < 0 || ftruncate(fd, length))
		fail("the segment cannot be written");
	for (i = 0; i < extents; i++)
		if (pwrite(fd, extent[i].bad, extent[i].size, extent[i].at) !=
		    (ssize_t)extent[i].size)
			fail("the segment cannot be written");
	close(fd);
}

/* ---- ways to corrupt --------------------------------------------------------------- */

static uint32_t
any_word(void)
{
	return (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

/* Values that find mistakes in code. */
static uint32_t
nasty_word(void)
{
	switch (rand() % 8) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return (uint32_t)rand() % 16;
	case 3:
		return UINT32_C(0x80000000) | (uint32_t)rand() % 40000;
	case 4:
		return UINT32_C(0x40000000) | (uint32_t)rand() % 40000;
	case 5:
		return (uint32_t)rand() % 70000;
	case 6:
		return (uint32_t)length - (uint32_t)rand() % 300;
	default:
		return any_word();
	}
}

static unsigned char *
any_address(size_t align, size_t from)
{
	for (;;) {
		size_t at = ((size_t)rand() << 8 ^ (size_t)rand()) % (total / align) * align, i;

		if (at < from)
			continue;
		for (i = 0; at >= extent[i].size; i++)
			at -= extent[i].size;
		return extent[i].bad + at;
	}
}

/* A word that is not 0, where data are. */
static unsigned char *
used_address(void)
{
	unsigned char *p;
	int tries;

	for (tries = 0; tries < 10000; tries++) {
		p = any_address(4, 8);
		if (p[0] | p[1] | p[2] | p[3])
			break;
	}
	return p;
}

static void
corrupt(void)
{
	int kind = rand() % 6, n = 1 + rand() % 12, i;
	uint32_t word;
	size_t k;

	for (k = 0; k < extents; k++)
		memcpy(extent[k].bad, extent[k].good, extent[k].size);
	if (kind == 0) { /* everything */
		for (k = 0; k < total / 4; k++) {
			word = any_word();
			memcpy(any_address(4, 0), &word, 4);
		}
	} else if (kind == 1) { /* everything but the first 64 bytes */
		for (k = 0; k < total / 8; k++) {
			word = rand() % 3 ? nasty_word() : any_word();
			memcpy(any_address(4, 64), &word, 4);
		}
	} else if (kind == 2) { /* single bits */
		for (i = 0; i < 4 * n; i++)
			*used_address() ^= (unsigned char)(1 << rand() % 8);
	} else { /* a few words */
		for (i = 0; i < n; i++) {
			word = nasty_word();
			memcpy(kind == 3 ? any_address(4, 8) : used_address(), &word, 4);
		}
	}
}

/* Commands rightly wait for a living owner of the lock.  They also wait for any owner that may live
 * in another pid namespace, as the owner of a seat; and if our namespace's number is corrupted,
 * every owner may.  So such a lock is set free. */
static void
free_lock(void)
{
	size_t from = offsetof(struct layout_header, mixed);
	size_t to = offsetof(struct layout_header, job_kind);
	unsigned char *at = extent[0].bad + offsetof(struct layout_header, lock);
	bool elsewhere = memcmp(extent[0].bad + from, extent[0].good + from, to - from) != 0;
	uint32_t lock, owner;

	memcpy(&lock, at, 4);
	owner = lock & 0x3fffffff;
	if (lock >> 30 == 2 && owner && (owner <= 4194304 || owner >> 29 != 0) &&
	    (elsewhere || owner >> 29 != 0 || !kill((pid_t)owner, 0) || errno != ESRCH))
		memset(at, 0, 4);
}

/* ---- a round ------------------------------------------------------------------------- */

/* wait and try end with a posted status, or with what the corrupted bytes say. */
static bool
may_be_any(const char *line)
{
	return !strncmp(line, "wait", 4) || !strncmp(line, "try", 3);
}

static bool
is_answer(const char *line, int status)
{
	static const int answers[] = { 0, 1, 2, 120, 121, 124, 125 };
	size_t i;

	if (!WIFEXITED(status))
		return false;
	for (i = 0; i < sizeof answers / sizeof *answers; i++)
		if (WEXITSTATUS(status) == answers[i])
			return true;
	return may_be_any(line);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run_round(void)
{
	static const char *const lines[] = {
		"check",
		"ls --json",
		"test a",
		"try a b c",
		"wait w1 --timeout 20ms",
		"wait w2 e c --any --timeout 20ms",
		"done w1 --count 2",
		"done a --value other",
		"reinit a --force",
		"done w2 --all",
		"rm b w3",
		"init new1 new2",
		"wait a w1 w2 b --count 2 --timeout 20ms",
		"done b --status 9",
		"ls --names",
		"check",
	};
	double begin = seconds();
	size_t i;

	corrupt();
	free_lock();
	write_bad(path);
	/* If the lock itself is corrupted each command takes a second: a few are enough. */
	for (i = 0; i < sizeof lines / sizeof *lines && seconds() - begin < 3; i++) {
		int status = run(lines[i]);

		if (status == -1 || !is_answer(lines[i], status)) {
			write_bad("garbage.bin");
			printf("# status 0x%x: %s\n", (unsigned)status, lines[i]);
			fail("not an answer");
		}
	}
}

int
main(int argc, char **argv)
{
	struct compl_where where = { .uid = geteuid() };
	unsigned rounds;

	if (argc != 5)
		return 2;
	program = argv[1];
	name = where.space = argv[2];
	seed = (unsigned)atoi(argv[3]);
	rounds = (unsigned)atoi(argv[4]);
	srand(seed);
	if (!segment_path(path, sizeof path, &where))
		return 2;
	make_good();
	read_good();
	for (round_number = 0; round_number < rounds; round_number++)
		run_round();
	unlink(path);
	return 0;
}
