/* SPDX-License-Identifier: ISC
 *
 * history-text.c - prints a history, and reads what it has printed
 */
#include "history-text.h"

#include <stdlib.h>
#include <string.h>

const char *const history_kind_words[KINDS] = {
	"done",	   "wait", "test",  "init",  "reinit", "rm",
	"promise", "keep", "break", "death", "list",   "rest",
};

const char *const history_result_words[RESULTS] = {
	"nothing",	 "ok",		"not-done",  "timed-out", "removed",
	"producer-died", "interrupted", "missing",   "exists",	  "busy",
	"refused",	 "locked",	"signalled", "killed",	  "wrong",
};

/* ---- writing ----------------------------------------------------------------- */

static void
print_value(FILE *to, uint16_t value)
{
	if (value)
		fprintf(to, "v%u", value);
	else
		fputc('-', to);
}

void
history_print_shot(FILE *to, const struct shot *shot)
{
	unsigned n, i;

	for (n = 0; n < NAMES; n++) {
		const struct name_state *l = &shot->name[n].state;

		if (!shot->name[n].listed)
			continue;
		fprintf(to, " %c:%u:%u:", name_letter(n), (unsigned)l->done, l->status);
		print_value(to, l->value);
		fprintf(to, ":%s", l->init ? "i" : "");
		for (i = 0; i < shot->name[n].waiters; i++)
			fprintf(to, "+%d/%u", (int)shot->name[n].line[i].pid,
				(unsigned)shot->name[n].line[i].need);
		for (i = 0; i < shot->name[n].producers; i++)
			fprintf(to, "*%d", (int)shot->name[n].producer[i]);
	}
}

void
history_print_ask(FILE *to, const struct ask *a)
{
	unsigned i;

	fprintf(to, " %s ", history_kind_words[a->kind]);
	for (i = 0; i < a->count; i++)
		fputc(name_letter(a->names[i]), to);
	if (a->tokens)
		fprintf(to, " tokens=%u", (unsigned)a->tokens);
	if (a->status)
		fprintf(to, " status=%u", a->status);
	if (a->value)
		fprintf(to, " value=v%u", a->value);
	fprintf(to, "%s%s%s%s%s%s%s%s%s%s", a->all ? " all" : "", a->waiting ? " waiting" : "",
		a->existing ? " existing" : "", a->any ? " any" : "",
		a->fail_fast ? " fail-fast" : "", a->at_once ? " at-once" : "",
		a->lenient ? " lenient" : "", a->patient ? " patient" : "",
		a->single ? " single" : "", a->stays ? " stays" : "");
}

static void
print_answer(FILE *to, const struct history *h, const struct answer *got, bool waited)
{
	unsigned i;

	fprintf(to, " -> %s", history_result_words[got->result]);
	if (got->status)
		fprintf(to, " status=%u", got->status);
	if (waited && got->which >= 0)
		fprintf(to, " which=%d", got->which);
	if (waited && got->failed_fast >= 0)
		fprintf(to, " failed-fast=%d", got->failed_fast);
	if (got->values == VALUES_UNTOLD)
		fputs(" values=untold", to);
	else
		for (i = 0; i < got->values; i++)
			fprintf(to, " value=v%u", got->value[i]);
	if (got->shot)
		history_print_shot(to, &h->shot[got->shot]);
}

void
history_print_op(FILE *to, const struct history *h, const struct op *o)
{
	fprintf(to, "%u %u pid=%d", (unsigned)o->begin, (unsigned)o->end, (int)o->pid);
	if (o->seen)
		fprintf(to, " seen=%u", (unsigned)o->seen);
	if (o->promise)
		fprintf(to, " promise=%u", (unsigned)o->promise);
	if (o->requeues)
		fprintf(to, " requeues=%u", o->requeues);
	history_print_ask(to, &o->ask);
	print_answer(to, h, &o->got, o->ask.kind == OP_WAIT);
	fprintf(to, "\n# %lld.%06lld to %lld.%06lld\n", (long long)(o->begin_ns / 1000000000),
		(long long)(o->begin_ns / 1000 % 1000000), (long long)(o->end_ns / 1000000000),
		(long long)(o->end_ns / 1000 % 1000000));
}

void
history_print(FILE *to, const struct history *h)
{
	uint32_t last = 0;
	unsigned i, next;

	for (;; last = h->op[next].begin) {
		for (next = OPS, i = 0; i < h->count - h->deaths; i++)
			if (h->op[i].begin > last &&
			    (next == OPS || h->op[i].begin < h->op[next].begin))
				next = i;
		if (next == OPS)
			break;
		history_print_op(to, h, &h->op[next]);
	}
	for (i = h->count - h->deaths; i < h->count; i++)
		history_print_op(to, h, &h->op[i]);
}

/* ---- reading ----------------------------------------------------------------- */

static unsigned
find_word(const char *word, const char *const *words, unsigned count)
{
	unsigned i = 0;

	while (i < count && strcmp(word, words[i]) != 0)
		i++;
	return i;
}

static uint16_t
read_value(const char *text)
{
	return *text == 'v' ? (uint16_t)strtoul(text + 1, NULL, 10) : 0;
}

