/* SPDX-License-Identifier: ISC
 *
 * hold.c - keeps many waiters asleep while something else is measured
 *
 * Usage: hold N NAMES SERIES COMMAND...
 *
 * Starts the command N times; a % in it becomes a number from 1 to NAMES.  When all sleep, it
 * prints nine samples of their private memory and the line `ready`.  At the end of its input it
 * kills them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SAMPLES 9

static void
start_one(char **command, size_t i)
{
	char *words[16], texts[16][256];
	size_t count = 0;

	for (; command[count] != NULL; count++) {
		char *mark = strchr(command[count], '%');

		if (count + 1 == COUNT(words))
			bench_die("the command is too long");
		words[count] = command[count];
		if (mark == NULL)
			continue;
		snprintf(texts[count], sizeof(texts[count]), "%.*s%zu%s",
			 (int)(mark - command[count]), command[count], i, mark + 1);
		words[count] = texts[count];
	}
	words[count] = NULL;
	bench_join_crowd(words);
}

static long
private_kib(pid_t pid)
{
	const char *text = bench_read_proc(pid, "smaps_rollup");
	const char *clean = strstr(text, "Private_Clean:"), *dirty = strstr(text, "Private_Dirty:");

	if (clean == NULL || dirty == NULL)
		bench_die("cannot read smaps_rollup of %d", (int)pid);
	return strtol(strchr(clean, ':') + 1, NULL, 10) + strtol(strchr(dirty, ':') + 1, NULL, 10);
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

	bench_prepare_to_end();
	if (argc < 5)
		bench_die("usage: hold N NAMES SERIES COMMAND...");
	count = bench_number(argv[1]);
	names = bench_number(argv[2]);
	if (count < SAMPLES || names == 0)
		bench_die("too few");
	bench_make_crowd(count);
	for (size_t i = 0; i < count; i++)
		start_one(argv + 4, 1 + i % names);
	bench_await_crowd(argv[3]);
	for (size_t i = 0; i < SAMPLES; i++)
		printf("%s KiB %ld\n", argv[3],
		       private_kib(bench_crowd[i * (count - 1) / (SAMPLES - 1)]));
	puts("ready");
	fflush(stdout);
	await_end_of_input();
	bench_end_children();
	for (size_t i = 0; i < count; i++)
		waitpid(bench_crowd[i], NULL, 0);
	return 0;
}
