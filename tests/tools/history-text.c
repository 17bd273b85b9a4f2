/* SPDX-License-Identifier: ISC
 *
 * history-text.c - prints a history, and reads what it has printed
 */
#include "history-text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const history_kind_words[KINDS] = {
	"done", "wait",	 "test", "init", "reinit", "rm",     "barrier", "promise", "keep",
	"end",	"break", "give", "run",	 "death",  "return", "list",	"rest",
};

const char *const history_result_words[RESULTS] = {
	"nothing",	 "ok",		"not-done",	 "timed-out", "removed",
	"producer-died", "interrupted", "missing",	 "exists",    "busy",
	"barrier",	 "in-use",	"other-parties", "refused",   "other-generation",
	"locked",	 "signalled",	"killed",	 "wrong",
};

/* The words for the flags of struct ask. */
static const struct {
	const char *word;
	size_t offset;
} flags[] = {
	{ "all", offsetof(struct ask, all) },
	{ "waiting", offsetof(struct ask, waiting) },
	{ "existing", offsetof(struct ask, existing) },
	{ "any", offsetof(struct ask, any) },
	{ "fail-fast", offsetof(struct ask, fail_fast) },
	{ "at-once", offsetof(struct ask, at_once) },
	{ "lenient", offsetof(struct ask, lenient) },
	{ "patient", offsetof(struct ask, patient) },
	{ "single", offsetof(struct ask, single) },
	{ "stays", offsetof(struct ask, stays) },
	{ "print", offsetof(struct ask, print) },
	{ "borrow", offsetof(struct ask, borrow) },
	{ "cmd", offsetof(struct ask, cmd) },
	{ "anew", offsetof(struct ask, anew) },
	{ "ready", offsetof(struct ask, ready) },
};

#define FLAGS (sizeof flags / sizeof flags[0])

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
		fprintf(to, ":%s%s", l->init ? "i" : "", l->failed ? "f" : "");
		if (l->generation)
			fprintf(to, "g%llu", (unsigned long long)l->generation);
		for (i = 0; i < shot->name[n].waiters; i++)
			fprintf(to, "%c%d/%u", shot->name[n].barrier ? '|' : '+',
				(int)shot->name[n].line[i].pid,
				(unsigned)shot->name[n].line[i].need);
		for (i = 0; i < shot->name[n].producers; i++)
			fprintf(to, "*%d%s", (int)shot->name[n].producer[i].pid,
				shot->name[n].producer[i].ready ? "r" : "");
		for (i = 0; i < shot->name[n].borrowers; i++)
			fprintf(to, "<%d/%u", (int)shot->name[n].borrower[i].pid,
				(unsigned)shot->name[n].borrower[i].count);
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
		fprintf(to, " %s=%u", a->kind == OP_BARRIER ? "parties" : "tokens",
			(unsigned)a->tokens);
	if (a->at_least)
		fprintf(to, " at-least=%u", a->at_least);
	if (a->generation)
		fprintf(to, " generation=%llu", (unsigned long long)a->generation);
	if (a->status)
		fprintf(to, " status=%u", a->status);
	if (a->value)
		fprintf(to, " value=v%u", a->value);
	for (i = 0; i < FLAGS; i++)
		if (*(const bool *)((const char *)a + flags[i].offset))
			fprintf(to, " %s", flags[i].word);
}

/* The names whose bits are set. */
static void
print_granted(FILE *to, const struct ask *a, uint8_t granted)
{
	unsigned i;

	if (granted)
		fputs(" granted=", to);
	for (i = 0; i < a->count; i++)
		if (granted >> i & 1)
			fputc(name_letter(a->names[i]), to);
}

