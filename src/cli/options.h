/* SPDX-License-Identifier: ISC
 *
 * options.h - tables of options, and what reads the command line by them
 *
 * "--name VALUE", "--name=VALUE", "-l VALUE", "-lVALUE", "-ab" for "-a -b".  Long names are not
 * abbreviated.  Options may stand before, between and after operands.  Of an option that is
 * given twice the later one counts.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/call.h"

/* Options of one group exclude each other. */
enum cli_group {
	GROUP_NONE,
	GROUP_WHERE, /* whose namespace */
	GROUP_OWN,   /* whatever the command says */
	GROUPS,
};

/* Puts text into *field, or returns what it is not: "a number". */
typedef const char *cli_parse_fn(const char *text, void *field);

struct cli_option {
	const char *name;     /* without the dashes; NULL ends a table */
	char letter;	      /* or 0 */
	const char *argument; /* as the help calls it; NULL: a flag, which sets a bool */
	const char *help;
	cli_parse_fn *parse; /* NULL for a flag */
	size_t field;	     /* offset in struct cli_settings */
	enum cli_group group;
	const char *variable; /* the environment variable that stands in for it, or NULL */
};

/* The rows of a table: a flag, and an option that takes a value.  to is the member of struct
 * cli_settings that is set.  Fields that few options have follow by name:
 *
 *	FLAG("quiet", quiet, "say nothing", .letter = 'q'),
 *	VALUE("count", count, "N", value_tokens, "post N tokens", .group = GROUP_OWN),
 */
#define FLAG(option, to, text, ...)                                                       \
	{                                                                                 \
		.name = option, .help = text, .field = offsetof(struct cli_settings, to), \
		__VA_ARGS__                                                               \
	}
#define VALUE(option, to, word, reader, text, ...)                               \
	{                                                                        \
		.name = option, .argument = word, .help = text, .parse = reader, \
		.field = offsetof(struct cli_settings, to), __VA_ARGS__          \
	}

/* --namespace and so on: every command has them. */
extern const struct cli_option options_global[];

struct cli_parser {
	char **next; /* the first word not yet read */
	struct cli_settings *set;
	const struct cli_option *own; /* the command's options; NULL before it is known */
	bool takes_cmd;		      /* "--" begins CMD; else it only ends the options */
	char **cmd;		      /* result: CMD, or NULL */
	bool ended;		      /* no more options */
	uint32_t given;		      /* a bit for each of own */
	const struct cli_option *chosen[GROUPS];
};

/* Reads options into parser->set, up to the next operand.  Returns the operand, or NULL at the
 * end. */
const char *options_read_or_die(struct cli_parser *parser);

/* At the end: reads the variables of those of the command's options that were not given.  An
 * empty one is unset; for a flag 1 is on and 0 is off. */
void options_environment_or_die(const struct cli_parser *parser);

#endif
