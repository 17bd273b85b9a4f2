/* SPDX-License-Identifier: ISC
 *
 * replay.c - runs a fuzz target once on each file of its corpus, or on the files given as arguments
 *
 * It replaces libFuzzer's main(), so that any compiler can be used.  As a test it shows that the
 * corpus, which has the inputs of former crashes, does no harm any more.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 65536
#define FILES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *files[FILES_MAX];
static int file_count;
static const char *current;

static void
ends_badly(int signal)
{
	static const char text[] = "# crashes, or takes more than 20 seconds: ";

	(void)!write(1, text, sizeof text - 1);
	(void)!write(1, current, strlen(current));
	(void)!write(1, "\n", 1);
	_exit(128 + signal);
}

static bool
run_file(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;
	uint8_t *copy;

	if (!file)
		return false;
	size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	copy = malloc(size ? size : 1); /* so that a read of one byte too many is seen */
	if (!copy)
		return false;
	memcpy(copy, bytes, size);
	current = path;
	alarm(20);
	LLVMFuzzerTestOneInput(copy, size);
	alarm(0);
	free(copy);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list_corpus(const char *target)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof path, "tests/fuzz/corpus/%s", target);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)) && file_count < FILES_MAX)
		if (*entry->d_name != '.') {
			snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", target,
				 entry->d_name);
			files[file_count++] = strdup(path);
		}
	closedir(dir);
	qsort(files, (size_t)file_count, sizeof *files, by_name);
}

/* A sanitizer says more about a bad address than a handler here could. */
static void
catch_signals(void)
{
	signal(SIGALRM, ends_badly);
	signal(SIGABRT, ends_badly);
#ifndef __SANITIZE_ADDRESS__
	signal(SIGSEGV, ends_badly);
	signal(SIGBUS, ends_badly);
#endif
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *target = slash ? slash + 1 : argv[0];
	bool passed = true;
	int i;

	for (i = 1; i < argc && file_count < FILES_MAX; i++)
		files[file_count++] = argv[i];
	if (argc == 1)
		list_corpus(target);
	catch_signals();
	printf("1..1\n");
	fflush(stdout);
	for (i = 0; i < file_count; i++)
		passed &= run_file(files[i]);
	passed &= file_count > 0;
	printf("%sok 1 - %d inputs of the fuzz target %s do no harm\n", passed ? "" : "not ",
	       file_count, target);
	return passed ? 0 : 1;
}
