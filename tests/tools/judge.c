/* SPDX-License-Identifier: ISC
 *
 * judge.c - reads histories and says whether compl may have made them
 *
 * Usage: judge [FILE...]
 *
 * The text is that of history-text.h.  Ends with 0 if an order of events explains each history,
 * with 1 if none does, with 2 if the search was too long or the text is not a history.
 */
#include <stdio.h>

#include "history-text.h"
#include "linear.h"

static struct history history;

static int
judge(struct linear *l, FILE *from, const char *name)
{
	static const char *const words[] = { "linearizable", "VIOLATION", "too long to tell" };
	unsigned wrong = history_read(from, &history);
	enum verdict verdict;

	if (wrong) {
		fprintf(stderr, "judge: %s: line %u is not an operation\n", name, wrong);
		return 2;
	}
	verdict = linear_judge(l, &history);
	printf("%s: %s: %u operations, %u states\n", name, words[verdict], (unsigned)history.count,
	       (unsigned)l->states);
	if (verdict == LINEAR_NO)
		linear_explain(stdout, l);
	return (int)verdict;
}

int
main(int argc, char **argv)
{
	struct linear *l = linear_new();
	int i, one, worst = 0;

	if (!l) {
		perror("judge");
		return 2;
	}
	if (argc == 1)
		return judge(l, stdin, "history");
	for (i = 1; i < argc; i++) {
		FILE *from = fopen(argv[i], "r");

		if (!from) {
			perror(argv[i]);
			return 2;
		}
		one = judge(l, from, argv[i]);
		worst = one > worst ? one : worst;
		fclose(from);
	}
	return worst;
}
