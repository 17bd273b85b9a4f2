/* SPDX-License-Identifier: ISC
 *
 * options.c - reads options by table
 */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/nearest.h"
#include "cli/value.h"

const struct cli_option options_global[] = {
	VALUE("namespace", space, "NS", value_string,
	      "the namespace; default: COMPL_NAMESPACE, else 'default'", .letter = 'n'),
	VALUE("user", user, "USER", value_string, "the namespace of USER; only for root",
	      .letter = 'u', .group = GROUP_WHERE),
	FLAG("system", system, "the system-wide namespace; with -n another one, of that name",
	     .group = GROUP_WHERE),
	FLAG("quiet", quiet, "print no line on stderr for 120 to 124 and posted statuses",
	     .letter = 'q'),
	FLAG("help", help, "show this help", .letter = 'h'),
	FLAG("version", version, "show the version of compl"),
	{ 0 },
};

typedef bool (*matcher)(const struct cli_option *option, const char *text, size_t length);

static bool
is_named(const struct cli_option *option, const char *text, size_t length)
{
	return strlen(option->name) == length && memcmp(option->name, text, length) == 0;
}

static bool
has_letter(const struct cli_option *option, const char *text, size_t length)
{
	(void)length;
	return option->letter == *text;
}

/* Returns the first option that matches, or NULL.  The command's come before the global ones. */
static const struct cli_option *
find(const struct cli_parser *p, matcher matches, const char *text, size_t length)
{
	const struct cli_option *const tables[] = { p->own, options_global };

	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *o = tables[t]; o != NULL && o->name != NULL; o++)
			if (matches(o, text, length))
				return o;
	return NULL;
}

static _Noreturn void
unknown_or_die(const struct cli_parser *p, const char *name, size_t length)
{
	const struct cli_option *const tables[] = { p->own, options_global };
	char word[64], best[66];
	struct nearest nearest;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	nearest = nearest_to(word);
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *o = tables[t]; o != NULL && o->name != NULL; o++)
			nearest_offer(&nearest, o->name);
	snprintf(best, sizeof(best), "--%s", nearest.best ? nearest.best : "");
	usage_or_die(nearest.best ? best : NULL, "--%s: no such option", word);
}

static void
exclude_or_die(struct cli_parser *p, const struct cli_option *option)
{
	const struct cli_option *other = p->chosen[option->group];

	if (option->group == GROUP_NONE)
		return;
	if (other != NULL && other != option)
		usage_or_die(NULL, "--%s and --%s exclude each other", other->name, option->name);
	p->chosen[option->group] = option;
}

static void
note_given(struct cli_parser *p, const struct cli_option *option)
{
	for (unsigned i = 0; p->own != NULL && p->own[i].name != NULL; i++)
		if (&p->own[i] == option)
			p->given |= UINT32_C(1) << i;
}

/* value is what came with the option in its word.  If it is NULL, an option that takes a value
 * takes the next word. */
static void
apply_or_die(struct cli_parser *p, const struct cli_option *option, const char *value)
{
	void *field = (char *)p->set + option->field;
	const char *error;

	exclude_or_die(p, option);
	note_given(p, option);
	if (option->parse == NULL) {
		*(bool *)field = true;
		return;
	}
	if (value == NULL && (value = *p->next) != NULL)
		p->next++;
	if (value == NULL)
		usage_or_die(NULL, "--%s needs a value: --%s %s", option->name, option->name,
			     option->argument);
	error = option->parse(value, field);
	if (error != NULL)
		usage_or_die(NULL, "--%s: '%s' is not %s", option->name, message_quote(value),
			     error);
}

static void
read_long_or_die(struct cli_parser *p, const char *word)
{
	size_t length = strcspn(word, "=");
	const struct cli_option *option = find(p, is_named, word, length);
	const char *value = word[length] == '=' ? word + length + 1 : NULL;

	if (option == NULL)
		unknown_or_die(p, word, length);
	if (value != NULL && option->parse == NULL)
		usage_or_die(NULL, "--%s takes no value", option->name);
	apply_or_die(p, option, value);
}

static void
read_letters_or_die(struct cli_parser *p, const char *letters)
{
	bool is_flag = true;

	for (; is_flag && *letters != '\0'; letters++) {
		const struct cli_option *option = find(p, has_letter, letters, 1);

		if (option == NULL)
			usage_or_die(NULL, "-%c: no such option", *letters);
		is_flag = option->parse == NULL;
		apply_or_die(p, option, letters[1] != '\0' ? letters + 1 : NULL);
	}
}

static void
end_options(struct cli_parser *p)
{
	p->ended = true;
	if (!p->takes_cmd)
		return;
	p->cmd = p->next;
	while (*p->next != NULL)
		p->next++;
}

const char *
options_read_to_operand_or_die(struct cli_parser *p)
{
	while (*p->next != NULL) {
		const char *word = *p->next++;

		if (p->ended || word[0] != '-' || word[1] == '\0')
			return word;
		if (word[1] != '-')
			read_letters_or_die(p, word + 1);
		else if (word[2] != '\0')
			read_long_or_die(p, word + 2);
		else
			end_options(p);
	}
	return NULL;
}

static const char *
parse_flag(const char *text, void *field)
{
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return "0 or 1";
	*(bool *)field = *text == '1';
	return NULL;
}

void
options_environment_or_die(const struct cli_parser *p)
{
	for (unsigned i = 0; p->own != NULL && p->own[i].name != NULL; i++) {
		const struct cli_option *o = &p->own[i];
		const char *text = o->variable != NULL ? getenv(o->variable) : NULL;
		const char *error;

		if (text == NULL || *text == '\0' || p->given >> i & 1)
			continue;
		error = (o->parse ? o->parse : parse_flag)(text, (char *)p->set + o->field);
		if (error != NULL)
			usage_or_die(NULL, "%s: '%s' is not %s", o->variable, message_quote(text),
				     error);
	}
}
