/* SPDX-License-Identifier: ISC
 *
 * contender - who is compared with whom, as the command line says it
 *
 *	@ SERIES [prepare: COMMAND] [crowd: N] [asleep: HOW] [wait: COMMAND]
 *	  [posts: N] [each: N] post: COMMAND
 *
 * N waiters (1) are started, and then the post, N times (1) one after the other.  Without `wait:`
 * there is only the post.  The time is divided by `each:`.  HOW tells when a waiter is at its place: `futex` (the default): when
 * it sleeps in a futex; else milliseconds: when it has slept for so long.  Behind a comma, up to so
 * many milliseconds more, at random: for who looks at something from time to time.
 *
 * Commands are run as they are, without a shell and without PATH.
 */
#ifndef CONTENDER_H
#define CONTENDER_H

#include "bench.h"

struct contender {
	const char *series;
	char **prepare, **wait, **post; /* or NULL */
	size_t crowd, posts, each;
	double quiet_ms, spread_ms; /* quiet_ms is 0: futex */
};

/* What of the command line is a contender's; the words between are cut into commands. */
struct reader {
	char **argv;
	struct contender *contender;
};

static inline void
read_asleep(struct contender *c, const char *how)
{
	char *end;

	if (strcmp(how, "futex") == 0)
		return;
	c->quiet_ms = strtod(how, &end);
	c->spread_ms = *end == ',' ? strtod(end + 1, &end) : 0;
	if (c->quiet_ms <= 0 || *end != '\0')
		die("%s: neither futex nor milliseconds", how);
}

/* One keyword; true if the word is one.  What stands before it is a command's end. */
static inline bool
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
		c->crowd = number(word[1]);
	else if (strcmp(*word, "posts:") == 0)
		c->posts = number(word[1]);
	else if (strcmp(*word, "each:") == 0)
		c->each = number(word[1]);
	else if (strcmp(*word, "asleep:") == 0)
		read_asleep(c, word[1]);
	else
		known = false;
	if (known)
		*word = NULL;
	return known;
}

/* Returns how many there are; argv begins with the first @. */
static inline size_t
read_contenders(char **argv, struct contender *contenders, size_t room)
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
			die("%s: not a contender's beginning", *argv);
		else
			read_keyword(c, argv);
	}
	for (size_t i = 0; i < count; i++)
		if (contenders[i].post == NULL)
			die("%s: no post:", contenders[i].series);
	return count;
}

#endif
