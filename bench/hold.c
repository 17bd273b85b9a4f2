/* SPDX-License-Identifier: ISC
 *
 * hold.c - many sleepers, for as long as somebody else measures
 *
 * Usage: hold N NAMES SERIES COMMAND...
 *
 * Starts the command N times; a % in it becomes a number from 1 to NAMES.  When all sleep: nine
 * samples of their private memory, and a line `ready`.  At the end of its input it kills them.
 */
#include "bench.h"

#define SAMPLES 9

static pid_t
start_one(char **command, size_t i)
{
	char *words[16], texts[16][256];
	size_t count = 0;

	for (; command[count] != NULL; count++) {
		char *mark = strchr(command[count], '%');

		if (count + 1 == COUNT(words))
			die("the command is too long");
		words[count] = command[count];
		if (mark == NULL)
			continue;
		snprintf(texts[count], sizeof(texts[count]), "%.*s%zu%s",
			 (int)(mark - command[count]), command[count], i, mark + 1);
		words[count] = texts[count];
	}
	words[count] = NULL;
	return start(words, groups[0]);
}

static long
private_kib(pid_t pid)
{
	const char *text = read_proc(pid, "smaps_rollup");
	const char *clean = strstr(text, "Private_Clean:"), *dirty = strstr(text, "Private_Dirty:");

	if (clean == NULL || dirty == NULL)
		die("cannot read smaps_rollup of %d", (int)pid);
	return strtol(strchr(clean, ':') + 1, NULL, 10) + strtol(strchr(dirty, ':') + 1, NULL, 10);
}

/* Who is asleep on the internal lock is not for long: looked at twice. */
static void
await_all(const pid_t *pids, size_t count)
{
	for (int look = 0; look < 2; look++) {
		for (size_t i = 0; i < count; i++)
			await_futex(pids[i], "a sleeper");
		usleep(100000);
	}
}

static void
await_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

int
main(int argc, char **argv)
{
	size_t count, names;
	pid_t *pids;

	prepare_to_end();
	if (argc < 5)
		die("usage: hold N NAMES SERIES COMMAND...");
	count = number(argv[1]);
	names = number(argv[2]);
	pids = calloc(count, sizeof(*pids));
	if (pids == NULL || count < SAMPLES || names == 0)
		die("too many or too few");
	for (size_t i = 0; i < count; i++) {
		pids[i] = start_one(argv + 4, 1 + i % names);
		if (i == 0)
			groups[0] = pids[0];
	}
	await_all(pids, count);
	for (size_t i = 0; i < SAMPLES; i++)
		printf("%s KiB %ld\n", argv[3], private_kib(pids[i * (count - 1) / (SAMPLES - 1)]));
	puts("ready");
	fflush(stdout);
	await_end_of_input();
	end_groups();
	for (size_t i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	return 0;
}
