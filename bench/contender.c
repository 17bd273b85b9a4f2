/* SPDX-License-Identifier: ISC
 *
 * contender.c - reads from the command line which commands are compared
 */
#include "contender.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void
read_asleep(struct contender *c, const char *how)
{
	char *end;

	if (strcmp(how, "futex") == 0)
		return;
	c->quiet_ms = strtod(how, &end);
	c->spread_ms = *end == ',' ? strtod(end + 1, &end) : 0;
	if (c->quiet_ms <= 0 || *end != '\0')
		bench_die("%s: neither futex nor milliseconds", how);
}

/* Reads one keyword and returns true, or returns false if the word is none.  A keyword becomes
 * NULL, which ends the command before it. */
static bool
read_keyword(struct contender *c, char **word)
{
	char ***commands[] = { &c->prepare, &c->wait, &c->post };
	const char *names[] = { "prepare:", "wait:", "post:" };
	bool known = true;

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(*word, names[i]) == 0) {
			*commands[i] = word + 1;
			*word = NULL;
			return true;
		}
	if (word[1] == NULL)
		return false;
	if (strcmp(*word, "crowd:") == 0)
		c->crowd = bench_number(word[1]);
	else if (strcmp(*word, "posts:") == 0)
		c->posts = bench_number(word[1]);
	else if (strcmp(*word, "each:") == 0)
		c->each = bench_number(word[1]);
	else if (strcmp(*word, "asleep:") == 0)
		read_asleep(c, word[1]);
	else
		known = false;
	if (known)
		*word = NULL;
	return known;
}

size_t
contender_read_all(char **argv, struct contender *contenders, size_t room)
{
	struct contender *c = NULL;
	size_t count = 0;

	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "@") == 0 && argv[1] != NULL && count < room) {
			c = &contenders[count++];
			*c = (struct contender){
				.series = argv[1], .crowd = 1, .posts = 1, .each = 1
			};
			*argv++ = NULL;
		} else if (c == NULL)
			bench_die("%s: not a contender's beginning", *argv);
		else
			read_keyword(c, argv);
	}
	for (size_t i = 0; i < count; i++)
		if (contenders[i].post == NULL)
			bench_die("%s: no post:", contenders[i].series);
	return count;
}