/* One name of a listing. */
static bool
read_listed(struct shot *shot, const char *text)
{
	unsigned n = (unsigned)(*text - 'a'), done, status;
	char value[16];
	int used = 0;

	if (n >= NAMES || sscanf(text + 1, ":%u:%u:%15[^:]:%n", &done, &status, value, &used) != 3)
		return false;
	shot->name[n].listed = true;
	shot->name[n].state = (struct name_state){ .done = done,
						   .status = (uint8_t)status,
						   .value = read_value(value) };
	text += 1 + used;
	if (*text == 'i') {
		shot->name[n].state.init = true;
		text++;
	}
	while (*text == '+' && shot->name[n].waiters < STANDING) {
		unsigned i = shot->name[n].waiters++, need;
		int pid, length = 0;

		if (sscanf(text, "+%d/%u%n", &pid, &need, &length) != 2)
			return false;
		shot->name[n].line[i].pid = pid;
		shot->name[n].line[i].need = need;
		text += length;
	}
	while (*text == '*' && shot->name[n].producers < STANDING)
		shot->name[n].producer[shot->name[n].producers++] =
			(pid_t)strtol(text + 1, (char **)&text, 10);
	return *text == '\0';
}

static bool
read_names(struct ask *a, const char *text)
{
	for (; *text; text++) {
		unsigned n = (unsigned)(*text - 'a');

		if (n >= NAMES || a->count == NAMES)
			return false;
		a->names[a->count++] = (uint8_t)n;
	}
	return true;
}

static bool
read_asked(struct op *o, const char *word, const char *value)
{
	struct ask *a = &o->ask;
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
		{ "all", &a->all },
		{ "waiting", &a->waiting },
		{ "existing", &a->existing },
		{ "any", &a->any },
		{ "fail-fast", &a->fail_fast },
		{ "at-once", &a->at_once },
		{ "lenient", &a->lenient },
		{ "patient", &a->patient },
		{ "single", &a->single },
		{ "stays", &a->stays },
	};
	size_t i;

	for (i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (!strcmp(word, flags[i].word))
			return *flags[i].flag = true;
	if (!strcmp(word, "pid"))
		o->pid = (pid_t)strtol(value, NULL, 10);
	else if (!strcmp(word, "seen"))
		o->seen = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(word, "promise") && *value)
		o->promise = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(word, "requeues"))
		o->requeues = (uint8_t)strtoul(value, NULL, 10);
	else if (!strcmp(word, "tokens"))
		a->tokens = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(word, "status"))
		a->status = (uint8_t)strtoul(value, NULL, 10);
	else if (!strcmp(word, "value"))
		a->value = read_value(value);
	else
		return read_names(a, word);
	return true;
}

static bool
read_answered(struct history *h, struct op *o, char *word, char *value)
{
	struct answer *got = &o->got;
	unsigned result = find_word(word, history_result_words, RESULTS);

	if (result < RESULTS)
		got->result = (uint8_t)result;
	else if (!strcmp(word, "status"))
		got->status = (uint8_t)strtoul(value, NULL, 10);
	else if (!strcmp(word, "which"))
		got->which = (int8_t)strtol(value, NULL, 10);
	else if (!strcmp(word, "failed-fast"))
		got->failed_fast = (int8_t)strtol(value, NULL, 10);
	else if (!strcmp(word, "values"))
		got->values = VALUES_UNTOLD;
	else if (!strcmp(word, "value") && got->values < NAMES)
		got->value[got->values++] = read_value(value);
	else
		return read_listed(&h->shot[got->shot], word);
	return true;
}

static bool
read_op(struct history *h, char *line)
{
	struct op *o = &h->op[h->count];
	char *rest, *word, *value, none[] = "";
	bool answered = false, fine = h->count < OPS;
	unsigned kind;

	if (!fine)
		return false;
	*o = (struct op){ .got = { .which = -1, .failed_fast = -1 } };
	o->ask.kind = KINDS;
	o->begin = (uint32_t)strtoul(line, &rest, 10);
	o->end = (uint32_t)strtoul(rest, &rest, 10);
	for (word = strtok(rest, " \n"); word && fine; word = strtok(NULL, " \n")) {
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		else
			value = none;
		kind = find_word(word, history_kind_words, KINDS);
		if (!strcmp(word, "->"))
			answered = true;
		else if (answered)
			fine = read_answered(h, o, word, value);
		else if (o->ask.kind == KINDS && kind < KINDS && value == none)
			o->ask.kind = (uint8_t)kind;
		else
			fine = read_asked(o, word, value);
		if (o->ask.kind != KINDS && o->ask.kind >= OP_LIST && !o->got.shot)
			o->got.shot = (uint8_t)++h->shots;
		fine = fine && h->shots < SHOTS;
	}
	h->count++;
	fine = fine && (h->deaths == 0 || o->ask.kind == OP_DEATH);
	h->deaths += o->ask.kind == OP_DEATH;
	return fine && answered && o->ask.kind != KINDS && o->begin && o->begin < o->end &&
	       o->got.result != GOT_NOTHING;
}

unsigned
history_read(FILE *from, struct history *h)
{
	unsigned number = 0;
	char line[1024];

	memset(h, 0, sizeof *h);
	while (fgets(line, sizeof line, from)) {
		number++;
		if (line[0] != '#' && line[0] != '\n' && !read_op(h, line))
			return number;
	}
	return 0;
}
