/* SPDX-License-Identifier: ISC
 *
 * help.c - writes the help, from the tables of the commands and their options
 */
#include "cmd/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/status.h"

#define LINE_WIDTH 79

/* Adds word to the line.  If the line is full, begins a new one at column indent first. */
static void
wrap(size_t *column, size_t indent, const char *word)
{
	if (*column + 1 + strlen(word) > LINE_WIDTH) {
		output_format("\n%*s", (int)indent, "");
		*column = indent;
	} else if (*column != indent) {
		output_text(" ");
		*column += 1;
	}
	output_text(word);
	*column += strlen(word);
}

/* Writes "--count N" and returns its length.  Not "-t DUR", which does not say what the option
 * means. */
static size_t
name_option(char *text, size_t size, const struct cli_option *o)
{
	return (size_t)snprintf(text, size, "--%s%s%s", o->name, o->argument ? " " : "",
				o->argument ? o->argument : "");
}

/* Writes "[--all | --count N]": o and the options of the same group that follow it, in brackets
 * unless o is required.  Returns the last of them. */
static const struct cli_option *
bracket(char *text, size_t size, const struct cli_option *o)
{
	bool required = o->required;
	size_t used = (size_t)snprintf(text, size, "%s", required ? "" : "[");

	used += name_option(text + used, size - used, o);
	while (o->group != GROUP_NONE && o[1].name != NULL && o[1].group == o->group) {
		used += (size_t)snprintf(text + used, size - used, " | ");
		used += name_option(text + used, size - used, ++o);
	}
	snprintf(text + used, size - used, "%s", required ? "" : "]");
	return o;
}

static void
show_usage(const struct command *command)
{
	char word[128];
	size_t indent, column;

	snprintf(word, sizeof(word), "usage: compl %s", command->name);
	output_text(word);
	column = strlen(word);
	indent = column + 1;
	if (*command->operands != '\0')
		wrap(&column, indent, command->operands);
	for (const struct cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
		o = bracket(word, sizeof(word), o);
		wrap(&column, indent, word);
	}
	if (command->cmd_rule != CMD_NONE)
		wrap(&column, indent,
		     command->cmd_rule == CMD_REQUIRED ? "-- CMD..." : "[-- CMD...]");
	output_text("\n\n");
}

/* Writes text, a paragraph.  Its first line goes on at column; the others are indented to it. */
static void
show_wrapped(size_t column, const char *text)
{
	size_t indent = column;

	while (*text != '\0') {
		char word[64];
		size_t length = strcspn(text, " \n");

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		wrap(&column, indent, word);
		text += length + strspn(text + length, " \n");
	}
	output_text("\n");
}

static void
show_options(const char *title, const struct cli_option *o)
{
	output_line(title);
	for (; o != NULL && o->name != NULL; o++) {
		char name[64], letter[8] = "   ", line[96], help[256];
		int column;

		name_option(name, sizeof(name), o);
		if (o->letter != 0)
			snprintf(letter, sizeof(letter), "-%c,", o->letter);
		snprintf(help, sizeof(help), "%s%s%s", o->help, o->variable ? "; default: " : "",
			 o->variable ? o->variable : "");
		column = snprintf(line, sizeof(line), "  %s %-17s  ", letter, name);
		output_text(line);
		show_wrapped((size_t)column, help);
	}
	output_text("\n");
}

/* Writes text with each line indented. */
static void
show_indented(const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		output_text("  ");
		output_bytes(text, length);
		output_text("\n");
		text += length + (text[length] == '\n');
	}
}

static void
show_command(const struct command *command)
{
	show_usage(command);
	show_wrapped(0, command->text);
	output_text("\n");
	if (command->options != NULL)
		show_options("Options:", command->options);
	show_options("Options of every command:", options_global);
	output_line("Example:");
	show_indented(command->example);
}

static void
show_all(const struct command *const *commands)
{
	output_text(
		"usage: compl COMMAND [NAME...] [OPTION...] [-- CMD...]\n\n"
		"The Linux kernel's completions for shell scripts: wait until somebody is done.\n\n"
		"Commands:\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		output_format("  %-7s  %s\n", commands[i]->name, commands[i]->summary);
	output_text("\n");
	show_options("Options:", options_global);
	output_text("Example:\n"
		    "  export COMPL_NAMESPACE=shop\n"
		    "  compl reinit db-ready; start-db &\n"
		    "  compl wait db-ready --timeout 30s -- ./app\n"
		    "  ...\n"
		    "  compl done db-ready --all            # in start-db, when it is ready\n\n"
		    "Post a state with --all, a work item without it.  The exit status is the one\n"
		    "that was posted, or 120 (removed), 121 (producer died), 122 (dead-lock), 123\n"
		    "(another generation), 124 (timed out), 125 (compl failed).  For more, see\n"
		    "'compl help COMMAND'.\n");
}

int
help_show(const struct command *const *commands, const struct command *command)
{
	if (command != NULL)
		show_command(command);
	else
		show_all(commands);
	output_end_or_die(NULL);
	return STATUS_DONE;
}