static void
print_answer(FILE *to, const struct history *h, const struct op *o)
{
	const struct answer *got = &o->got;
	bool waited = o->ask.kind == OP_WAIT;
	unsigned i;

	fprintf(to, " -> %s", history_result_words[got->result]);
	if (got->status)
		fprintf(to, " status=%u", got->status);
	if (waited && got->which >= 0)
		fprintf(to, " which=%d", got->which);
	if (waited && got->failed_fast >= 0)
		fprintf(to, " failed-fast=%d", got->failed_fast);
	print_granted(to, &o->ask, got->granted);
	if (got->lends)
		fputs(" lends", to);
	if (got->place)
		fprintf(to, " place=%u", got->place);
	if (got->generation)
		fprintf(to, " generation=%llu", (unsigned long long)got->generation);
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
	print_answer(to, h, o);
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

static const char *
read_listed_flags(struct name_state *state, const char *text)
{
	if (*text == 'i') {
		state->init = true;
		text++;
	}
	if (*text == 'f') {
		state->failed = state->status;
		text++;
	}
	if (*text == 'g')
		state->generation = strtoull(text + 1, (char **)(uintptr_t)&text, 10);
	return text;
}

static const char *
read_producers(struct shot *shot, unsigned n, const char *text)
{
	while (*text == '*' && shot->name[n].producers < STANDING) {
		unsigned i = shot->name[n].producers++;
		char *end;

		shot->name[n].producer[i].pid = (pid_t)strtol(text + 1, &end, 10);
		shot->name[n].producer[i].ready = *end == 'r';
		text = end + (*end == 'r');
	}
	return text;
}

static bool
read_borrowers(struct shot *shot, unsigned n, const char *text)
{
	while (*text == '<' && shot->name[n].borrowers < STANDING) {
		unsigned i = shot->name[n].borrowers++, count;
		int pid, length = 0;

		if (sscanf(text, "<%d/%u%n", &pid, &count, &length) != 2)
			return false;
		shot->name[n].borrower[i].pid = pid;
		shot->name[n].borrower[i].count = count;
		text += length;
	}
	return *text == '\0';
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
	text = read_listed_flags(&shot->name[n].state, text);
	shot->name[n].barrier = *text == '|';
	while ((*text == '+' || *text == '|') && shot->name[n].waiters < STANDING) {
		unsigned i = shot->name[n].waiters++, need;
		int pid, length = 0;

		if (sscanf(text + 1, "%d/%u%n", &pid, &need, &length) != 2)
			return false;
		shot->name[n].line[i].pid = pid;
		shot->name[n].line[i].need = need;
		text += 1 + length;
	}
	text = read_producers(shot, n, text);
	return read_borrowers(shot, n, text);
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

static uint64_t
read_number(const char *text)
{
	return strtoull(text, NULL, 10);
}

static bool
read_flag(struct ask *a, const char *word)
{
	size_t i;

	for (i = 0; i < FLAGS; i++)
		if (!strcmp(word, flags[i].word))
			return *(bool *)((char *)a + flags[i].offset) = true;
	return false;
}

static bool
read_asked(struct op *o, const char *word, const char *value)
{
	struct ask *a = &o->ask;

	if (read_flag(a, word))
		return true;
	if (!strcmp(word, "pid"))
		o->pid = (pid_t)read_number(value);
	else if (!strcmp(word, "seen"))
		o->seen = (uint32_t)read_number(value);
	else if (!strcmp(word, "promise") && *value)
		o->promise = (uint32_t)read_number(value);
	else if (!strcmp(word, "requeues"))
		o->requeues = (uint8_t)read_number(value);
	else if (!strcmp(word, "tokens") || !strcmp(word, "parties"))
		a->tokens = (uint32_t)read_number(value);
	else if (!strcmp(word, "at-least"))
		a->at_least = (uint8_t)read_number(value);
	else if (!strcmp(word, "status"))
		a->status = (uint8_t)read_number(value);
	else if (!strcmp(word, "value"))
		a->value = read_value(value);
	else if (!strcmp(word, "generation"))
		a->generation = read_number(value);
	else
		return read_names(a, word);
	return true;
}

/* Sets the bits of these names. */
static bool
read_granted(const struct ask *a, const char *text, uint8_t *granted)
{
	unsigned i, found = 0;

	for (i = 0; i < a->count; i++)
		if (strchr(text, name_letter(a->names[i]))) {
			*granted |= (uint8_t)(1u << i);
			found++;
		}
	return found == strlen(text);
}

static bool
read_answered(struct history *h, struct op *o, char *word, char *value)
{
	struct answer *got = &o->got;
	unsigned result = find_word(word, history_result_words, RESULTS);

	if (result < RESULTS)
		got->result = (uint8_t)result;
	else if (!strcmp(word, "status"))
		got->status = (uint8_t)read_number(value);
	else if (!strcmp(word, "which"))
		got->which = (int8_t)read_number(value);
	else if (!strcmp(word, "failed-fast"))
		got->failed_fast = (int8_t)read_number(value);
	else if (!strcmp(word, "place"))
		got->place = (uint8_t)read_number(value);
	else if (!strcmp(word, "generation"))
		got->generation = read_number(value);
	else if (!strcmp(word, "lends"))
		got->lends = true;
	else if (!strcmp(word, "granted"))
		return read_granted(&o->ask, value, &got->granted);
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
	fine = fine && (h->deaths == 0 || history_op_is_of_nobody(o));
	h->deaths += history_op_is_of_nobody(o);
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
